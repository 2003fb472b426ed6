"""Rows of the trash, and how what is deleted goes there and back: by the workspace of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import (
    Connection,
    Select,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from runyard.protocol.files import LOG_KIND
from runyard.protocol.sweeps import RUN_TYPES
from runyard.protocol.trash import EXPERIMENT, FREEING, KEPT, RUN
from runyard_server.store import experiment_facts, purge
from runyard_server.store.schema import (
    experiments,
    job_nodes,
    metric_segments,
    metric_series,
    metric_summaries,
    run_files,
    runs,
    sweeps,
)
from runyard_server.store.trash_schema import trash

# SQLite bounds how many parameters a statement may have, in older versions by 999.
MANY = 500


@dataclass(frozen=True, slots=True)
class TrashRow:
    """One entry; times are microseconds since 1970 in UTC, `size` in bytes.

    `details` are what only the kind knows, as JSON.
    """

    key: int
    workspace: str
    kind: str
    subject: str
    state: str
    count: int
    size: int
    deleted_by: str
    deleted_at: int
    until: int
    details: str


@dataclass(frozen=True, slots=True)
class RunName:
    """A run as far as the trash needs to know it."""

    key: int
    id: str
    experiment: str
    active: bool
    run_type: str | None


_NAMES = [f.name for f in fields(TrashRow)]
_COLUMNS = [trash.c[name] for name in _NAMES]
_RUN = [runs.c[f.name] for f in fields(RunName)]


def put(connection: Connection, row: TrashRow) -> int:
    """Add an entry, or put it in the place of the one that has its key; give its key.

    Args:
        connection: The transaction's connection.
        row: The entry; its key is 0 where it is new.
    """
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    if row.key:
        change(connection, row.key, **values)
        return row.key
    inserted = connection.execute(insert(trash).values(**values)).inserted_primary_key
    assert inserted is not None
    return int(inserted[0])


def find(connection: Connection, workspace: str, key: int) -> TrashRow | None:
    """An entry, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        key: The entry.
    """
    found = select(*_COLUMNS).where(trash.c.key == key, trash.c.workspace == workspace)
    return next(iter(_rows(connection, found)), None)


def find_named(connection: Connection, workspace: str, kind: str, subject: str) -> TrashRow | None:
    """The entry of something, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        kind: Its kind.
        subject: Its name.
    """
    named = (trash.c.workspace == workspace, trash.c.kind == kind, trash.c.subject == subject)
    return next(iter(_rows(connection, select(*_COLUMNS).where(*named))), None)


def page(connection: Connection, workspace: str, before: int | None, limit: int) -> list[TrashRow]:
    """Up to `limit` entries of a workspace, the last first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        before: Only those whose key is smaller; None: all.
        limit: The most that are wanted.
    """
    found = select(*_COLUMNS).where(trash.c.workspace == workspace)
    if before is not None:
        found = found.where(trash.c.key < before)
    return _rows(connection, found.order_by(trash.c.key.desc()).limit(limit))


def due(connection: Connection, now: int, limit: int) -> list[TrashRow]:
    """Entries whose time is over, of all workspaces.

    Args:
        connection: The transaction's connection.
        now: The time.
        limit: The most that are wanted.
    """
    found = select(*_COLUMNS).where(trash.c.until <= now).order_by(trash.c.until).limit(limit)
    return _rows(connection, found)


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set columns of an entry."""
    connection.execute(update(trash).where(trash.c.key == key).values(**values))


def free(connection: Connection, workspace: str, key: int | None) -> None:
    """Let the time of an entry, or of all of a workspace, be over; what is on its way stays.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        key: The entry; None: all.
    """
    mine = and_(trash.c.workspace == workspace, trash.c.state == KEPT)
    if key is not None:
        mine = and_(mine, trash.c.key == key)
    connection.execute(update(trash).where(mine).values(state=FREEING, until=0))


def remove(connection: Connection, key: int) -> None:
    """Remove an entry."""
    connection.execute(delete(trash).where(trash.c.key == key))


def below(
    connection: Connection, workspace: str, run: str, apart: str | None = None
) -> list[RunName]:
    """A run, if it is there, and all below it, level by level.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace, or of its trash.
        run: The run's id.
        apart: The workspace whose entries are not looked into: what went into its trash by itself
            is no part of what went there later.
    """
    here = runs.c.workspace == workspace
    found = _named(connection, select(*_RUN).where(here, runs.c.id == run))
    level = [run]
    while level:
        parts = [level[begin : begin + MANY] for begin in range(0, len(level), MANY)]
        rows = [
            row
            for part in parts
            for row in _named(connection, select(*_RUN).where(here, runs.c.parent.in_(part)))
        ]
        own = set() if apart is None else with_entries(connection, apart, [one.id for one in rows])
        level = [row.id for row in rows if row.id not in own]
        found += [row for row in rows if row.id not in own]
    return found


def of_entry(
    connection: Connection, entry: TrashRow, place: str, up_to: int, limit: int
) -> list[RunName]:
    """Some of the runs of an entry that are in one of its two workspaces; none at the end.

    Those furthest below come first, or who takes them away would lose the way to them; but the run
    that was named comes with the first.

    Args:
        connection: The transaction's connection.
        entry: The entry.
        place: The workspace, or its trash.
        up_to: Key of the newest run of an experiment's entry.
        limit: The most that are wanted.
    """
    apart = None if place == entry.workspace else entry.workspace
    if entry.kind == RUN:
        found = below(connection, place, entry.subject, apart)
        root = [one for one in found[:1] if one.id == entry.subject]
        left = limit - len(root)
        return [*root, *found[len(root) :][-left:]]
    after = 0
    while entry.kind == EXPERIMENT:
        page = of_experiment(connection, place, entry.subject, after, limit)
        page = [one for one in page if one.key <= up_to]
        own = set() if apart is None else with_entries(connection, apart, [one.id for one in page])
        mine = [one for one in page if one.id not in own]
        if mine or not page:
            return mine
        after = page[-1].key
    return []


def of_experiment(
    connection: Connection, workspace: str, experiment: str, after: int, limit: int
) -> list[RunName]:
    """Runs of an experiment, by key.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace, or of its trash.
        experiment: Its name.
        after: Only those whose key is larger.
        limit: The most that are wanted.
    """
    mine = (runs.c.workspace == workspace, runs.c.experiment == experiment, runs.c.key > after)
    return _named(connection, select(*_RUN).where(*mine).order_by(runs.c.key).limit(limit))


def count_of_experiment(connection: Connection, workspace: str, experiment: str) -> tuple[int, int]:
    """How many runs an experiment has, and the key of the newest; 0 without any.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiment: Its name.
    """
    mine = (runs.c.workspace == workspace, runs.c.experiment == experiment)
    counted = select(func.count(), func.coalesce(func.max(runs.c.key), 0)).where(*mine)
    count, newest = connection.execute(counted).one()
    return int(count), int(newest)


def open_of_experiment(
    connection: Connection, workspace: str, experiment: str, limit: int
) -> list[RunName]:
    """Runs of an experiment that have not ended, or whose agents have not had their last word.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiment: Its name.
        limit: The most that are wanted.
    """
    mine = (runs.c.workspace == workspace, runs.c.experiment == experiment)
    # Few of all runs go on, and few nodes have jobs.
    active = select(*_RUN).where(*mine, runs.c.active.is_(True)).limit(limit)
    waiting = select(job_nodes.c.run_key).where(job_nodes.c.finished_at.is_(None))
    delivering = select(*_RUN).where(*mine, runs.c.key.in_(waiting)).limit(limit)
    return _named(connection, active) or _named(connection, delivering)


def with_entries(connection: Connection, workspace: str, ids: Sequence[str]) -> set[str]:
    """Those of these runs that have an entry of their own.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        ids: The runs.
    """
    found: set[str] = set()
    for begin in range(0, len(ids), MANY):
        some = list(ids[begin : begin + MANY])
        mine = (trash.c.workspace == workspace, trash.c.kind == RUN, trash.c.subject.in_(some))
        found |= set(connection.execute(select(trash.c.subject).where(*mine)).scalars())
    return found


def undelivered(connection: Connection, keys: Sequence[int]) -> int | None:
    """The key of a run whose agents have not had their last word; None without any.

    Args:
        connection: The transaction's connection.
        keys: Keys of runs.
    """
    for begin in range(0, len(keys), MANY):
        some = job_nodes.c.run_key.in_(list(keys[begin : begin + MANY]))
        found = select(job_nodes.c.run_key).where(some, job_nodes.c.finished_at.is_(None))
        key = connection.execute(found.limit(1)).scalar_one_or_none()
        if key is not None:
            return int(key)
    return None


def move_runs(connection: Connection, names: Sequence[RunName], start: str, to: str) -> None:
    """Move runs, and the sweeps that they are, to another workspace.

    Args:
        connection: The transaction's connection.
        names: The runs.
        start: The workspace that they are in.
        to: The other one.
    """
    for begin in range(0, len(names), MANY):
        some = names[begin : begin + MANY]
        chosen = runs.c.key.in_([one.key for one in some])
        connection.execute(update(runs).where(chosen).values(workspace=to))
        swept = [one.id for one in some if one.run_type in RUN_TYPES]
        if swept:
            mine = and_(sweeps.c.workspace == start, sweeps.c.id.in_(swept))
            connection.execute(update(sweeps).where(mine).values(workspace=to))


def move_experiment(connection: Connection, name: str, start: str, to: str) -> None:
    """Move the row of an experiment; where there is one of its name already, that one stays.

    Args:
        connection: The transaction's connection.
        name: Its name.
        start: The workspace that it is in.
        to: The other one.
    """
    here = and_(experiments.c.workspace == start, experiments.c.name == name)
    there = and_(experiments.c.workspace == to, experiments.c.name == name)
    count = select(experiments.c.run_count)
    before = connection.execute(count.where(here)).scalar_one_or_none()
    if before is None:
        return
    if connection.execute(count.where(there)).scalar_one_or_none() is None:
        key = connection.execute(select(experiments.c.id).where(here)).scalar_one()
        experiment_facts.move(connection, key, to)
        connection.execute(update(experiments).where(here).values(workspace=to))
        return
    # Numbers go on behind the larger one, so that none comes twice from now on.
    larger = experiments.c.run_count < before
    connection.execute(update(experiments).where(there, larger).values(run_count=before))
    purge.remove_experiment(connection, start, name)


def size_of_runs(connection: Connection, keys: Sequence[int]) -> int:
    """Bytes of the files and metrics of runs; logs are no rows but of some runs that have ended.

    Args:
        connection: The transaction's connection.
        keys: Their keys.
    """
    total = 0
    for begin in range(0, len(keys), MANY):
        some = list(keys[begin : begin + MANY])
        mine = (run_files.c.run_key.in_(some), run_files.c.kind != LOG_KIND)
        files = select(func.sum(run_files.c.size)).where(*mine)
        series = select(metric_series.c.id).where(metric_series.c.run_key.in_(some))
        points = [
            select(func.sum(func.length(table.c.payload))).where(table.c.series_id.in_(series))
            for table in (metric_segments, metric_summaries)
        ]
        total += sum(int(connection.execute(each).scalar() or 0) for each in (files, *points))
    return total


def _named(connection: Connection, found: Select[Any]) -> list[RunName]:
    return [RunName(*row) for row in connection.execute(found)]


def _rows(connection: Connection, found: Select[Any]) -> list[TrashRow]:
    return [TrashRow(*row) for row in connection.execute(found)]
