"""Runs and experiments as MLflow's JSON."""

from typing import Any

import msgspec

from runyard.protocol import runs as states
from runyard_server.faces.mlflow.asked import milliseconds, told
from runyard_server.operations.tracked_experiments import TrackedExperiment
from runyard_server.operations.tracked_views import TrackedRun
from runyard_server.store import run_inputs

SCHEDULED, RUNNING, FINISHED, FAILED, KILLED = (
    "SCHEDULED",
    "RUNNING",
    "FINISHED",
    "FAILED",
    "KILLED",
)
STATUSES = {
    SCHEDULED: (
        states.NOT_STARTED,
        states.STARTING,
        states.PREPARING,
        states.PROVISIONING,
        states.QUEUED,
    ),
    RUNNING: (states.RUNNING, states.FINALIZING, states.CANCEL_REQUESTED),
    FINISHED: (states.COMPLETED,),
    FAILED: (states.FAILED,),
    KILLED: (states.CANCELED,),
}
_SHOWN = {ours: name for name, several in STATUSES.items() for ours in several}
SCHEME = "mlflow-artifacts:"


def stage(deleted_at: int | None) -> str:
    """Whether something is deleted, in MLflow's word."""
    return "active" if deleted_at is None else "deleted"


def pairs(named: Any) -> list[dict[str, Any]]:
    """Names with values, as MLflow lists them."""
    return [{"key": name, "value": value} for name, value in named.items()]


def full(fields: dict[str, Any]) -> dict[str, Any]:
    """Fields without empty lists, which JSON of protocol buffers leaves out."""
    return {name: value for name, value in fields.items() if value != []}


def experiment(found: TrackedExperiment) -> dict[str, Any]:
    """An experiment."""
    row = found.row
    told = {
        "experiment_id": found.id,
        "name": row.title,
        "artifact_location": row.location or f"{SCHEME}/{found.id}",
        "lifecycle_stage": stage(row.deleted_at),
        "creation_time": milliseconds(row.created_at),
        "last_update_time": milliseconds(row.changed_at),
        "workspace": row.workspace,
        "tags": pairs(found.tags),
    }
    return full(told)


def artifact_uri(found: TrackedRun) -> str:
    """Where the client of a run keeps its files: here, unless the experiment has a place."""
    return below(found.location or f"{SCHEME}/{found.experiment}", f"{found.row.id}/artifacts")


def below(place: str, path: str) -> str:
    """An address below that of an experiment, whose query stays at the end."""
    base, mark, query = place.partition("?")
    return f"{base.rstrip('/')}/{path}{mark}{query}"


def run_info(found: TrackedRun) -> dict[str, Any]:
    """A run without what was logged of it."""
    row = found.row
    started = row.created_at if row.started_at is None else row.started_at
    info = {
        "run_uuid": row.id,
        "run_id": row.id,
        "run_name": row.name or row.id,
        "experiment_id": found.experiment,
        "user_id": row.submitted_by,
        "status": _SHOWN[row.status],
        "start_time": milliseconds(started),
        "artifact_uri": artifact_uri(found),
        "lifecycle_stage": stage(row.deleted_at),
    }
    if row.ended_at is not None:
        info["end_time"] = milliseconds(row.ended_at)
    return info


def run(found: TrackedRun) -> dict[str, Any]:
    """A run with the latest of what was logged of it."""
    tags = {"mlflow.runName": found.row.name or found.row.id, **found.tags}
    latest = [metric(one.name, one.value, one.time, one.step) for one in found.metrics]
    data = {"metrics": latest, "params": pairs(found.params), "tags": pairs(tags)}
    inputs = {
        "dataset_inputs": _documents(found, run_inputs.DATASET),
        "model_inputs": _documents(found, run_inputs.MODEL_INPUT),
    }
    told = {"info": run_info(found), "data": full(data), "inputs": full(inputs)}
    made = _documents(found, run_inputs.MODEL_OUTPUT)
    return {**told, "outputs": {"model_outputs": made}} if made else told


def metric(name: str, value: float, time: int, step: int) -> dict[str, Any]:
    """A point of a metric.

    Args:
        name: Its name.
        value: The value.
        time: Microseconds since 1970.
        step: The step.
    """
    return {"key": name, "value": told(value), "timestamp": milliseconds(time), "step": step}


def _documents(found: TrackedRun, kind: str) -> list[Any]:
    return [msgspec.json.decode(one.document) for one in found.inputs if one.kind == kind]
