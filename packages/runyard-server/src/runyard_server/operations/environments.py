"""Environments: registered definitions in versions, and the locks that were made of definitions."""

from dataclasses import replace

from runyard.protocol.environments import (
    EnvironmentDefinition,
    EnvironmentPage,
    EnvironmentQuery,
    EnvironmentRecord,
    LockRecord,
    RegisterEnvironment,
)
from runyard.protocol.errors import EnvironmentNotFound
from runyard_server.core import names
from runyard_server.core.clock import iso
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.store import environments as rows
from runyard_server.store.environments import EnvironmentRow, LockRow
from runyard_server.store.records import Connection

NAME_RULE = r"[a-zA-Z0-9][\w\-.]{0,254}"
_MEANING = "1 to 255 letters, digits, '_', '-' or '.', and begin with a letter or a digit"


def register(system: System, workspace: str, body: RegisterEnvironment) -> EnvironmentRecord:
    """Register a definition; one that equals the newest version is that version.

    Raises:
        WrongName: The name breaks its rule.
        WorkspaceNotFound: There is no such workspace.
    """
    names.checked("environment", body.name, NAME_RULE, _MEANING)
    plain = _plain(body.definition)
    now = system.clock.now_us()

    def work(connection: Connection) -> EnvironmentRow:
        workspace_row(connection, workspace)
        newest = rows.latest(connection, workspace, body.name)
        if newest is not None and (newest.definition, newest.document) == (plain, body.document):
            return newest
        version = 1 if newest is None else newest.version + 1
        row = EnvironmentRow(workspace, body.name, version, plain, body.document, now)
        rows.add(connection, row)
        return row

    return _record(system.records.write(work))


def list_(system: System, workspace: str, query: EnvironmentQuery) -> EnvironmentPage:
    """List the newest version of each environment, or versions of the one of that name."""

    def work(connection: Connection) -> list[EnvironmentRow]:
        workspace_row(connection, workspace)
        if query.name is None:
            return rows.newest_of_each(connection, workspace)
        return rows.versions(connection, workspace, query.name)

    found = [_record(row) for row in system.records.read(work)]
    if query.version is not None:
        found = [record for record in found if record.version == query.version]
    return EnvironmentPage(items=found)


def lock(system: System, workspace: str, digest: str) -> LockRecord:
    """Give a lock: what exactly a run was given.

    Raises:
        EnvironmentNotFound: There is no lock of that digest.
    """

    def work(connection: Connection) -> LockRow:
        workspace_row(connection, workspace)
        row = rows.find_lock(connection, digest)
        if row is None:
            raise EnvironmentNotFound(
                f"there is no environment lock {digest[:80]!r}; a run names its lock once it has "
                "been prepared"
            )
        return row

    return _lock_record(system.records.read(work))


def cached_lock(system: System, definition: str) -> LockRecord | None:
    """Give the lock that a definition (by its hash) had last, or None."""
    row = system.records.read(lambda c: rows.cached_lock(c, definition))
    return None if row is None else _lock_record(row)


def keep_lock(system: System, definition: str, lock: LockRecord) -> None:
    """Keep a lock, and that a definition (by its hash) gave it."""
    now, notes = system.clock.now_us(), tuple(lock.notes)
    row = LockRow(lock.digest, lock.python, lock.requirements, now, notes)
    system.records.write(lambda c: rows.keep_lock(c, definition, row))


def _plain(definition: EnvironmentDefinition) -> EnvironmentDefinition:
    """Take off what the registration decides, so that equal definitions compare equal."""
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
