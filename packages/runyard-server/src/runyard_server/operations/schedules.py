"""Schedules: made, changed, switched on and off, deleted, and told with what became of them.

A request writes when a schedule is due; `schedule_turns` submits. A schedule acts for a person, who
has made it or changed it last: it may do what that person may, when it is due.
"""

import uuid
from dataclasses import replace
from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.pipelines import PATH, PipelineParameterSpec
from runyard.protocol.published_pipelines import ACTIVE, DISABLED
from runyard.protocol.runs import RunPage
from runyard.protocol.schedules import (
    OVERLAPS,
    ChangeSchedule,
    CreateSchedule,
    SchedulePage,
    ScheduleQuery,
    ScheduleRecord,
    ScheduleRunQuery,
)
from runyard_server.core.clock import iso, iso_or_none
from runyard_server.core.lookups import workspace_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import (
    pipeline_endpoints,
    pipeline_specs,
    published_pipelines,
    run_records,
    schedule_files,
    schedule_times,
)
from runyard_server.operations.experiments import checked as experiment_name
from runyard_server.store import pages
from runyard_server.store import runs as run_rows
from runyard_server.store import schedules as rows
from runyard_server.store.runs import RunRow
from runyard_server.store.schedules import ScheduleRow, ScheduleSpec

_SHOWN = 80


def create(system: System, workspace: str, body: CreateSchedule) -> ScheduleRecord:
    """Make a schedule, which is switched on.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: It could never be due, or its runs could never be submitted.
        NotFound: There is no such published pipeline, endpoint or datastore.
    """
    published_pipelines.check_name(body.name)
    experiment_name(body.experiment)
    if bool(body.pipeline) == bool(body.endpoint):
        raise InvalidRequest("give either pipeline, the id of a published one, or endpoint")
    spec = ScheduleSpec(
        recurrence=body.recurrence,
        cron=body.cron,
        data=body.data,
        values=body.values,
        overlap=body.overlap,
        continue_on_failure=body.continue_on_failure,
    )
    schedule_times.check(spec)
    _check_overlap(spec.overlap)
    seen = _seen(system, workspace, spec)

    def write(work: Work) -> ScheduleRecord:
        workspace_row(work, workspace)
        begun = schedule_times.anchor(spec, work.now)
        row = ScheduleRow(
            key=0,
            workspace=workspace,
            id=str(uuid.uuid4()),
            name=body.name,
            description=body.description,
            active=True,
            pipeline=body.pipeline,
            endpoint=body.endpoint,
            experiment=body.experiment,
            anchor=begun,
            due_at=schedule_times.first_due(spec, begun, work.now),
            last_key=None,
            last_at=None,
            reason="",
            runs_for=work.person,
            created_at=work.now,
            spec=spec,
        )
        _check_values(work, row)
        rows.add(work.connection, row)
        rows.see(work.connection, row, seen, ())
        work.announce(work_topic(row.subject))
        return work.answered(_record(row, None))

    return system.write(write)


def list_(system: System, workspace: str, query: ScheduleQuery) -> SchedulePage:
    """List schedules, oldest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which ones, and which page of them.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    limit = pages.limit(query.page_size)
    after = pages.after(query.page_token, int)

    def read(work: Work) -> SchedulePage:
        workspace_row(work, workspace)
        found = rows.page(
            work.connection,
            workspace,
            after,
            limit + 1,
            active=query.active,
            pipeline=query.pipeline,
            endpoint=query.endpoint,
        )
        page, token = pages.cut(found, limit, lambda row: row.key)
        newest = rows.newest_runs(work.connection, page)
        return SchedulePage([_record(row, newest.get(row.id)) for row in page], token)

    return system.read(read)


def get(system: System, workspace: str, schedule: str) -> ScheduleRecord:
    """A schedule.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        schedule: Its id.

    Raises:
        NotFound: There is none.
    """
    return system.read(lambda work: _told(work, _row(work, workspace, schedule)))


def change(system: System, workspace: str, schedule: str, body: ChangeSchedule) -> ScheduleRecord:
    """Change a schedule, or switch it on or off; runs that go on are not touched.

    Intervals of a new trigger are counted from the change. One that is switched on again is due at
    its next time; a folder is compared with how it was when it was looked at last.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        schedule: Its id.
        body: What is to be different.

    Raises:
        NotFound: There is none.
        InvalidRequest: It could never be due, or its runs could never be submitted.
    """
    if body.name is not None:
        published_pipelines.check_name(body.name)
    if body.status not in (None, ACTIVE, DISABLED):
        raise InvalidRequest(
            f"status is {str(body.status)[:_SHOWN]!r}; it can be {ACTIVE} or {DISABLED}"
        )
    triggered, asked = _has_trigger(body), ScheduleSpec(body.recurrence, body.cron, body.data)
    if triggered:
        schedule_times.check(asked)
    if body.overlap is not None:
        _check_overlap(body.overlap)
    seen = _seen(system, workspace, asked) if body.data is not None else {}

    def write(work: Work) -> ScheduleRecord:
        row = _row(work, workspace, schedule)
        news = _news(work, row, body)
        new = replace(row, **news)
        # What is switched off may wait for its pipeline to be mended, and be called what it likes.
        if new.active and (triggered or not row.active or body.values is not None):
            _check_values(work, new)
        if triggered:
            rows.see(work.connection, row, seen, rows.seen(work.connection, row).keys() - seen)
        rows.change(work.connection, row.key, **news)
        work.announce(work_topic(row.subject))
        return _told(work, new)

    return system.write(write)


def delete(system: System, workspace: str, schedule: str) -> None:
    """Delete a schedule; its runs stay.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        schedule: Its id.

    Raises:
        NotFound: There is none.
    """
    system.write(lambda work: rows.remove(work.connection, _row(work, workspace, schedule)))


def runs(system: System, workspace: str, schedule: str, query: ScheduleRunQuery) -> RunPage:
    """List the runs that a schedule has submitted, newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        schedule: Its id.
        query: Which page of them.

    Raises:
        NotFound: There is no such schedule.
    """
    limit = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)

    def read(work: Work) -> RunPage:
        row = _row(work, workspace, schedule)
        keys = rows.run_keys(work.connection, row, before, limit + 1)
        page, token = pages.cut(keys, limit, lambda key: key)
        found = run_rows.find_in_order(work.connection, page)
        return RunPage(run_records.records(work, found), token)

    return system.read(read)


def _row(work: Work, workspace: str, schedule: str) -> ScheduleRow:
    row = rows.find(work.connection, workspace, schedule)
    if row is None:
        workspace_row(work, workspace)
        raise NotFound(
            f"there is no schedule {schedule[:_SHOWN]!r}; `runyard schedules list --all` lists them"
        )
    return row


def _news(work: Work, row: ScheduleRow, body: ChangeSchedule) -> dict[str, Any]:
    """The columns that change, and no other: a turn may set the next time meanwhile."""
    told = {"name": body.name, "description": body.description}
    news: dict[str, Any] = {name: each for name, each in told.items() if each is not None}
    news["runs_for"] = work.person or row.runs_for
    spec = news["spec"] = _new_spec(row.spec, body)
    active = row.active if body.status is None else body.status == ACTIVE
    begun = schedule_times.anchor(spec, work.now) if _has_trigger(body) else row.anchor
    if active and (_has_trigger(body) or not row.active):
        due_at = schedule_times.required(spec, begun, work.now)
        news |= {"active": True, "anchor": begun, "due_at": due_at, "reason": ""}
    elif not active:
        news |= {"active": False, "anchor": begun, "due_at": None}
    return news


def _new_spec(spec: ScheduleSpec, body: ChangeSchedule) -> ScheduleSpec:
    names = ["values", "overlap", "continue_on_failure"]
    given = {name: each for name in names if (each := getattr(body, name)) is not None}
    if _has_trigger(body):
        given |= {"recurrence": body.recurrence, "cron": body.cron, "data": body.data}
    return msgspec.structs.replace(spec, **given)


def _has_trigger(body: ChangeSchedule) -> bool:
    return any(each is not None for each in (body.recurrence, body.cron, body.data))


def _seen(system: System, workspace: str, spec: ScheduleSpec) -> dict[str, str]:
    """What is in a schedule's folder already, which it is not due for."""
    return {} if spec.data is None else schedule_files.versions(system, workspace, spec.data)


def _check_overlap(overlap: str) -> None:
    if overlap not in OVERLAPS:
        raise InvalidRequest(
            f"overlap is {overlap[:_SHOWN]!r}; it can be {', '.join(OVERLAPS)}: what becomes of a "
            "time while a run of the schedule goes on"
        )


def _check_values(work: Work, row: ScheduleRow) -> None:
    """Refuse now what every submission would be refused for."""
    published = row.pipeline or pipeline_endpoints.chosen_in(
        work, row.workspace, row.endpoint, None
    )
    found = published_pipelines.row_of(work, row.workspace, published)
    published_pipelines.check_active(found)
    parameters = found.summary.parameters
    # A name that is unknown is no fault: each run warns of it, as of any submission.
    given = schedule_times.values(row, work.now)
    values, _ = published_pipelines.values_of(parameters, given)
    pipeline_specs.values(parameters, values)
    if row.spec.data is not None and row.spec.data.parameter:
        _check_takes_path(parameters, row.spec.data.parameter)


def _check_takes_path(parameters: list[PipelineParameterSpec], name: str) -> None:
    paths = [each.name for each in parameters if each.kind == PATH]
    if name not in paths:
        raise InvalidRequest(
            f"the pipeline has no parameter {name[:_SHOWN]!r} whose default is a DataPath, so "
            f"nothing would get the changed file; it has {', '.join(paths) or 'none'}"
        )


def _told(work: Work, row: ScheduleRow) -> ScheduleRecord:
    return _record(row, rows.newest_runs(work.connection, [row]).get(row.id))


def _record(row: ScheduleRow, newest: RunRow | None) -> ScheduleRecord:
    spec = row.spec
    return ScheduleRecord(
        id=row.id,
        workspace=row.workspace,
        name=row.name,
        description=row.description,
        status=ACTIVE if row.active else DISABLED,
        pipeline=row.pipeline,
        endpoint=row.endpoint,
        experiment=row.experiment,
        recurrence=spec.recurrence,
        cron=spec.cron,
        data=spec.data,
        values=spec.values,
        overlap=spec.overlap,
        continue_on_failure=spec.continue_on_failure,
        next_at=iso_or_none(row.due_at),
        last_run=None if newest is None else newest.id,
        last_status=None if newest is None else newest.status,
        last_at=iso_or_none(row.last_at),
        reason=row.reason,
        runs_for=row.runs_for,
        created_at=iso(row.created_at),
    )
