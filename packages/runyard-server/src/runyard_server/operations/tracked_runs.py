"""Runs as trackers such as MLflow have them: any may be taken up again, deleted, and restored.

A run that a tracker begins is an interactive run of ours, without a process that beats. What the
tracker says of its end counts, as often as it says so. A job's end is said by its agent alone, so
what a tracker's client says at the end of a script inside a job changes no state.

What a column of ours tells is no tag: name, user and parent. They are shown as the tags that
trackers know them by, for runs that came in by any way.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from runyard.protocol import runs as states
from runyard.protocol.errors import InvalidRequest, NotFound
from runyard.protocol.runs import RunError, RunSpec
from runyard_server.core import lookups, specs
from runyard_server.core.clock import iso
from runyard_server.core.lifecycle import correct, end, reopen
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import new_runs, sealing
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.operations import submission, tracked_experiments
from runyard_server.store import experiments, runs
from runyard_server.store.runs import RunRow

NAME_TAG = "mlflow.runName"
USER_TAG = "mlflow.user"
PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"
_COLUMNS = {NAME_TAG: "name", USER_TAG: "submitted_by", NOTE_TAG: "description"}


@dataclass(frozen=True, slots=True)
class StartTracked:
    """What a tracker begins a run with.

    Args:
        run: The run's id.
        experiment: Id of the experiment.
        name: The run's name.
        user: Who begins it.
        started_at: When it began, microseconds since 1970; None: now.
        tags: Its tags, which may name its parent.
        submitted_from: The run whose job asks.
    """

    run: str
    experiment: str
    name: str
    user: str
    started_at: int | None = None
    tags: Mapping[str, str] = field(default_factory=dict)
    submitted_from: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a tracker says of a run; None where it says nothing. The time is microseconds."""

    status: str | None = None
    ended_at: int | None = None
    name: str | None = None


def start(system: System, workspace: str, body: StartTracked) -> None:
    """Begin a run, Running at once.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        ExperimentNotFound: There is no such experiment.
        InvalidRequest: The experiment is deleted, or the id cannot be a run's.
        AlreadyExists: There is a run of that id.
    """
    submission.checked_id(body.run)

    def write(work: Work) -> None:
        facts = tracked_experiments.active(work, workspace, body.experiment)
        parent = _parent(work, workspace, body.tags.get(PARENT_TAG))
        row = new_row(
            workspace,
            body.run,
            facts.name,
            status=states.RUNNING,
            target=states.INTERACTIVE_TARGET,
            name=body.name,
            parent=parent,
            submitted_by=body.user,
            submitted_from=body.submitted_from,
            description=body.tags.get(NOTE_TAG, ""),
            started_at=body.started_at,
        )
        submission.check_new(work, row)
        experiment = experiments.find(work.connection, workspace, facts.name)
        assert experiment is not None
        told = {NAME_TAG, USER_TAG, *([PARENT_TAG] if parent else [])}
        tags: dict[str, str | None] = {k: v for k, v in body.tags.items() if k not in told}
        new_runs.add(work, row, experiment, _spec(facts.name), Named(tags, {}, {}))

    if body.experiment == tracked_experiments.DEFAULT_ID:
        tracked_experiments.get(system, workspace, body.experiment)
    system.write(write)


def change(system: System, workspace: str, run: str, body: Change) -> None:
    """Change a run's state, end or name.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What is said of it.

    Raises:
        RunNotFound: No such run in the workspace.
        InvalidRequest: It is deleted.
    """

    def write(work: Work) -> None:
        row = required(work, workspace, run)
        # The end of a job is its agent's to tell: a script may go on after its last `end_run`.
        if row.target == states.INTERACTIVE_TARGET and row.run_type is None:
            _move(work, row, body)
        if body.name:
            runs.change(work.connection, row.key, name=body.name)

    system.write(write)
    if body.status in states.TERMINAL:
        sealing.merge_many(system, workspace, run)


def set_deleted(system: System, workspace: str, run: str, *, deleted: bool) -> None:
    """Delete a run, or restore it; nothing of it is lost by either.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        deleted: Which of the two.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def write(work: Work) -> None:
        row = lookups.run_row(work, workspace, run)
        runs.change(work.connection, row.key, deleted_at=work.now if deleted else None)

    system.write(write)


def remove_tag(system: System, workspace: str, run: str, name: str) -> None:
    """Remove a tag of a run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        name: Name of the tag.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: It has no such tag.
    """

    def write(work: Work) -> None:
        row = required(work, workspace, run)
        there = runs.tags(work.connection, [row.key], [name])[row.key]
        # A run keeps its name when the tag goes that tells it.
        if name in _COLUMNS and name != NAME_TAG:
            runs.change(work.connection, row.key, **{_COLUMNS[name]: ""})
        elif not there and name != NAME_TAG:
            raise NotFound(f"run {run} has no tag {name!r}")
        runs.remove_tags(work.connection, row.key, [name])

    system.write(write)


def required(work: Work, workspace: str, run: str) -> RunRow:
    """The row of a run that is to be changed, which must not be deleted.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
        InvalidRequest: It is deleted.
    """
    row = lookups.run_row(work, workspace, run)
    if row.deleted_at is not None:
        raise InvalidRequest(
            f"The run {run} must be in the 'active' state and is deleted; restore it first"
        )
    return row


def set_tags(work: Work, row: RunRow, given: Mapping[str, str]) -> None:
    """Set tags of a run, those that a column tells in the column.

    Args:
        work: The unit of work.
        row: The run as read in this write.
        given: Value by name.
    """
    values = {_COLUMNS[name]: value for name, value in given.items() if name in _COLUMNS}
    if not values.get("name", "named"):
        # No run is without a name, so an empty one changes nothing.
        del values["name"]
    if values:
        runs.change(work.connection, row.key, **values)
    told = {NAME_TAG, USER_TAG}
    plain: dict[str, str | None] = {k: v for k, v in given.items() if k not in told}
    runs.set_tags(work.connection, row.key, plain)


def shown_tags(row: RunRow, tags: Mapping[str, str | None]) -> dict[str, str]:
    """The tags of a run as trackers know them, with those that stand for columns.

    Args:
        row: The run.
        tags: What it has as tags.
    """
    shown = {name: value or "" for name, value in tags.items()}
    columns = {NAME_TAG: row.name, USER_TAG: row.submitted_by, PARENT_TAG: row.parent}
    columns[NOTE_TAG] = row.description
    shown.update((name, value) for name, value in columns.items() if value)
    return shown


def _parent(work: Work, workspace: str, named: str | None) -> str | None:
    """The parent that a tag names, if there is such a run: trackers allow any text."""
    there = named is not None and runs.key_of(work.connection, workspace, named) is not None
    return named if there else None


def _move(work: Work, row: RunRow, body: Change) -> None:
    """Bring a run into the state that is said; an end may be corrected, and taken back."""
    if body.status == states.RUNNING:
        if not row.active:
            reopen(work, row)
    elif body.status is not None and body.status != row.status:
        error = None
        if body.status == states.FAILED:
            error = RunError("UserError", "the run was ended as failed", iso(work.now))
        if row.active:
            end(work, row, body.status, error)
        else:
            correct(work, row, body.status, error, "ended otherwise than was said before")
    if body.ended_at is not None and body.status != states.RUNNING:
        runs.change(work.connection, row.key, ended_at=body.ended_at)


def _spec(experiment: str) -> str:
    """The JSON of the spec of a run without a job: whoever reads specs finds one for every run."""
    return specs.text_of(
        RunSpec(experiment=experiment, snapshot="", script="", target=states.INTERACTIVE_TARGET)
    )
