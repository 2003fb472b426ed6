"""Environments: registered definitions in versions, and the locks that were made of definitions."""

from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol.environments import (
    EnvironmentDefinition,
    EnvironmentPage,
    EnvironmentQuery,
    EnvironmentRecord,
    LockRecord,
    RegisterEnvironment,
)
from runyard.protocol.errors import EnvironmentNotFound
from runyard_server.core import events, names
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import environments as rows
from runyard_server.store.environments import EnvironmentRow, LockRow

NAME_RULE = r"[a-zA-Z0-9][\w\-.]{0,254}"
_MEANING = "1 to 255 letters, digits, '_', '-' or '.', and begin with a letter or a digit"


def register(system: System, workspace: str, body: RegisterEnvironment) -> EnvironmentRecord:
    """Register a definition; one that equals the newest version is that version.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WrongName: The name breaks its rule.
        WorkspaceNotFound: There is no such workspace.
    """
    names.checked("environment", body.name, NAME_RULE, _MEANING)
    plain = _plain(body.definition)

    def write(work: Work) -> EnvironmentRecord:
        workspace_row(work, workspace)
        row = rows.latest(work.connection, workspace, body.name)
        # Scripts register at each start, and v1 makes no further version of what is the same.
        if row is None or (row.definition, row.document) != (plain, body.document):
            version = 1 if row is None else row.version + 1
            row = EnvironmentRow(workspace, body.name, version, plain, body.document, work.now)
            rows.add(work.connection, row)
            events.append(work, row.subject, [EventDraft(kinds.REGISTERED)])
        return work.answered(_record(row))

    return system.write(write)


def list_(system: System, workspace: str, query: EnvironmentQuery) -> EnvironmentPage:
    """List the newest version of each environment, or versions of the one of that name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.
    """

    def read(work: Work) -> list[EnvironmentRow]:
        workspace_row(work, workspace)
        if query.name is None:
            return rows.newest_of_each(work.connection, workspace)
        return rows.versions(work.connection, workspace, query.name)

    found = [_record(row) for row in system.read(read)]
    if query.version is not None:
        found = [record for record in found if record.version == query.version]
    return EnvironmentPage(items=found)


def lock(system: System, workspace: str, digest: str) -> LockRecord:
    """A lock: what exactly a run was given.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        digest: The lock's digest, as runs name it.

    Raises:
        EnvironmentNotFound: There is no lock of that digest.
    """

    def read(work: Work) -> LockRow:
        workspace_row(work, workspace)
        row = rows.find_lock(work.connection, digest)
        if row is None:
            raise EnvironmentNotFound(
                f"there is no environment lock {digest[:80]!r}; a run names its lock once it has "
                "been prepared"
            )
        return row

    return _lock_record(system.read(read))


def cached_lock(system: System, definition: str) -> LockRecord | None:
    """The lock that a definition (by its hash) had last, or None."""
    row = system.read(lambda work: rows.cached_lock(work.connection, definition))
    return None if row is None else _lock_record(row)


def keep_lock(system: System, definition: str, lock: LockRecord) -> None:
    """Keep a lock, and that a definition (by its hash) gave it.

    Args:
        system: The service's parts.
        definition: The hash of the definition.
        lock: The lock.
    """
    now, notes = system.clock.now_us(), tuple(lock.notes)
    row = LockRow(lock.digest, lock.python, lock.requirements, now, notes)
    system.write(lambda work: rows.keep_lock(work.connection, definition, row))


def _plain(definition: EnvironmentDefinition) -> EnvironmentDefinition:
    """Take off what the registration decides, so that equal definitions compare equal."""
    # They are columns of the row; within it, no two versions would be the same.
    return replace(definition, name="", version="")


def _record(row: EnvironmentRow) -> EnvironmentRecord:
    version = str(row.version)
    return EnvironmentRecord(
        name=row.name,
        version=version,
        definition=replace(row.definition, name=row.name, version=version),
        document=row.document,
        created_at=iso(row.created_at),
    )


def _lock_record(row: LockRow) -> LockRecord:
    return LockRecord(
        digest=row.digest,
        python=row.python,
        requirements=row.requirements,
        created_at=iso(row.created_at),
        notes=list(row.notes),
    )
