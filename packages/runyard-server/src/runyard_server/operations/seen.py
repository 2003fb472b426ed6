"""What a person has seen: kept for each, so that every browser of theirs knows it."""

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.seen import Seen
from runyard_server.core import permissions
from runyard_server.core.clock import iso_or_none, microseconds
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import seen as rows


def get(system: System, workspace: str) -> Seen:
    """Up to when one has looked at what failed.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
    """
    person = permissions.name(system)

    def read(work: Work) -> Seen:
        workspace_row(work, workspace)
        return Seen(iso_or_none(rows.failures(work.connection, workspace, person)))

    return system.read(read)


def put(system: System, workspace: str, body: Seen) -> Seen:
    """Note up to when one has looked at what failed.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The time.

    Raises:
        InvalidRequest: It is no time.
    """
    person = permissions.name(system)
    try:
        until = microseconds(body.failures or "")
    except ValueError:
        raise InvalidRequest(
            f"failures is {str(body.failures)[:80]!r}; it must be a time as 2026-01-31T12:00:00Z"
        ) from None

    def write(work: Work) -> Seen:
        workspace_row(work, workspace)
        known = rows.failures(work.connection, workspace, person)
        # A page that was left open for a day must not bring back what was seen since.
        if known is None or known < until:
            rows.put(work.connection, workspace, person, until)
        return Seen(iso_or_none(until if known is None else max(known, until)))

    return system.write(write)
