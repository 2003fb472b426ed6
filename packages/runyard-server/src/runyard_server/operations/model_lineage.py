"""Where a model version comes from: its run, and what that was made of."""

from runyard.protocol.models import (
    LineageData,
    LineageEnvironment,
    LineageRun,
    LineageSnapshot,
    ModelLineage,
)
from runyard_server.core import specs
from runyard_server.core.clock import iso
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import model_datasets
from runyard_server.operations.model_lookups import require
from runyard_server.store import endpoints, environments, metrics, runs, snapshots, trashed
from runyard_server.store.models import ModelRow
from runyard_server.store.runs import RunRow


def lineage(system: System, workspace: str, model: str) -> ModelLineage:
    """Trace a model version back to its run, its source, its packages, its data and its metrics.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name`, `name:version` or `name@alias`.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """

    def read(work: Work) -> ModelLineage:
        row = require(work, workspace, model)
        served = endpoints.serving_model(work.connection, workspace, row.subject.id)
        found = _run(work, row)
        if found is None:
            datasets = model_datasets.lineage(work, row, None)
            freed = _freed(row)
            return ModelLineage(row.subject.id, run=freed, endpoints=served, datasets=datasets)
        run, deleted = found
        keys = [run.key]
        return ModelLineage(
            model=row.subject.id,
            run=_run_record(run, deleted=deleted),
            snapshot=_snapshot(work, workspace, run),
            environment=_environment(work, run),
            data=_data(work, run),
            params=runs.params(work.connection, keys)[run.key],
            metrics=metrics.latest(work.connection, keys)[run.key],
            properties=runs.properties(work.connection, keys)[run.key],
            endpoints=served,
            datasets=model_datasets.lineage(work, row, run.key),
        )

    return system.read(read)


def _run(work: Work, row: ModelRow) -> tuple[RunRow, bool] | None:
    """The run of a version, and whether it is in the trash."""
    if row.run is None:
        return None
    run = runs.find(work.connection, row.workspace, row.run)
    if run is not None:
        return run, False
    run = runs.find(work.connection, trashed.of(row.workspace), row.run)
    return None if run is None else (run, True)


def _freed(row: ModelRow) -> LineageRun | None:
    """What is left to tell of the run of a version when nothing of it is there any more."""
    if row.run is None:
        return None
    return LineageRun(row.run, row.experiment or "", 0, "", deleted=True)


def _run_record(run: RunRow, *, deleted: bool) -> LineageRun:
    return LineageRun(
        id=run.id,
        experiment=run.experiment,
        number=run.number,
        status=run.status,
        submitted_by=run.submitted_by,
        ended_at=None if run.ended_at is None else iso(run.ended_at),
        deleted=deleted,
    )


def _snapshot(work: Work, workspace: str, run: RunRow) -> LineageSnapshot | None:
    if not run.snapshot:
        return None
    row = snapshots.find(work.connection, workspace, run.snapshot)
    return None if row is None else LineageSnapshot(row.id, row.size, len(row.files))


def _environment(work: Work, run: RunRow) -> LineageEnvironment | None:
    if not run.environment_lock:
        return None
    lock = environments.find_lock(work.connection, run.environment_lock)
    if lock is None:
        return None
    # A package a line; continuations have its hashes.
    packages = [line for line in lock.requirements.splitlines() if line[:1].isalnum()]
    return LineageEnvironment(lock.digest, lock.python, len(packages))


def _data(work: Work, run: RunRow) -> list[LineageData]:
    spec = specs.of_run(work, run.key)
    return [LineageData(each.datastore, each.path, each.mode) for each in spec.data]
