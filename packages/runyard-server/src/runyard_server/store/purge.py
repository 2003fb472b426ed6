"""Removes the rows of what nobody will ask for again, a part at a time."""

import shutil
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, delete, select

from runyard.protocol.stars import STARRED_RUN
from runyard_server.store import file_sets, stars
from runyard_server.store.dataset_schema import model_datasets
from runyard_server.store.journal_schema import journals
from runyard_server.store.registry_schema import (
    model_aliases,
    model_changes,
    model_files,
    model_properties,
    model_tags,
    models,
    registered_model_tags,
    registered_models,
)
from runyard_server.store.schema import (
    environments,
    events,
    experiments,
    metadata,
    metric_segments,
    metric_series,
    metric_summaries,
    run_files,
    runs,
    sweeps,
    workspaces,
)
from runyard_server.store.subjects import RUN
from runyard_server.store.team_schema import audit
from runyard_server.store.tracking_schema import (
    experiment_facts,
    experiment_tags,
    logged_model_files,
    logged_model_metrics,
    logged_model_params,
    logged_model_tags,
    logged_models,
)

_OF_MODELS = (model_files, model_tags, model_properties, model_datasets)
_OF_LOGGED = (logged_model_files, logged_model_metrics, logged_model_params, logged_model_tags)
_OF_NAMES = (registered_model_tags, model_aliases, model_changes)


def remove_runs(
    connection: Connection, workspace: str, keys: Sequence[int], ids: Sequence[str]
) -> None:
    """Remove runs with everything that is theirs; models of theirs get rows of files first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace that they were runs of.
        keys: Their keys; some hundred at most.
        ids: Their ids.
    """
    for key in keys:
        file_sets.detach(connection, key, None)
    series = select(metric_series.c.id).where(metric_series.c.run_key.in_(keys))
    for table in (metric_segments, metric_summaries):
        connection.execute(delete(table).where(table.c.series_id.in_(series)))
    connection.execute(delete(metric_series).where(metric_series.c.run_key.in_(keys)))
    chosen = select(runs.c.workspace, runs.c.id).where(runs.c.key.in_(keys))
    for place, run in connection.execute(chosen).all():
        _remove_sweep(connection, place, run)
    for table in _owned_by("run_key"):
        connection.execute(delete(table).where(table.c.run_key.in_(keys)))
    told = (events.c.workspace == workspace, events.c.subject_kind == RUN)
    connection.execute(delete(events).where(*told, events.c.subject.in_(ids)))
    stars.forget(connection, workspace, STARRED_RUN, ids)
    connection.execute(delete(runs).where(runs.c.key.in_(keys)))


def digests_of_runs(connection: Connection, keys: Sequence[int]) -> list[str]:
    """The contents that runs have.

    Args:
        connection: The transaction's connection.
        keys: Their keys; some hundred at most.
    """
    mine = (run_files.c.run_key.in_(keys), run_files.c.digest.is_not(None))
    return list(connection.execute(select(run_files.c.digest).where(*mine).distinct()).scalars())


def digests_of_models(connection: Connection, keys: Sequence[int]) -> list[str]:
    """The contents that model versions have as rows of their own.

    Args:
        connection: The transaction's connection.
        keys: Their keys; some hundred at most.
    """
    mine = model_files.c.model_key.in_(keys)
    return list(connection.execute(select(model_files.c.digest).where(mine).distinct()).scalars())


def remove_models(connection: Connection, keys: Sequence[int]) -> None:
    """Remove model versions with their files, tags and properties.

    Args:
        connection: The transaction's connection.
        keys: Their keys; some hundred at most.
    """
    for table in _OF_MODELS:
        connection.execute(delete(table).where(table.c.model_key.in_(keys)))
    connection.execute(delete(models).where(models.c.key.in_(keys)))


def remove_environments(
    connection: Connection, workspace: str, name: str, versions: Iterable[int]
) -> None:
    """Remove versions of a registered environment.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace, or of its trash.
        name: The environment.
        versions: Which of it.
    """
    mine = (environments.c.workspace == workspace, environments.c.name == name)
    chosen = environments.c.version.in_(list(versions))
    connection.execute(delete(environments).where(*mine, chosen))


def some_runs(connection: Connection, workspace: str, limit: int) -> list[tuple[int, str]]:
    """Key and id of some runs of a workspace.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace, or of its trash.
        limit: The most that are wanted.
    """
    found = select(runs.c.key, runs.c.id).where(runs.c.workspace == workspace).limit(limit)
    return [(int(key), str(run)) for key, run in connection.execute(found)]


def some_models(connection: Connection, workspace: str, limit: int) -> list[int]:
    """Keys of some model versions of a workspace.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace, or of its trash.
        limit: The most that are wanted.
    """
    found = select(models.c.key).where(models.c.workspace == workspace).limit(limit)
    return [int(key) for key in connection.execute(found).scalars()]


def remove_some_events(connection: Connection, workspace: str, limit: int) -> bool:
    """Remove some events of a workspace; whether there were any.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that go at once.
    """
    mine = select(events.c.position).where(events.c.workspace == workspace).limit(limit)
    return connection.execute(delete(events).where(events.c.position.in_(mine))).rowcount > 0


def remove_workspace(connection: Connection, places: Sequence[str]) -> None:
    """Remove what is left of a workspace without runs, models and events.

    Args:
        connection: The transaction's connection.
        places: Id of the workspace, and of its trash.
    """
    names = select(registered_models.c.key).where(registered_models.c.workspace.in_(places))
    for table in _OF_NAMES:
        connection.execute(delete(table).where(table.c.registered_key.in_(names)))
    logged = select(logged_models.c.key).where(logged_models.c.workspace.in_(places))
    for table in _OF_LOGGED:
        connection.execute(delete(table).where(table.c.logged_key.in_(logged)))
    known = select(experiments.c.id).where(experiments.c.workspace.in_(places))
    connection.execute(delete(experiment_tags).where(experiment_tags.c.experiment.in_(known)))
    # SQLite gives the last key again: the next journal would begin with the entries of this one.
    kept = select(journals.c.key).where(journals.c.workspace.in_(places))
    for table in _owned_by("journal_key"):
        connection.execute(delete(table).where(table.c.journal_key.in_(kept)))
    for table in _of_workspaces():
        connection.execute(delete(table).where(table.c.workspace.in_(places)))
    connection.execute(delete(workspaces).where(workspaces.c.id.in_(places)))


def remove_experiment(connection: Connection, workspace: str, name: str) -> None:
    """Remove the row of an experiment, with its tags and its title.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace, or of its trash.
        name: Its name.
    """
    mine = (experiments.c.workspace == workspace, experiments.c.name == name)
    known = select(experiments.c.id).where(*mine)
    for table in (experiment_tags, experiment_facts):
        connection.execute(delete(table).where(table.c.experiment.in_(known)))
    connection.execute(delete(experiments).where(*mine))


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, if it is there; what cannot be removed stays."""
    shutil.rmtree(folder, ignore_errors=True)


def _remove_sweep(connection: Connection, workspace: str, run: str) -> None:
    """Remove the sweep that a run is, if it is one, with its trials."""
    mine = (sweeps.c.workspace == workspace, sweeps.c.id == run)
    key = connection.execute(select(sweeps.c.key).where(*mine)).scalar_one_or_none()
    if key is None:
        return
    for table in _owned_by("sweep_key"):
        connection.execute(delete(table).where(table.c.sweep_key == key))
    connection.execute(delete(sweeps).where(sweeps.c.key == key))


@cache
def _owned_by(column: str) -> list[Table]:
    """The tables whose rows belong to a row of another one, by the column of its key."""
    return [
        table
        for table in metadata.sorted_tables
        if next(iter(table.primary_key.columns)).name == column
    ]


@cache
def _of_workspaces() -> list[Any]:
    # Who changed what is told for ever, also of what is gone.
    tables = [table for table in metadata.sorted_tables if table is not audit]
    return [table for table in tables if "workspace" in table.c]
