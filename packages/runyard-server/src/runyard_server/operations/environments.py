"""Environments: registered definitions in versions, and the locks that were made of definitions."""

from dataclasses import replace
from pathlib import Path

from runyard.protocol import events as kinds
from runyard.protocol.environments import (
    EnvironmentDefinition,
    EnvironmentPage,
    EnvironmentQuery,
    EnvironmentRecord,
    LockPage,
    LockQuery,
    LockRecord,
    LockUse,
    MadeImage,
    PrunedImages,
    PruneImages,
    RegisterEnvironment,
)
from runyard.protocol.errors import EnvironmentNotFound, InvalidRequest, WrongState
from runyard.protocol.runs import RunSpec
from runyard_server.compute import builds, containers, images
from runyard_server.compute.images import BuiltImage
from runyard_server.core import events, names, specs
from runyard_server.core.clock import iso, iso_or_none
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import Content, System
from runyard_server.core.work import Work
from runyard_server.environments import cache, compatibility
from runyard_server.environments.environments import USER_MANAGED
from runyard_server.store import environments as rows
from runyard_server.store import trashed
from runyard_server.store.environments import EnvironmentRow, LockRow, UsedLock

NAME_RULE = r"[a-zA-Z0-9][\w\-.]{0,254}"
_NAMED = 3
_MOST_RUNS = 1001
# A request counts so long; folders that are still unknown then are told without a size.
_COUNTING_SECONDS = 0.5
_SIZES = cache.Sizes()
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
            # Also above what is in the trash, which may come back.
            deleted = rows.latest(work.connection, trashed.of(workspace), body.name)
            known = [each.version for each in (row, deleted) if each is not None]
            version = 1 + max(known, default=0)
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


def locks(system: System, workspace: str, query: LockQuery) -> LockPage:
    """List the locks that are made or were used here, the last used first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    made = cache.made(system.home.environments)

    def read(work: Work) -> list[tuple[UsedLock, int, RunSpec | None]]:
        workspace_row(work, workspace)
        found = rows.used_locks(work.connection, workspace, USER_MANAGED)
        chosen = [
            one
            for one in found
            if (one.newest or one.digest in made) and query.digest in (None, one.digest)
        ]
        given = specs.of_runs(work, [one.newest for one in chosen if one.newest])
        return [
            (
                one,
                rows.count_runs(work.connection, workspace, one.digest, _MOST_RUNS),
                None if one.newest is None else given.get(one.newest),
            )
            for one in sorted(chosen, key=lambda one: -(one.newest or 0))
        ]

    found = system.read(read)
    here = (made[one.digest] for one, _, _ in found if one.digest in made)
    sizes = _SIZES.known(system.home.environments, here, _COUNTING_SECONDS)
    items = []
    for one, count, spec in found:
        asked = spec.environment if spec else EnvironmentDefinition()
        there = made.get(one.digest)
        items.append(
            LockUse(
                digest=one.digest,
                python=one.python,
                locked_at=iso(one.created_at),
                name=asked.name,
                wanted=[*asked.conda, *asked.pip],
                own=one.own,
                made_at=iso(there.made_at) if there else None,
                size=sizes.get(one.digest),
                log=cache.build_log(system.home.environments, one.digest) is not None,
                runs=count,
                used_at=iso_or_none(one.used_at),
            )
        )
    return LockPage(items)


def build_log(system: System, workspace: str, digest: str) -> Content:
    """The log of how an environment was made.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        digest: The lock's digest.

    Raises:
        EnvironmentNotFound: There is no such lock, or no log of it.
    """
    found = cache.build_log(system.home.environments, lock(system, workspace, digest).digest)
    if found is None:
        raise EnvironmentNotFound(f"environment {digest[:80]} was not made here: it has no log")
    return Content(found, found.stat().st_size, "text/plain; charset=utf-8", live=True)


def evict(system: System, workspace: str, digest: str) -> None:
    """Delete an environment from the cache; a run that needs it makes it again.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        digest: The lock's digest.

    Raises:
        EnvironmentNotFound: There is no such lock, or it is not in the cache.
        WrongState: Runs that have not ended use it; the message names them.
    """
    known = lock(system, workspace, digest).digest

    def write(work: Work) -> Path | None:
        users = rows.active_users(work.connection, known, _NAMED + 1)
        if users:
            more = " and others" if len(users) > _NAMED else ""
            raise WrongState(
                f"environment {known} is in use by {', '.join(users[:_NAMED])}{more}; wait for "
                "their end, or cancel them",
                {"runs": users},
            )
        # In the write: no run is given it between the look and the rename. One that was about to
        # be finds it gone when it is placed, and has it made again.
        return cache.put_aside(system.home.environments, known)

    aside = system.write(write)
    if aside is None:
        raise EnvironmentNotFound(f"environment {known} is not in the cache")
    cache.discard(aside)


def prune_images(system: System, workspace: str, body: PruneImages) -> PrunedImages:
    """Remove the images that were made here for containers and that no run uses.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WorkspaceNotFound: There is no such workspace.
        InvalidRequest: The service has no container engine.
    """
    engine = system.settings.containers.engine
    system.read(lambda work: workspace_row(work, workspace))
    if not engine:
        raise InvalidRequest(
            "this service has no container engine, and so no images: [containers] of its "
            "config.toml names one"
        )
    found = images.built(engine, str(system.home.root))

    def is_unused(one: BuiltImage) -> bool:
        # What a run is about to start has its lock; what a container uses the engine keeps.
        return not one.lock or system.read(
            lambda work: not rows.active_users(work.connection, one.lock, 1)
        )

    gone = [one for one in found if is_unused(one)]
    if not body.dry_run:
        # First what is left of builds that were broken off: it keeps the images that it is made of.
        containers.remove(engine, builds.abandoned(engine, str(system.home.root)))
        gone = images.remove(engine, gone, is_unused)
    items = [MadeImage(one.id, one.lock, one.base, one.size, one.created_at) for one in gone]
    return PrunedImages(items)


def lock_of(system: System, definition: EnvironmentDefinition, *, gpu: bool) -> LockRecord | None:
    """The lock that a definition had last, or None while it has none.

    Args:
        system: The service's parts.
        definition: The definition.
        gpu: Whether it is for nodes with a GPU.

    Raises:
        EnvironmentFailed: The definition cannot be understood.
    """
    made = compatibility.inputs_of(definition, system.settings, gpu=gpu)
    return cached_lock(system, made.hash)


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
