"""MLflow's datasets and models that runs worked with, and models that they made."""

from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard_server.faces.mlflow import asked, names
from runyard_server.faces.mlflow.asked import Asked, Fields
from runyard_server.operations import run_inputs
from runyard_server.store.run_inputs import DATASET, MODEL_INPUT, MODEL_OUTPUT, InputRow

_CONTEXT = "mlflow.data.context"


def log_inputs(given: Asked) -> dict[str, Any]:
    """Note datasets and models that a run works with."""
    run = given.own(given.run)
    rows = [_dataset(one) for one in given.records("datasets")]
    rows += [_model(one, MODEL_INPUT) for one in given.records("models")]
    run_inputs.log(given.system, given.workspace, run, rows)
    return {}


def log_outputs(given: Asked) -> dict[str, Any]:
    """Note models that a run made."""
    run = given.own(given.run)
    rows = [_model(one, MODEL_OUTPUT) for one in given.records("models")]
    if given.fields.get("models") is None:
        raise asked.missing("models")
    run_inputs.log(given.system, given.workspace, run, rows)
    return {}


def search_datasets(given: Asked) -> dict[str, Any]:
    """The different datasets of experiments."""
    experiments = given.texts("experiment_ids")
    if not experiments:
        raise InvalidRequest("SearchDatasets request must specify at least one experiment_id.")
    if len(experiments) > run_inputs.MOST_EXPERIMENTS:
        raise InvalidRequest(
            f"SearchDatasets request cannot specify more than {run_inputs.MOST_EXPERIMENTS} "
            f"experiment_ids. Received {len(experiments)} experiment_ids."
        )
    found = run_inputs.datasets(given.system, given.workspace, experiments)
    summaries = []
    for experiment, name, digest, context in found:
        one = {"experiment_id": experiment, "name": name, "digest": digest}
        summaries.append(one if context is None else {**one, "context": context})
    return {"dataset_summaries": summaries}


def _dataset(fields: Fields) -> InputRow:
    dataset = fields.get("dataset")
    if not isinstance(dataset, dict):
        raise asked.missing("datasets.dataset")
    tags = {}
    for tag in asked.records(fields, "tags"):
        one = {"key": asked.required(tag, "key"), "value": asked.text(tag, "value")}
        for what, longest in names.LONGEST_INPUT_TAG.items():
            names.fitting(one[what], longest, what)
        tags[one["key"]] = one["value"]
    plain = {
        name: asked.text(dataset, name)
        for name in ("name", "digest", "source_type", "source", "schema", "profile")
        if dataset.get(name)
    }
    for name in ("name", "digest", "source_type", "source"):
        asked.required(dataset, name, f"datasets.dataset.{name}")
    for name, longest in names.LONGEST_OF_DATASET.items():
        names.fitting(plain.get(name, ""), longest, name)
    told = [{"key": name, "value": value} for name, value in tags.items()]
    document = msgspec.json.encode({"tags": told, "dataset": plain}).decode()
    return InputRow(DATASET, plain["name"], plain["digest"], tags.get(_CONTEXT), document)


def _model(fields: Fields, kind: str) -> InputRow:
    model = asked.required(fields, "model_id")
    told: dict[str, Any] = {"model_id": model}
    if kind == MODEL_OUTPUT:
        told["step"] = asked.integer(fields, "step") or 0
    return InputRow(kind, model, "", None, msgspec.json.encode(told).decode())
