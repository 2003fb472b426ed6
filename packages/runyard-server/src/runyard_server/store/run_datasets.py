"""Rows of what runs read and have made, and of what models were made with."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields

from sqlalchemy import Connection, delete, insert, select, update

from runyard.protocol.datasets import DatasetFile
from runyard_server.store.dataset_schema import model_datasets, run_datasets
from runyard_server.store.datasets import unpacked
from runyard_server.store.registry_schema import models
from runyard_server.store.schema import runs


@dataclass(frozen=True, slots=True)
class RunDatasetRow:
    """A dataset of a run, without its files; see `protocol.datasets.RunDatasetRecord`."""

    run_key: int
    direction: str
    name: str
    dataset: str
    mode: str
    digest: str = ""
    registered: str = ""
    version: int = 0
    changed: bool = False


@dataclass(frozen=True, slots=True)
class ModelDatasetRow:
    """A dataset of a model version, and what it was for."""

    model_key: int
    number: int
    scenario: str
    dataset: str
    digest: str


_COLUMNS = [run_datasets.c[f.name] for f in fields(RunDatasetRow)]
_OF_MODEL = [model_datasets.c[f.name] for f in fields(ModelDatasetRow)]


def of_run(connection: Connection, key: int) -> list[RunDatasetRow]:
    """The datasets of a run, inputs before outputs, by name."""
    table = run_datasets.c
    found = select(*_COLUMNS).where(table.run_key == key).order_by(table.direction, table.name)
    return [RunDatasetRow(*row) for row in connection.execute(found)]


def files(connection: Connection, key: int, direction: str, name: str) -> list[DatasetFile]:
    """The files of a dataset of a run, as they were when it began.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        direction: `input` or `output`.
        name: The name that the run knows it by.
    """
    table = run_datasets.c
    mine = (table.run_key == key, table.direction == direction, table.name == name)
    document = connection.execute(select(table.files).where(*mine)).scalar_one_or_none()
    return [] if document is None else unpacked(document)


def put(connection: Connection, row: RunDatasetRow, packed: bytes) -> None:
    """Write a dataset of a run, whatever it was.

    Args:
        connection: The transaction's connection.
        row: The dataset.
        packed: Its files.
    """
    table = run_datasets.c
    mine = (table.run_key == row.run_key, table.direction == row.direction, table.name == row.name)
    connection.execute(delete(run_datasets).where(*mine))
    connection.execute(insert(run_datasets).values({**asdict(row), "files": packed}))


def mark_changed(connection: Connection, key: int, names: Sequence[str]) -> None:
    """Note that files of inputs were written while a run read them.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        names: The inputs.
    """
    table = run_datasets.c
    mine = (table.run_key == key, table.direction == "input", table.name.in_(list(names)))
    connection.execute(update(run_datasets).where(*mine).values(changed=True))


def runs_of(
    connection: Connection, workspace: str, datasets: Sequence[str], limit: int
) -> list[tuple[str, str, str, str, str]]:
    """Runs of datasets, the newest first: id, experiment, direction, dataset, digest.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        datasets: Ids of definitions.
        limit: The most that are wanted.
    """
    table = run_datasets.c
    found = (
        select(runs.c.id, runs.c.experiment, table.direction, table.dataset, table.digest)
        .join(runs, runs.c.key == table.run_key)
        .where(table.dataset.in_(list(datasets)), runs.c.workspace == workspace)
        # Of one run what it has looked up comes before what it was given: PostgreSQL gives equals
        # in any order, and a page must not cut them here or there.
        .order_by(table.run_key.desc(), table.direction.desc(), table.name)
        .limit(limit)
    )
    return [(*row,) for row in connection.execute(found)]


def models_of(
    connection: Connection, workspace: str, datasets: Sequence[str], limit: int
) -> list[tuple[str, int, str, str, str]]:
    """Model versions of datasets, the newest first: name, version, scenario, dataset, digest.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        datasets: Ids of definitions.
        limit: The most that are wanted.
    """
    table = model_datasets.c
    found = (
        select(models.c.name, models.c.version, table.scenario, table.dataset, table.digest)
        .join(models, models.c.key == table.model_key)
        .where(table.dataset.in_(list(datasets)), models.c.workspace == workspace)
        .order_by(table.model_key.desc(), table.number)
        .limit(limit)
    )
    return [(*row,) for row in connection.execute(found)]


def of_model(connection: Connection, key: int) -> list[ModelDatasetRow]:
    """The datasets of a model version, in the order in which they were given."""
    table = model_datasets.c
    found = select(*_OF_MODEL).where(table.model_key == key).order_by(table.number)
    return [ModelDatasetRow(*row) for row in connection.execute(found)]


def add_to_model(connection: Connection, rows: Sequence[ModelDatasetRow]) -> None:
    """Add datasets to a model version."""
    if rows:
        connection.execute(insert(model_datasets), [asdict(row) for row in rows])
