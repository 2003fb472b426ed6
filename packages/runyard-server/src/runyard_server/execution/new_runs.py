"""Writing a new run down: its row, its names and its first events, in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from runyard.protocol import runs as states
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import begin, opening
from runyard_server.core.work import Work
from runyard_server.store import experiments, runs
from runyard_server.store.experiments import ExperimentRow
from runyard_server.store.runs import RunRow


@dataclass(frozen=True, slots=True)
class Named:
    """What a run has by name."""

    tags: dict[str, str | None]
    properties: dict[str, str]
    params: dict[str, str]


def new_row(
    workspace: str, run: str, experiment: str, *, status: str, target: str, **more: object
) -> RunRow:
    """The row of a run that has not been written down.

    Args:
        workspace: Id of the workspace.
        run: Id of the run.
        experiment: Name of the experiment.
        status: Its first status.
        target: Name of the compute target.
        **more: More fields of the row.
    """
    row = RunRow(
        key=0,
        workspace=workspace,
        id=run,
        experiment=experiment,
        number=0,
        status=status,
        active=True,
        target=target,
        created_at=0,
    )
    return replace(row, **more)  # type: ignore[arg-type]  # names are RunRow's, by the callers


def add(
    work: Work,
    row: RunRow,
    experiment: ExperimentRow,
    spec_text: str,
    given: Named,
    news: Sequence[EventDraft] = (),
) -> RunRow:
    """Write a run down that nothing stands against; give its row.

    Args:
        work: The unit of work.
        row: The run.
        experiment: The experiment that counts it.
        spec_text: JSON of its spec.
        given: What it has by name.
        news: The events that it begins with.
    """
    number = experiments.next_number(work.connection, experiment.id)
    started = row.started_at
    if started is None and row.status == states.RUNNING:
        started = work.now
    row = replace(row, number=number, created_at=work.now, started_at=started)
    row = opening(row, news)
    key = runs.insert_run(work.connection, row, spec_text)
    runs.set_tags(work.connection, key, given.tags)
    runs.add_properties(work.connection, key, given.properties)
    runs.add_params(work.connection, key, given.params)
    return begin(work, replace(row, key=key), news)
