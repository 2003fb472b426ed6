"""Stars: what a person wants to have at hand; nobody sees another's."""

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.stars import (
    MOST_STARS,
    STARRED,
    STARRED_RUN,
    StarPage,
    StarQuery,
    StarRecord,
)
from runyard.protocol.suggestions import suggest
from runyard_server.core import permissions
from runyard_server.core.clock import iso
from runyard_server.core.lookups import run_row, workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import stars as rows
from runyard_server.store import views


def list_(system: System, workspace: str, query: StarQuery) -> StarPage:
    """What one has given a star in a workspace, the newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Of which kind.

    Raises:
        InvalidRequest: There is no such kind.
    """
    if query.kind is not None:
        _check_kind(query.kind)
    person = permissions.name(system)

    def read(work: Work) -> StarPage:
        workspace_row(work, workspace)
        found = rows.of_person(work.connection, workspace, person, query.kind)
        return StarPage([StarRecord(kind, name, iso(made_at)) for kind, name, made_at in found])

    return system.read(read)


def add(system: System, workspace: str, kind: str, name: str) -> StarRecord:
    """Put a star on something; what has one keeps it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        kind: `run` or `view`.
        name: Its id.

    Raises:
        InvalidRequest: There is no such kind, or one has too many stars.
        NotFound: There is no such thing.
    """
    _check_kind(kind)
    person = permissions.name(system)

    def write(work: Work) -> StarRecord:
        _check_there(work, workspace, kind, name)
        for _, known, made_at in rows.of_person(work.connection, workspace, person, kind):
            if known == name:
                return StarRecord(kind, name, iso(made_at))
        if rows.count(work.connection, workspace, person) >= MOST_STARS:
            raise InvalidRequest(f"{MOST_STARS} stars in a workspace are enough; take some away")
        rows.add(work.connection, workspace, person, (kind, name), work.now)
        return StarRecord(kind, name, iso(work.now))

    return system.write(write)


def remove(system: System, workspace: str, kind: str, name: str) -> None:
    """Take a star away, if it is there; also of what is gone.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        kind: `run` or `view`.
        name: Its id.

    Raises:
        InvalidRequest: There is no such kind.
    """
    _check_kind(kind)
    person = permissions.name(system)
    system.write(lambda work: rows.remove(work.connection, workspace, person, (kind, name)))


def _check_kind(kind: str) -> None:
    if kind not in STARRED:
        near = suggest(kind, STARRED, "")
        raise InvalidRequest(f"{kind[:80]!r} is no kind of what has stars; {near.sentence}")


def _check_there(work: Work, workspace: str, kind: str, name: str) -> None:
    if kind == STARRED_RUN:
        run_row(work, workspace, name)
    elif views.find(work.connection, workspace, name) is None:
        workspace_row(work, workspace)
        raise NotFound(f"there is no view of the id {name[:80]!r}")
