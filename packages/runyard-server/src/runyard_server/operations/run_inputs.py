"""What runs worked with and made, as trackers such as MLflow tell it: datasets, logged models."""

from collections.abc import Sequence

from runyard.protocol.errors import InvalidRequest
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import tracked_experiments, tracked_runs
from runyard_server.store import run_inputs as rows
from runyard_server.store.run_inputs import InputRow

MOST_EXPERIMENTS = 20
_MOST_SUMMARIES = 1000


def log(system: System, workspace: str, run: str, given: Sequence[InputRow]) -> None:
    """Add inputs or outputs to a run; what it has already is passed over.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        given: What is added.

    Raises:
        RunNotFound: No such run in the workspace.
        InvalidRequest: It is deleted.
    """

    def write(work: Work) -> None:
        row = tracked_runs.required(work, workspace, run)
        known = rows.of_runs(work.connection, [row.key])[row.key]
        there = {_mark(one) for one in known}
        # The first of several counts, within a request as over several.
        fresh = {_mark(one): one for one in reversed(given) if _mark(one) not in there}
        rows.add(work.connection, row.key, list(reversed(fresh.values())))

    system.write(write)


def datasets(
    system: System, workspace: str, experiments: Sequence[str]
) -> list[tuple[str, str, str, str | None]]:
    """The different datasets of experiments' newest runs: experiment's id, name, digest, context.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        experiments: Ids of the experiments.

    Raises:
        InvalidRequest: None or too many experiments are named.
        ExperimentNotFound: One of them does not exist.
    """
    if not 1 <= len(experiments) <= MOST_EXPERIMENTS:
        raise InvalidRequest(
            f"name 1 to {MOST_EXPERIMENTS} experiment_ids; {len(experiments)} were given"
        )

    def read(work: Work) -> list[tuple[str, str, str, str | None]]:
        named = {
            tracked_experiments.required(work, workspace, one).name: one for one in experiments
        }
        found = [
            (id_, *one)
            for name, id_ in named.items()
            for one in rows.datasets_of(work.connection, workspace, name, _MOST_SUMMARIES)
        ]
        return found[:_MOST_SUMMARIES]

    if tracked_experiments.DEFAULT_ID in experiments:
        # It is always there to a tracker, and is made when it is first meant.
        tracked_experiments.get(system, workspace, tracked_experiments.DEFAULT_ID)
    return system.read(read)


def _mark(row: InputRow) -> tuple[str, str, str]:
    """What makes an input another one: a dataset is one dataset, whatever the run calls it."""
    if row.kind == rows.DATASET:
        return row.kind, row.name, row.digest
    return row.kind, row.name, row.document
