"""Who has to do with a dataset: runs that read or made it, models that came of it."""

from runyard.protocol.datasets import (
    DIRECT,
    OUTPUT,
    REFERENCE,
    ChangedInputs,
    DatasetReader,
    DatasetReaders,
    LookedUp,
    RunDatasetRecord,
    RunDatasets,
)
from runyard_server.core.dataset_lookups import definition_row, find, is_id, version_row
from runyard_server.core.lookups import run_key
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import datasets as rows
from runyard_server.store import run_datasets
from runyard_server.store.run_datasets import RunDatasetRow

_MOST = 1000


def of_run(system: System, workspace: str, run: str) -> RunDatasets:
    """List the datasets that a run reads and has made.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def read(work: Work) -> list[RunDatasetRow]:
        return run_datasets.of_run(work.connection, run_key(work, workspace, run))

    return RunDatasets([record(row) for row in system.read(read)])


def readers(system: System, workspace: str, dataset: str) -> DatasetReaders:
    """List the runs and models that have to do with a dataset, the newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        dataset: `name` for all its versions, `name:version`, or an id.

    Raises:
        NotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> list[DatasetReader]:
        digest, ids = _meant(work, workspace, dataset)
        found = [
            DatasetReader("model", f"{name}:{version}", scenario, id_, told)
            for name, version, scenario, id_, told in run_datasets.models_of(
                work.connection, workspace, ids, _MOST
            )
        ]
        found += [
            DatasetReader("run", run, use, id_, told, experiment)
            for run, experiment, use, id_, told in run_datasets.runs_of(
                work.connection, workspace, ids, _MOST
            )
        ]
        return [each for each in found if digest in ("", each.digest)]

    return DatasetReaders(system.read(read))


def note_changes(system: System, workspace: str, run: str, body: ChangedInputs) -> None:
    """Note that files of inputs were written while a run read them.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: Names of the inputs.

    Raises:
        RunNotFound: No such run in the workspace.
    """

    def write(work: Work) -> None:
        key = run_key(work, workspace, run)
        run_datasets.mark_changed(work.connection, key, body.names)

    system.write(write)


def note_reference(system: System, workspace: str, run: str, body: LookedUp) -> None:
    """Note that a run's script has looked a dataset up, if it is none of its inputs.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        body: What names the dataset.

    Raises:
        RunNotFound: No such run in the workspace.
        NotFound: There is no such dataset.
    """

    def fresh(work: Work) -> RunDatasetRow | None:
        key, found = run_key(work, workspace, run), find(work, workspace, body.dataset)
        place = (found.id, found.name, found.version)
        for each in run_datasets.of_run(work.connection, key):
            if each.direction != OUTPUT and (each.dataset, each.registered, each.version) == place:
                return None
        name = f"{found.name}:{found.version}" if found.name else found.id
        told = (found.id, DIRECT, found.digest, found.name, found.version)
        return RunDatasetRow(key, REFERENCE, name, *told)

    def write(work: Work) -> None:
        row = fresh(work)
        if row is not None:
            run_datasets.put(work.connection, row, rows.packed([]))

    # A script may look the same one up for each of its batches.
    if system.read(fresh) is not None:
        system.write(write)


def record(row: RunDatasetRow) -> RunDatasetRecord:
    """A dataset of a run as it is told."""
    return RunDatasetRecord(
        use=row.direction,
        name=row.name,
        dataset=row.dataset,
        mode=row.mode,
        digest=row.digest,
        registered=row.registered,
        version=row.version,
        changed=row.changed,
    )


def _meant(work: Work, workspace: str, dataset: str) -> tuple[str, list[str]]:
    """The digest that is asked for, "" for any, and the ids of the definitions."""
    if is_id(dataset):
        return "", [definition_row(work, workspace, dataset).id]
    row, _ = version_row(work, workspace, dataset)
    if ":" in dataset:
        return row.digest, [row.dataset]
    every = rows.versions(work.connection, workspace, row.name, None, _MOST)
    return "", list(dict.fromkeys(each.dataset for each in every))
