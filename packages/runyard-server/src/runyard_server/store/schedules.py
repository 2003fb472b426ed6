"""Rows of schedules, of the runs that they have submitted, and of the files that they have seen.

`due_at` is what a turn compares and sets: whoever finds another value than the one it has acted on
has come second, and its transaction is given up.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from runyard.protocol.schedules import ALLOW, CronSpec, DataTrigger, RecurrenceSpec
from runyard_server.store import runs as run_rows
from runyard_server.store.pipeline_schema import pipeline_runs
from runyard_server.store.runs import RunRow
from runyard_server.store.schedule_schema import schedule_files, schedule_runs, schedules
from runyard_server.store.schema import runs
from runyard_server.store.subjects import SCHEDULE, Subject

_MANY = 500


class ScheduleSpec(msgspec.Struct, frozen=True):
    """What no list asks for: the trigger, and what each run is submitted with."""

    recurrence: RecurrenceSpec | None = None
    cron: CronSpec | None = None
    data: DataTrigger | None = None
    values: dict[str, Any] = {}
    overlap: str = ALLOW
    continue_on_failure: bool | None = None


@dataclass(frozen=True, slots=True)
class ScheduleRow:
    """One row of `schedules`.

    Args:
        key: Grows with each that is added.
        workspace: Id of the workspace.
        id: Its id.
        name: For people.
        description: For people.
        active: Whether it is switched on.
        pipeline: Id of the published pipeline, or "".
        endpoint: Id of the pipeline endpoint, or "".
        experiment: The experiment of its runs.
        anchor: From when intervals are counted, in microseconds since 1970.
        due_at: When it is due next; None: never again, or switched off.
        last_key: Key of the newest run.
        last_at: When that was submitted.
        reason: Why the last time has brought no run.
        runs_for: The person for whom it submits.
        created_at: When it was made.
        spec: The rest.
    """

    key: int
    workspace: str
    id: str
    name: str
    description: str
    active: bool
    pipeline: str
    endpoint: str
    experiment: str
    anchor: int
    due_at: int | None
    last_key: int | None
    last_at: int | None
    reason: str
    runs_for: str
    created_at: int
    spec: ScheduleSpec = field(default_factory=ScheduleSpec)

    @property
    def subject(self) -> Subject:
        """What the loop knows it as."""
        return Subject(SCHEDULE, self.workspace, self.id)


_NAMES = tuple(f.name for f in fields(ScheduleRow))
_COLUMNS = [schedules.c[name] for name in _NAMES]
_SPEC = msgspec.json.Decoder(ScheduleSpec)


def add(connection: Connection, row: ScheduleRow) -> None:
    """Add a schedule; its `key` is not looked at."""
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    connection.execute(insert(schedules).values(**_texts(values)))


def find(connection: Connection, workspace: str, schedule: str) -> ScheduleRow | None:
    """The schedule of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        schedule: Its id.
    """
    mine = (schedules.c.workspace == workspace, schedules.c.id == schedule)
    row = connection.execute(select(*_COLUMNS).where(*mine)).first()
    return None if row is None else _row(row)


def page(
    connection: Connection,
    workspace: str,
    after: int | None,
    limit: int,
    *,
    active: bool = False,
    pipeline: str = "",
    endpoint: str = "",
) -> list[ScheduleRow]:
    """Up to `limit` schedules, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        after: Only those whose key is larger; None: all.
        limit: The most that are wanted.
        active: Whether only those that are switched on are.
        pipeline: Only those of this published pipeline; "": all.
        endpoint: Only those of this pipeline endpoint; "": all.
    """
    found = select(*_COLUMNS).where(schedules.c.workspace == workspace)
    for column, wanted in ((schedules.c.pipeline, pipeline), (schedules.c.endpoint, endpoint)):
        if wanted:
            found = found.where(column == wanted)
    if active:
        found = found.where(schedules.c.active.is_(True))
    if after is not None:
        found = found.where(schedules.c.key > after)
    return [_row(row) for row in connection.execute(found.order_by(schedules.c.key).limit(limit))]


def due(connection: Connection) -> list[Subject]:
    """The schedules that will be due some time."""
    found = select(schedules.c.workspace, schedules.c.id).where(
        schedules.c.active.is_(True), schedules.c.due_at.is_not(None)
    )
    return [Subject(SCHEDULE, workspace, id_) for workspace, id_ in connection.execute(found)]


def some_active(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The names of some schedules of a workspace that are switched on.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    mine = (schedules.c.workspace == workspace, schedules.c.active.is_(True))
    return list(connection.execute(select(schedules.c.name).where(*mine).limit(limit)).scalars())


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a schedule."""
    mine = update(schedules).where(schedules.c.key == key)
    connection.execute(mine.values(**_texts(values)))


def settle(connection: Connection, row: ScheduleRow, **values: Any) -> bool:
    """Set the named columns if the schedule is still due when it was; whether it is.

    Args:
        connection: The transaction's connection.
        row: The schedule as a turn has found it.
        values: What to set; `due_at` among it.
    """
    same = schedules.c.due_at == row.due_at
    mine = (schedules.c.key == row.key, schedules.c.active.is_(True), same)
    changed = update(schedules).where(*mine).values(**_texts(values))
    return connection.execute(changed).rowcount == 1


def remove(connection: Connection, row: ScheduleRow) -> None:
    """Remove a schedule; what tells which runs it has submitted goes with the runs."""
    seen = (schedule_files.c.workspace == row.workspace, schedule_files.c.schedule == row.id)
    connection.execute(delete(schedule_files).where(*seen))
    connection.execute(delete(schedules).where(schedules.c.key == row.key))


def add_run(connection: Connection, schedule: str, run: int) -> None:
    """Note that a schedule has submitted a run.

    Args:
        connection: The transaction's connection.
        schedule: The schedule's id.
        run: The run's key.
    """
    connection.execute(insert(schedule_runs).values(run_key=run, schedule=schedule))


def run_keys(connection: Connection, row: ScheduleRow, before: int | None, limit: int) -> list[int]:
    """Keys of up to `limit` runs of a schedule, newest first; none that is in the trash.

    Args:
        connection: The transaction's connection.
        row: The schedule.
        before: Only those whose key is smaller; None: all.
        limit: The most that are wanted.
    """
    joined = schedule_runs.join(runs, runs.c.key == schedule_runs.c.run_key)
    found = select(schedule_runs.c.run_key).select_from(joined)
    found = found.where(schedule_runs.c.schedule == row.id, runs.c.workspace == row.workspace)
    if before is not None:
        found = found.where(schedule_runs.c.run_key < before)
    keys = connection.execute(found.order_by(schedule_runs.c.run_key.desc()).limit(limit))
    return [int(key) for key in keys.scalars()]


def newest_runs(connection: Connection, found: Iterable[ScheduleRow]) -> Mapping[str, RunRow]:
    """The newest runs of schedules by the schedules' ids; without those that are gone.

    Args:
        connection: The transaction's connection.
        found: The schedules.
    """
    newest = {row.last_key: row for row in found if row.last_key is not None}
    # The key of a run that was freed may be another run's by now, which no schedule has submitted.
    mine = select(schedule_runs.c.run_key, schedule_runs.c.schedule).where(
        schedule_runs.c.run_key.in_(newest)
    )
    owners = {int(key): owner for key, owner in connection.execute(mine)}
    return {
        newest[run.key].id: run
        for run in run_rows.find_many(connection, newest)
        if (run.workspace, owners.get(run.key)) == (newest[run.key].workspace, newest[run.key].id)
    }


def going_on(connection: Connection, row: ScheduleRow) -> str | None:
    """The id of a run of a schedule that has not ended, None where there is none.

    Args:
        connection: The transaction's connection.
        row: The schedule.
    """
    # From the few pipelines that go on: a schedule may have thousands of runs behind it.
    joined = pipeline_runs.join(
        schedule_runs, schedule_runs.c.run_key == pipeline_runs.c.run_key
    ).join(runs, runs.c.key == pipeline_runs.c.run_key)
    mine = (pipeline_runs.c.active.is_(True), schedule_runs.c.schedule == row.id)
    found = select(runs.c.id).select_from(joined).where(*mine, runs.c.workspace == row.workspace)
    return connection.execute(found.limit(1)).scalar_one_or_none()


def seen(connection: Connection, row: ScheduleRow) -> dict[str, str]:
    """The files that a schedule has seen, by name, with their versions.

    Args:
        connection: The transaction's connection.
        row: The schedule.
    """
    found = select(schedule_files.c.name, schedule_files.c.version).where(
        schedule_files.c.workspace == row.workspace, schedule_files.c.schedule == row.id
    )
    return {str(name): version for name, version in connection.execute(found)}


def see(
    connection: Connection, row: ScheduleRow, changed: Mapping[str, str], gone: Iterable[str]
) -> None:
    """Note files as a schedule has seen them.

    Args:
        connection: The transaction's connection.
        row: The schedule.
        changed: Versions of files that are new or different, by name.
        gone: Names of files that are there no more.
    """
    mine = (schedule_files.c.workspace == row.workspace, schedule_files.c.schedule == row.id)
    names = [*changed, *gone]
    for first in range(0, len(names), _MANY):
        some = schedule_files.c.name.in_(names[first : first + _MANY])
        connection.execute(delete(schedule_files).where(*mine, some))
    told = [
        {"workspace": row.workspace, "schedule": row.id, "name": name, "version": version}
        for name, version in changed.items()
    ]
    if told:
        connection.execute(insert(schedule_files), told)


def _row(row: Any) -> ScheduleRow:
    values = dict(zip(_NAMES, row, strict=True))
    return ScheduleRow(**{**values, "spec": _SPEC.decode(values["spec"])})


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """Values as columns hold them: what is no plain value as JSON."""
    return {
        name: msgspec.json.encode(value).decode() if isinstance(value, ScheduleSpec) else value
        for name, value in values.items()
    }
