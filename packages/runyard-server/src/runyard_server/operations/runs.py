"""Runs: submitted, started by hand, read, changed, canceled, ended from outside.

A request writes intent and comes back; the scheduler makes it true. Nothing of a refused request
is kept: all checks come before the first write.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import replace

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard.protocol.errors import Conflict, InvalidRequest, WrongState
from runyard.protocol.filters import METRIC
from runyard.protocol.pipelines import PIPELINE_RUN, STEP_RUN
from runyard.protocol.queue import Prioritize, RunExplanation
from runyard.protocol.run_export import ExportRuns
from runyard.protocol.run_keys import RunKeys, RunKeysQuery, RunValues, RunValuesQuery
from runyard.protocol.runs import (
    ChangeRun,
    FailRun,
    RunError,
    RunPage,
    RunQuery,
    RunRecord,
    RunSpec,
    StartRun,
    SubmitRun,
)
from runyard.protocol.search import Search
from runyard.protocol.sweeps import RUN_TYPES
from runyard_server.core import names, specs
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import (
    append_events,
    correct,
    end,
    end_children,
    is_lost,
)
from runyard_server.core.lookups import run_row, workspace_row
from runyard_server.core.system import Chunks, System
from runyard_server.core.work import Work
from runyard_server.execution import (
    canceling,
    inherited_environment,
    mpi,
    new_runs,
    queue_order,
    run_folders,
    sealing,
)
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.operations import (
    days,
    explanations,
    parameters,
    run_keys,
    run_searches,
    searches,
    submission,
)
from runyard_server.operations.archiving import archive, unarchive
from runyard_server.operations.experiments import checked as experiment_name
from runyard_server.operations.experiments import ensured
from runyard_server.operations.run_records import Listed, record, records
from runyard_server.store import beating, metrics, nouns, pages, runs
from runyard_server.store.runs import RunRow
from runyard_server.store.searched import Wanted

__all__ = [
    "archive",
    "cancel",
    "change",
    "complete",
    "explain",
    "export",
    "fail",
    "get",
    "keys",
    "list_",
    "prioritize",
    "search",
    "spec",
    "start",
    "submit",
    "unarchive",
    "values",
]


def submit(system: System, workspace: str, body: SubmitRun) -> RunRecord:
    """Submit a run: check everything, write it as Starting, wake the scheduler.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        RunyardError: What stands against it; nothing was written.
    """
    checked = submission.check(system, workspace, body.spec)
    _check_names(body.tags, body.properties)
    params = parameters.of_submission(body)
    dated = days.of_spec(system, workspace, body.spec)
    spec, added = mpi.completed(dated, checked.site.environments)
    properties = {**added, **body.properties}
    row = new_row(
        workspace,
        # v1's form: experiment, seconds, eight hex digits.
        f"{body.spec.experiment}_{system.clock.now_us() // SECOND}_{secrets.token_hex(4)}",
        body.spec.experiment,
        status=states.STARTING,
        target=body.spec.target,
        run_type=states.SCRIPT_RUN,
        name=body.name,
        snapshot=body.spec.snapshot,
        node_count=body.spec.node_count,
        priority=body.spec.priority,
        parent=body.parent,
        submitted_by=body.submitted_by,
        submitted_from=body.submitted_from,
    )
    text = specs.text_of(spec)
    news = [EventDraft(kinds.WARNING, text) for text in checked.warnings]
    try:
        # The folder comes first: a run that is written down must find its environment.
        inherited_environment.keep_inherited(system.home.run(row.id), body.inherited)
        return _write_new(system, row, text, Named(body.tags, properties, params), news)
    # Also when the service is being stopped: a folder without its run would stay for ever.
    except BaseException:
        run_folders.discard(system.home.run(row.id))
        raise


def explain(system: System, workspace: str, run: str) -> RunExplanation:
    """Explain why a run is in its state.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Its id.

    Raises:
        RunNotFound: There is no such run.
    """
    return explanations.explain(system, workspace, run)


def start(system: System, workspace: str, body: StartRun) -> RunRecord:
    """Begin an interactive or a child run, Running at once.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WrongName: The experiment's name breaks the rule.
        RunNotFound: There is no such parent.
        AlreadyExists: There is a run of that id.
    """
    experiment_name(body.experiment)
    _check_names(body.tags, body.properties)
    row = new_row(
        workspace,
        submission.checked_id(body.run_id or str(uuid.uuid4())),
        body.experiment,
        status=states.RUNNING,
        target=states.INTERACTIVE_TARGET,
        name=body.name,
        snapshot=body.snapshot,
        parent=body.parent,
        submitted_by=body.submitted_by,
        submitted_from=body.submitted_from,
    )
    # Of a run without a job, too: whoever reads specs finds one for every run.
    spec = RunSpec(
        experiment=body.experiment,
        snapshot=body.snapshot or "",
        script="",
        target=states.INTERACTIVE_TARGET,
    )
    text = specs.text_of(spec)
    process = body.process if body.beats else None
    given = Named(body.tags, body.properties, parameters.checked(body.params))
    return _write_new(system, row, text, given, [], process)


def get(system: System, workspace: str, run: str) -> RunRecord:
    """Find a run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> RunRecord:
        return records(work, [run_row(work, workspace, run)])[0]

    return system.read(read)


def list_(system: System, workspace: str, query: RunQuery) -> RunPage:
    """One page of the runs that match, newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        InvalidRequest: The status or the page token is unknown.
    """
    if query.status is not None and query.status not in states.STATUSES:
        raise InvalidRequest(
            f"{query.status!r} is no status of runs; there are {', '.join(states.STATUSES)}"
        )
    size = pages.limit(query.page_size)
    before = pages.after(query.page_token, int)
    asked = run_searches.conditions(query)
    shown = () if run_searches.names_experiment(asked) else nouns.SHOWN_RUNS
    wanted = Wanted(nouns.RUNS, workspace, asked, more=shown)

    def read(work: Work) -> RunPage:
        keys, token = searches.listed(work, run_searches.shown(work, wanted), before, size)
        found = records(work, runs.find_in_order(work.connection, keys))
        if query.metrics:
            values = metrics.latest(work.connection, keys)
            found = [replace(r, metrics=values[key]) for r, key in zip(found, keys, strict=True)]
        return RunPage(found, token)

    return system.read(read)


def search(system: System, workspace: str, body: Search) -> RunPage:
    """One page of a search for runs, with the parameters and metrics that were asked for.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    asked = run_searches.prepared(workspace, body)

    def read(work: Work) -> RunPage:
        workspace_row(work, workspace)
        page = run_searches.found(work, asked)
        keys = page.keys
        values = metrics.latest(work.connection, keys, asked.columns.of(METRIC))
        above = runs.above_others(work.connection, keys)
        listed = {key: Listed(values[key], key in above) for key in keys}
        rows = runs.find_in_order(work.connection, keys)
        return RunPage(records(work, rows, asked.columns, listed), page.token, page.looked_at)

    return system.read(read)


def keys(system: System, workspace: str, query: RunKeysQuery) -> RunKeys:
    """The names of metrics, parameters and tags that runs have.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: How they begin, and how many are wanted.
    """
    return run_keys.keys(system, workspace, query)


def values(system: System, workspace: str, query: RunValuesQuery) -> RunValues:
    """The texts that a field of runs has.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: The field, how they begin, and how many are wanted.

    Raises:
        InvalidRequest: There is no such field.
    """
    return run_keys.values(system, workspace, query)


def export(system: System, workspace: str, query: ExportRuns) -> Chunks:
    """What a search finds as a file, made while it is sent.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: Which runs, and how.

    Raises:
        InvalidRequest: It makes no sense, or has too many columns.
    """
    # Loaded when it is asked for: a service at rest need not write files of any format.
    from runyard_server.operations import run_export

    return run_export.export(system, workspace, query)


def spec(system: System, workspace: str, run: str) -> RunSpec:
    """What was submitted.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """
    return system.read(lambda work: specs.of_run(work, run_row(work, workspace, run).key))


def change(system: System, workspace: str, run: str, body: ChangeRun) -> RunRecord:
    """Change tags, properties, name, description or warnings; also of a run that has ended.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        Conflict: A property has another value already.
    """
    _check_names(body.tags, body.properties)

    def write(work: Work) -> RunRecord:
        row = run_row(work, workspace, run)
        _add_properties(work, row, body.properties)
        runs.remove_tags(work.connection, row.key, body.removed_tags)
        runs.set_tags(work.connection, row.key, body.tags)
        given = {"name": body.name, "description": body.description}
        values = {name: value for name, value in given.items() if value is not None}
        if values:
            runs.change(work.connection, row.key, **values)
        fresh = [text for text in dict.fromkeys(body.warnings) if text not in row.warnings]
        if fresh:
            told = [EventDraft(kinds.WARNING, text) for text in fresh]
            append_events(work, row, told)
        return records(work, [run_row(work, workspace, run)])[0]

    return system.write(write)


def cancel(system: System, workspace: str, run: str) -> RunRecord:
    """Ask for a run to be canceled, with the jobs among its children.

    Without an agent it is canceled at once. An ended run stays as it is, and its children go on.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def write(work: Work) -> RunRecord:
        row = run_row(work, workspace, run)
        # Below one that has ended nothing is canceled: its children were meant to go on.
        chosen = [row, *canceling.jobs_below(work, row)] if row.active else [row]
        canceled = [canceling.cancel(work, each) for each in chosen]
        return records(work, canceled[:1])[0]

    return system.write(write)


def prioritize(system: System, workspace: str, run: str, body: Prioritize) -> RunRecord:
    """Change a run's priority or its place in the queue; see `execution.queue_order`.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run, or no such other run, in the workspace.
        InvalidRequest: Not exactly one change is asked for, or the priority is out of range.
        WrongState: The run waits for nothing, or the other one does not wait in the same queue.
    """
    if body.priority is not None:
        submission.check_priority(body.priority)

    def write(work: Work) -> RunRecord:
        changed = queue_order.change(work, run_row(work, workspace, run), body)
        return records(work, [changed])[0]

    return system.write(write)


def complete(system: System, workspace: str, run: str) -> RunRecord:
    """Set a run to Completed; a job that still works for it is stopped.

    A process that was given up knows better, so its word counts.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
        WrongState: It is a sweep that goes on.
    """

    def write(work: Work) -> RunRecord:
        row = _say_end(work, run_row(work, workspace, run), states.COMPLETED)
        return records(work, [row])[0]

    answer = system.write(write)
    sealing.merge_many(system, workspace, run)
    return answer


def fail(system: System, workspace: str, run: str, body: FailRun) -> RunRecord:
    """Set a run to Failed; a job that still works for it is stopped.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is asked for.

    Raises:
        RunNotFound: No such run in the workspace.
        WrongState: It is a sweep that goes on.
    """

    def write(work: Work) -> RunRecord:
        row = run_row(work, workspace, run)
        text = body.message or "the run was set to failed by its owner"
        error = RunError(body.code, text, iso(work.now))
        return records(work, [_say_end(work, row, states.FAILED, error)])[0]

    answer = system.write(write)
    sealing.merge_many(system, workspace, run)
    return answer


def _say_end(work: Work, row: RunRow, status: str, error: RunError | None = None) -> RunRow:
    if row.run_type == PIPELINE_RUN and row.active:
        raise WrongState(f"run {row.id} is a pipeline, which ends with its steps; cancel it")
    if _is_driven_step(row):
        # A pipeline would take it for done, with nothing made; its sweep would go on unseen.
        raise WrongState(
            f"run {row.id} is a step that has not begun, or a sweep, and ends by itself; cancel it"
        )
    if row.run_type in RUN_TYPES and row.active:
        # Its trials would be left without anybody who takes their results in.
        raise WrongState(
            f"run {row.id} is a sweep, which ends with its trials; cancel it, or close it if its "
            "trials are no runs"
        )
    if is_lost(row):
        return correct(work, row, status, error)
    if not row.active:
        # It may have been given children after its end.
        end_children(work, row, row.status, row.error)
    return end(work, row, status, error)


def _is_driven_step(row: RunRow) -> bool:
    """Whether a step of a pipeline has no job of its own that could say how it ended."""
    begun = row.status != states.NOT_STARTED and row.target != states.INTERACTIVE_TARGET
    return row.run_type == STEP_RUN and row.active and not begun


def _write_new(
    system: System,
    row: RunRow,
    spec_text: str,
    given: Named,
    news: Sequence[EventDraft],
    process: str | None = None,
) -> RunRecord:
    """Write a new run with its first events and the answer for repeats.

    With a process the run is watched: it is given up when that is gone, or silent for long.
    """

    def write(work: Work) -> tuple[RunRow, RunRecord]:
        created = _insert(work, row, spec_text, given, news)
        if process is not None:
            beating.add(work.connection, created.key, process)
        return created, work.answered(record(created, given))

    created, answer = system.write(write)
    if process is not None:
        # After the write: a run that was not kept must not be watched.
        system.beating.note(created.key, process, created.created_at)
    return answer


def _insert(
    work: Work,
    row: RunRow,
    spec_text: str,
    given: Named,
    news: Sequence[EventDraft],
) -> RunRow:
    submission.check_new(work, row)
    row = replace(row, submitted_by=work.by(row.submitted_by))
    experiment = ensured(work, row.workspace, row.experiment)
    return new_runs.add(work, row, experiment, spec_text, given, news)


def _check_names(tags: dict[str, str | None], properties: dict[str, str]) -> None:
    names.check_texts("tag", tags)
    names.check_texts("property", properties)


def _add_properties(work: Work, row: RunRow, given: dict[str, str]) -> None:
    if not given:
        return
    existing = runs.properties(work.connection, [row.key])[row.key]
    for name, value in given.items():
        if existing.get(name, value) != value:
            raise Conflict(
                f"property {name!r} of run {row.id} is {existing[name]!r} and cannot become "
                f"{value!r}: properties are written once; use a tag for what changes"
            )
    fresh = {name: value for name, value in given.items() if name not in existing}
    runs.add_properties(work.connection, row.key, fresh)
