"""Rows of registered environments, of locks, and of which definition gave which lock."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from runyard.protocol.environments import EnvironmentDefinition
from runyard_server.store.expressions import Part
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import (
    environment_locks,
    environments,
    lock_cache,
    lock_notes,
    runs,
)
from runyard_server.store.subjects import ENVIRONMENT, Subject

_DEFINITION = msgspec.json.Decoder(EnvironmentDefinition)
_LOCKED = select(
    environment_locks.c.digest,
    environment_locks.c.python,
    environment_locks.c.requirements,
    environment_locks.c.created_at,
)
_LOCK = Prepared(_LOCKED.where(environment_locks.c.digest == bindparam("of_digest")))
_CACHED = Prepared(
    _LOCKED.add_columns(lock_notes.c.notes)
    .join(lock_cache, lock_cache.c.digest == environment_locks.c.digest)
    .outerjoin(lock_notes, lock_notes.c.definition == lock_cache.c.definition)
    .where(lock_cache.c.definition == bindparam("of_definition"))
)


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    """One version of a registered environment; times in microseconds since 1970, UTC."""

    workspace: str
    name: str
    version: int
    definition: EnvironmentDefinition
    document: str
    created_at: int

    @property
    def subject(self) -> Subject:
        """The version as what events are about."""
        return Subject(ENVIRONMENT, self.workspace, f"{self.name}:{self.version}")


@dataclass(frozen=True, slots=True)
class LockRow:
    """One lock: the interpreter's version and pinned requirement lines."""

    digest: str
    python: str
    requirements: str
    created_at: int
    notes: tuple[str, ...] = ()


def latest(connection: Connection, workspace: str, name: str) -> EnvironmentRow | None:
    """The newest version of an environment, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = select(environments).where(_named(workspace, name))
    row = connection.execute(found.order_by(environments.c.version.desc()).limit(1)).one_or_none()
    return None if row is None else _row(row)


def versions(connection: Connection, workspace: str, name: str) -> list[EnvironmentRow]:
    """All versions of an environment, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = select(environments).where(_named(workspace, name))
    rows = connection.execute(found.order_by(environments.c.version))
    return [_row(row) for row in rows]


def newest_of_each(connection: Connection, workspace: str) -> list[EnvironmentRow]:
    """The newest version of every environment of a workspace, by name."""
    newest = (
        select(environments.c.name, func.max(environments.c.version).label("version"))
        .where(environments.c.workspace == workspace)
        .group_by(environments.c.name)
        .subquery()
    )
    same = and_(
        environments.c.workspace == workspace,
        environments.c.name == newest.c.name,
        environments.c.version == newest.c.version,
    )
    found = select(environments).join(newest, same).order_by(environments.c.name)
    return [_row(row) for row in connection.execute(found)]


def add(connection: Connection, row: EnvironmentRow) -> None:
    """Add a version of an environment."""
    connection.execute(
        insert(environments).values(
            workspace=row.workspace,
            name=row.name,
            version=row.version,
            definition=msgspec.json.encode(row.definition).decode(),
            document=row.document,
            created_at=row.created_at,
        )
    )


def move(connection: Connection, start: str, to: str, name: str, versions: Iterable[int]) -> None:
    """Move versions of an environment to another workspace.

    Args:
        connection: The transaction's connection.
        start: The workspace that they are in.
        to: The other one.
        name: The environment.
        versions: Which of it.
    """
    mine = and_(_named(start, name), environments.c.version.in_(list(versions)))
    connection.execute(update(environments).where(mine).values(workspace=to))


def find_lock(connection: Connection, digest: str) -> LockRow | None:
    """The lock of this digest, or None."""
    row = _LOCK.row(connection, {"of_digest": digest})
    return None if row is None else LockRow(*row)


@dataclass(frozen=True, slots=True)
class UsedLock:
    """A lock without its lines; times in microseconds since 1970, UTC.

    `newest` is the key of the newest run of a workspace that was given it.
    """

    digest: str
    python: str
    created_at: int
    own: bool
    newest: int | None
    used_at: int | None


def used_locks(connection: Connection, workspace: str, own: str) -> list[UsedLock]:
    """All locks, with the newest run of a workspace that was given each.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        own: How the lines of a lock begin whose interpreter is the user's own.
    """
    mine = select(func.max(runs.c.key)).where(
        runs.c.workspace == workspace, runs.c.environment_lock == environment_locks.c.digest
    )
    newest = mine.scalar_subquery().label("newest")
    # Their lines are long, and not wanted here.
    is_own = (Part(environment_locks.c.requirements, 1, len(own)) == own).label("own")
    locks = select(
        environment_locks.c.digest,
        environment_locks.c.python,
        environment_locks.c.created_at,
        is_own,
        newest,
    ).subquery()
    found = select(locks, runs.c.created_at).outerjoin(runs, runs.c.key == locks.c.newest)
    return [UsedLock(*row) for row in connection.execute(found)]


def count_runs(connection: Connection, workspace: str, digest: str, most: int) -> int:
    """Count the runs that were given a lock, as far as `most`.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        digest: The lock's digest.
        most: Where counting ends.
    """
    mine = runs.c.workspace == workspace, runs.c.environment_lock == digest
    some = select(runs.c.key).where(*mine).limit(most).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def active_users(connection: Connection, digest: str, limit: int) -> list[str]:
    """The ids of runs, of any workspace, that have not ended and were given a lock.

    Args:
        connection: The transaction's connection.
        digest: The lock's digest.
        limit: The most that are wanted.
    """
    mine = runs.c.active.is_(True), runs.c.environment_lock == digest
    found = select(runs.c.id).where(*mine).order_by(runs.c.key).limit(limit)
    return [str(run) for (run,) in connection.execute(found)]


def cached_lock(connection: Connection, definition: str) -> LockRow | None:
    """The lock that a definition (by its hash) had last, or None."""
    row = _CACHED.row(connection, {"of_definition": definition})
    if row is None:
        return None
    digest, python, requirements, created_at, notes = row
    return LockRow(digest, python, requirements, created_at, tuple(json.loads(notes or "[]")))


def keep_lock(connection: Connection, definition: str, lock: LockRow) -> None:
    """Keep a lock, and that a definition (by its hash) gave it.

    Args:
        connection: The transaction's connection.
        definition: The hash of the definition.
        lock: The lock's row.
    """
    if find_lock(connection, lock.digest) is None:
        connection.execute(
            insert(environment_locks).values(
                digest=lock.digest,
                python=lock.python,
                requirements=lock.requirements,
                created_at=lock.created_at,
            )
        )
    # Notes are a definition's and not its lock's: several definitions may come to one lock.
    for table in (lock_cache, lock_notes):
        connection.execute(delete(table).where(table.c.definition == definition))
    connection.execute(
        insert(lock_cache).values(
            definition=definition, digest=lock.digest, created_at=lock.created_at
        )
    )
    if lock.notes:
        notes = json.dumps(lock.notes)
        connection.execute(insert(lock_notes).values(definition=definition, notes=notes))


def _named(workspace: str, name: str) -> ColumnElement[bool]:
    return and_(environments.c.workspace == workspace, environments.c.name == name)


def _row(row: Row[Any]) -> EnvironmentRow:
    return EnvironmentRow(
        row.workspace,
        row.name,
        row.version,
        _DEFINITION.decode(row.definition),
        row.document,
        row.created_at,
    )
