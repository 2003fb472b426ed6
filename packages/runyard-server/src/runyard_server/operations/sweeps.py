"""Sweeps: begun, listed, changed, canceled, closed; their trials as rows, as a table, exchanged.

A request writes intent and comes back; `execution.sweeping` makes it true. A sweep is a run, with
the same id, so whatever is asked of runs can be asked of it.
"""

import uuid
from dataclasses import replace
from typing import Any

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.errors import AlreadyExists, Conflict, InvalidRequest, WrongState
from runyard.protocol.runs import TERMINAL, RunSpec
from runyard.protocol.sweeps import (
    HYPERDRIVE,
    SWEEP_RUN,
    TRIAL_STATES,
    ChangeSweep,
    CreateSweep,
    Exchange,
    Exchanged,
    SweepImportance,
    SweepPage,
    SweepQuery,
    SweepRecord,
    SweepSpec,
    SweepTable,
    TableQuery,
    TrialPage,
    TrialQuery,
    TrialRecord,
)
from runyard_server.core import events, names, specs
from runyard_server.core.awaiting import awaitable
from runyard_server.core.clock import iso, iso_or_none
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import own_sweep_row, sweep_row, workspace_row
from runyard_server.core.notices import subject_topic, work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import (
    exchanging,
    inherited_environment,
    mpi,
    new_runs,
    run_folders,
    study,
    sweep_log,
    sweeping,
)
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.execution.trials import child_id
from runyard_server.operations import days, runs, submission, sweep_checks, sweep_tables
from runyard_server.operations.experiments import checked as experiment_name
from runyard_server.operations.experiments import ensured
from runyard_server.store import job_nodes, pages, sweeps
from runyard_server.store import runs as run_rows
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import SWEEP, Subject
from runyard_server.store.sweeps import Point, SweepRow, TrialRow


def create(system: System, workspace: str, body: CreateSweep) -> SweepRecord:
    """Begin a sweep: check everything, write it as Running, wake the scheduler.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        RunyardError: What stands against it; nothing was written.
    """
    if body.reopen:
        known = _open_one(system, workspace, body)
        if known is not None:
            return known
    experiment_name(body.spec.experiment)
    names.check_texts("tag", body.tags)
    names.check_texts("property", body.properties)
    sampler = sweep_checks.check(body.spec, body.spec.parallel)
    queue = system.read(lambda work: _queue(work, workspace, body))
    base, added, warnings = _base(system, workspace, body.spec)
    spec = replace(body.spec, base=base)
    run = _run(workspace, body, spec)
    row = _row(run, body, spec, queue, sampler.size())
    tags, properties = sweep_log.v1_names(spec, row) if spec.hyperdrive else ({}, {})
    given = Named({**tags, **body.tags}, {**added, **properties, **body.properties}, {})
    news = [EventDraft(kinds.WARNING, text) for text in warnings]
    folder = system.home.run(run.id)

    def write(work: Work) -> SweepRecord:
        # Another process may have begun it since this one looked.
        known = _found_open(work, workspace, body) if body.reopen else None
        if known is not None:
            return work.answered(known)
        mine = replace(run, submitted_by=work.by(run.submitted_by))
        return _write(work, mine, row, given, news)

    try:
        # It keeps what the trials inherit, and goes with the sweep's end.
        inherited_environment.keep_inherited(folder, body.inherited if base is not None else {})
        return system.write(write)
    # Also when the service is being stopped: a folder without its run would stay for ever.
    except BaseException:
        run_folders.discard(folder)
        raise


def list_(system: System, workspace: str, query: SweepQuery) -> SweepPage:
    """One page of sweeps, newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        InvalidRequest: The page token is unknown.
        WorkspaceNotFound: No such workspace.
    """
    size, before = pages.limit(query.page_size), pages.after(query.page_token, int)

    def read(work: Work) -> SweepPage:
        workspace_row(work, workspace)
        rows = sweeps.page(
            work.connection,
            workspace,
            before,
            size + 1,
            experiment=query.experiment,
            only_active=query.active,
            archived=query.archived,
        )
        token = pages.token(rows[size - 1].key) if len(rows) > size else None
        return SweepPage([_record(work, row) for row in rows[:size]], token)

    return system.read(read)


def _topic(workspace: str, sweep: str) -> str:
    return subject_topic(Subject(SWEEP, workspace, sweep))


def _has_ended(_query: object, record: SweepRecord) -> bool:
    return record.status in TERMINAL


@awaitable(_topic, _has_ended)
def get(system: System, workspace: str, sweep: str) -> SweepRecord:
    """A sweep as it stands.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: No such sweep in the workspace.
    """
    return system.read(lambda work: _record(work, sweep_row(work, workspace, sweep)))


def change(system: System, workspace: str, sweep: str, body: ChangeSweep) -> SweepRecord:
    """Change the limits of a sweep that goes on, pause it, or add points to try.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
        body: What is asked for.

    Raises:
        NotFound: No such sweep in the workspace.
        WrongState: It has ended.
        InvalidRequest: A limit is not positive, a point does not fit the space, or too many wait.
    """
    sweep_checks.check_limits(body.max_trials, body.parallel, body.max_duration_seconds)
    given = {
        "max_trials": body.max_trials,
        "parallel": body.parallel,
        "max_duration_seconds": body.max_duration_seconds,
        "paused": body.paused,
    }
    changes: dict[str, Any] = {k: v for k, v in given.items() if v is not None}

    def write(work: Work) -> SweepRecord:
        row = own_sweep_row(work, workspace, sweep)
        if not row.active or row.ended_at is not None:
            raise WrongState(f"sweep {sweep} has ended and cannot be changed; begin another one")
        more = sweep_checks.points(study.spec_of(row), body.enqueue)
        if more:
            # Those that are trials already need not be kept.
            waiting = [*row.queue[row.taken :], *more]
            sweep_checks.check_queue(waiting)
            changes.update(queue=waiting, taken=0)
        if changes:
            sweeps.change(work.connection, row.key, **changes)
            events.append(work, row.subject, [EventDraft(kinds.CHANGED, _told(body))])
            work.announce(work_topic(row.subject))
        return _record(work, sweep_row(work, workspace, sweep))

    # Whoever is drawing from the queue has written down how far it came.
    with system.studies.held(Subject(SWEEP, workspace, sweep)):
        return system.write(write)


def cancel(system: System, workspace: str, sweep: str) -> SweepRecord:
    """Cancel a sweep and its trials; one that has ended stays as it is.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: No such sweep in the workspace.
    """
    # Its refusal first: a sweep that shows a study of a journal has no run to cancel.
    system.read(lambda work: own_sweep_row(work, workspace, sweep))
    runs.cancel(system, workspace, sweep)
    return get(system, workspace, sweep)


def close(system: System, workspace: str, sweep: str) -> SweepRecord:
    """End a sweep without a base: no more trials are made, and open ones are canceled.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: No such sweep in the workspace.
        WrongState: Its trials are runs.
    """

    def write(work: Work) -> SweepRecord:
        row = own_sweep_row(work, workspace, sweep)
        if study.spec_of(row).base is not None:
            raise WrongState(
                f"the trials of sweep {sweep} are runs, and it ends with them; cancel it instead"
            )
        if row.active and not row.closed:
            sweeps.change(work.connection, row.key, closed=True)
            work.announce(work_topic(row.subject))
        return _record(work, row)

    return system.write(write)


def trials(system: System, workspace: str, sweep: str, query: TrialQuery) -> TrialPage:
    """One page of a sweep's trials, in order of number.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
        query: What is asked for.

    Raises:
        NotFound: No such sweep in the workspace.
        InvalidRequest: The state or the page token is unknown.
    """
    if query.state is not None and query.state not in TRIAL_STATES:
        raise InvalidRequest(
            f"{query.state!r} is no state of trials; there are {', '.join(TRIAL_STATES)}"
        )
    size, after = pages.limit(query.page_size), pages.after(query.page_token, int)

    def read(work: Work) -> TrialPage:
        row = sweep_row(work, workspace, sweep)
        last = -1 if after is None else after
        found = sweeps.trial_page(work.connection, row.key, last, size + 1, query.state)
        token = pages.token(found[size - 1].number) if len(found) > size else None
        keys = [each.run_key for each in found[:size] if each.run_key is not None]
        on = job_nodes.first_of(work.connection, keys)
        listed = []
        for each in found[:size]:
            node, since = on.get(each.run_key or 0, ("", None))
            told = trial_record(row, each)
            listed.append(replace(told, node=node, placed_at=iso_or_none(since)))
        return TrialPage(listed, token)

    return system.read(read)


def exchange(system: System, workspace: str, sweep: str, body: Exchange) -> Exchanged:
    """Take results of a process that makes trials, and give it new ones.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
        body: What is told and asked for.

    Raises:
        NotFound: No such sweep in the workspace.
        WrongState: Its trials are runs.
    """
    return exchanging.exchange(system, workspace, sweep, body)


def table(system: System, workspace: str, sweep: str, query: TableQuery) -> SweepTable:
    """The trials of a sweep as columns, for pictures; see `sweep_tables`.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
        query: What is asked for.

    Raises:
        NotFound: No such sweep in the workspace.
        InvalidRequest: Less than one trial is wanted.
    """
    return sweep_tables.table(system, workspace, sweep, query)


def importance(system: System, workspace: str, sweep: str) -> SweepImportance:
    """How much each parameter of a sweep decides.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: No such sweep in the workspace.
    """
    return sweep_tables.importance(system, workspace, sweep)


def trial_record(row: SweepRow, trial: TrialRow) -> TrialRecord:
    """A trial as clients see it."""
    return TrialRecord(
        number=trial.number,
        state=trial.state,
        params=trial.params,
        values=list(trial.results),
        best=trial.best,
        last=trial.last,
        position=trial.position,
        run=None if trial.run_key is None else child_id(row.id, trial.number),
        started_at=iso(trial.started_at),
        ended_at=iso_or_none(trial.ended_at),
        reason=trial.reason,
        from_trial=trial.from_trial,
    )


def _open_one(system: System, workspace: str, body: CreateSweep) -> SweepRecord | None:
    """The open sweep of this name that is to be gone on with, if there is one."""
    if body.name is None or body.spec.base is not None:
        raise InvalidRequest("reopen needs a name, and a sweep whose trials are no runs")

    return system.read(lambda work: _found_open(work, workspace, body))


def _found_open(work: Work, workspace: str, body: CreateSweep) -> SweepRecord | None:
    workspace_row(work, workspace)
    found = sweeps.page(
        work.connection,
        workspace,
        None,
        1,
        experiment=body.spec.experiment,
        only_active=True,
        name=body.name,
    )
    if not found:
        return None
    differing = _differing(study.spec_of(found[0]), body.spec)
    if differing:
        raise Conflict(
            f"the open sweep {body.name!r} ({found[0].id}) has another {differing[0]}: give "
            "what it was begun with, or another name"
        )
    return _record(work, found[0])


def _differing(one: SweepSpec, other: SweepSpec) -> list[str]:
    """The fields that two specs have not alike; limits may have been changed since."""
    loose = ("max_trials", "parallel", "max_duration_seconds", "enqueued")
    first, second = (msgspec.to_builtins(each) for each in (one, other))
    return [name for name in first if name not in loose and first[name] != second[name]]


def _queue(work: Work, workspace: str, body: CreateSweep) -> list[Point]:
    spec = body.spec
    workspace_row(work, workspace)
    if body.run_id is not None and sweeps.find(work.connection, workspace, body.run_id):
        raise AlreadyExists(f"there is a sweep {body.run_id!r} already; use another id")
    taken = run_rows.numbered(work.connection, workspace, body.run_id) if body.run_id else None
    if taken is not None and spec.base is not None:
        raise AlreadyExists(
            f"trials of a sweep {body.run_id!r} would have ids such as that of the run {taken!r}; "
            "use another id"
        )
    sweep_checks.check_learned(work, workspace, spec)
    return [
        *sweep_checks.resumed(work, workspace, spec),
        *sweep_checks.points(spec, spec.enqueued),
    ]


def _base(
    system: System, workspace: str, spec: SweepSpec
) -> tuple[RunSpec | None, dict[str, str], list[str]]:
    """Check once what all trials run; give it as they get it, properties to add, and warnings."""
    if spec.base is None:
        return None, {}, []
    base = replace(spec.base, experiment=spec.experiment)
    checked = submission.check(system, workspace, base)
    dated = days.of_spec(system, workspace, base)
    completed, added = mpi.completed(dated, checked.site.environments)
    return completed, added, checked.warnings


def _run(workspace: str, body: CreateSweep, spec: SweepSpec) -> RunRow:
    base = spec.base
    kind = HYPERDRIVE if spec.hyperdrive else SWEEP_RUN
    prefix = "HD" if spec.hyperdrive else spec.experiment
    return new_row(
        workspace,
        submission.checked_id(body.run_id or f"{prefix}_{uuid.uuid4()}"),
        spec.experiment,
        status=states.RUNNING,
        target=states.INTERACTIVE_TARGET if base is None else base.target,
        run_type=kind,
        name=body.name,
        snapshot=None if base is None else base.snapshot,
        node_count=1,
        priority=0 if base is None else base.priority,
        parent=body.parent,
        submitted_by=body.submitted_by,
        submitted_from=body.submitted_from,
    )


def _row(
    run: RunRow, body: CreateSweep, spec: SweepSpec, queue: list[Point], size: int | None
) -> SweepRow:
    return SweepRow(
        key=0,
        workspace=run.workspace,
        id=run.id,
        run_key=0,
        experiment=spec.experiment,
        spec=msgspec.json.encode(spec).decode(),
        created_at=0,
        name=body.name,
        max_trials=spec.max_trials,
        parallel=spec.parallel,
        max_duration_seconds=spec.max_duration_seconds,
        # More points than 64 bits count are as good as endlessly many.
        space_size=size if size is not None and size < 1 << 63 else None,
        queue=queue,
        reason="" if spec.base is None else sweeping.PREPARING,
    )


def _write(
    work: Work, run: RunRow, row: SweepRow, given: Named, news: list[EventDraft]
) -> SweepRecord:
    submission.check_new(work, run)
    experiment = ensured(work, run.workspace, run.experiment)
    spec = study.spec_of(row)
    shown = spec.base or RunSpec(
        experiment=run.experiment, snapshot="", script="", target=states.INTERACTIVE_TARGET
    )
    added = new_runs.add(work, run, experiment, specs.text_of(shown), given, news)
    row = replace(row, run_key=added.key, created_at=work.now)
    sweeps.add(work.connection, row)
    events.append(work, row.subject, [EventDraft(kinds.CREATED), *sweep_log.beginning(spec)])
    work.announce(work_topic(row.subject))
    return work.answered(_record(work, row))


def _record(work: Work, row: SweepRow) -> SweepRecord:
    run = run_rows.by_key(work.connection, row.run_key)
    # One that shows a study of a journal has no run: it goes on while a trial does.
    shown = states.RUNNING if row.active else states.COMPLETED
    best = None if row.best is None else sweeps.trial(work.connection, row.key, row.best)
    front = [sweeps.trial(work.connection, row.key, number) for number in row.front]
    spec = study.spec_of(row)
    return SweepRecord(
        id=row.id,
        workspace=row.workspace,
        status=shown if run is None else run.status,
        created_at=iso(row.created_at),
        spec=replace(
            spec,
            max_trials=row.max_trials,
            parallel=row.parallel,
            max_duration_seconds=row.max_duration_seconds,
        ),
        name=row.name,
        ended_at=iso_or_none(row.ended_at if run is None else run.ended_at),
        paused=row.paused,
        counts={state: count for state, count in row.counts.items() if count},
        best=None if best is None else trial_record(row, best),
        front=[trial_record(row, each) for each in front if each is not None],
        reason=row.reason,
        space_size=row.space_size,
        warnings=[] if run is None else list(run.warnings),
    )


def _told(body: ChangeSweep) -> str:
    given = {
        "max_trials": body.max_trials,
        "parallel": body.parallel,
        "max_duration_seconds": body.max_duration_seconds,
        "paused": body.paused,
    }
    told = [f"{name} is {value} now" for name, value in given.items() if value is not None]
    if body.enqueue:
        told.append(f"points to try were added: {len(body.enqueue)}")
    return ", ".join(told)
