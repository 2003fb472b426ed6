"""The datasets that a model was made with: told at its registration, traced in its lineage."""

from collections.abc import Sequence

from runyard.protocol.datasets import OUTPUT
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.models import LineageDataset, ModelDataset
from runyard_server.core.dataset_lookups import find
from runyard_server.core.work import Work
from runyard_server.store import run_datasets
from runyard_server.store.models import ModelRow
from runyard_server.store.run_datasets import ModelDatasetRow

_MOST = 100


def add(work: Work, row: ModelRow, given: Sequence[ModelDataset]) -> None:
    """Note further datasets of a version; one that is there for the same is passed over.

    Args:
        work: The unit of work.
        row: The version.
        given: The datasets.

    Raises:
        InvalidRequest: There are too many.
        NotFound: One of them is not there.
    """
    known = run_datasets.of_model(work.connection, row.key)
    if len(known) + len(given) > _MOST:
        raise InvalidRequest(f"a model has {_MOST} datasets at most, not {len(known) + len(given)}")
    there = {(each.scenario, each.dataset, each.digest) for each in known}
    rows: list[ModelDatasetRow] = []
    for each in given:
        found = find(work, row.workspace, each.dataset)
        number = len(known) + len(rows) + 1
        if (each.scenario, found.id, found.digest) not in there:
            rows.append(ModelDatasetRow(row.key, number, each.scenario, found.id, found.digest))
    run_datasets.add_to_model(work.connection, rows)


def of_version(work: Work, row: ModelRow) -> list[ModelDataset]:
    """The datasets of a version, in the order in which they were given."""
    found = run_datasets.of_model(work.connection, row.key)
    return [ModelDataset(each.scenario, each.dataset) for each in found]


def lineage(work: Work, row: ModelRow, run_key: int | None) -> list[LineageDataset]:
    """What a version was registered with, and what its run read.

    Args:
        work: The unit of work.
        row: The version.
        run_key: Key of its run; None where that is gone.
    """
    found = [
        LineageDataset(each.scenario, each.dataset, each.digest)
        for each in run_datasets.of_model(work.connection, row.key)
    ]
    if run_key is None:
        return found
    return found + [
        LineageDataset(
            each.name, each.dataset, each.digest, each.registered, each.version, each.changed
        )
        for each in run_datasets.of_run(work.connection, run_key)
        if each.direction != OUTPUT
    ]
