"""MLflow's logged models: what its client, from version 3 on, makes of each `log_model`."""

from typing import Any

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, METRIC, PARAMETER, TAG, Condition, Field
from runyard_server.faces.mlflow import asked, experiments, names, places, searching, shown
from runyard_server.faces.mlflow.asked import Asked, Fields, milliseconds, told
from runyard_server.faces.mlflow.places import Place
from runyard_server.operations import logged_models as models
from runyard_server.operations.logged_models import CreateLogged, LoggedModel, LoggedSearch
from runyard_server.store import logged_models as rows
from runyard_server.store.logged_models import Dataset, MetricRow, Sort

_PAGE, _MOST = 100, 1000
_STATUSES = {
    rows.PENDING: "LOGGED_MODEL_PENDING",
    rows.READY: "LOGGED_MODEL_READY",
    rows.FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
}
_OTHERS = {
    "creation_time": "creation_timestamp",
    "creation_timestamp_ms": "creation_timestamp",
    "last_updated_timestamp_ms": "last_updated_timestamp",
}
_STATUS_COMPARED = ("=", "!=", *filters.LISTS, *filters.NULLS)
_KINDS = (ATTRIBUTE, METRIC, PARAMETER, TAG)


def create(given: Asked) -> dict[str, Any]:
    """Begin a logged model."""
    run = given.text("source_run_id")
    if given.adding() is not None and run:
        given.own(run)
    body = CreateLogged(
        experiment=given.required("experiment_id"),
        name=names.of_model(given.text("name")),
        run=run,
        model_type=given.text("model_type"),
        tags=_named(given, "tags", names.LONGEST_TAG),
        params=_named(given, "params", names.LONGEST_PARAM),
        id=given.text("runyard_model_id"),
    )
    return {"model": _shown(models.create(given.system, given.workspace, body))}


def get(given: Asked) -> dict[str, Any]:
    """A logged model."""
    deleted = given.flag("allow_deleted")
    found = models.get(given.system, given.workspace, _model(given), deleted=deleted)
    return {"model": _shown(found)}


def finalize(given: Asked) -> dict[str, Any]:
    """End the making of a logged model: it is whole, or it failed."""
    status = _status(given)
    found = models.finalize(given.system, given.workspace, _own(given), status)
    return {"model": _shown(found)}


def delete(given: Asked) -> dict[str, Any]:
    """Delete a logged model."""
    if models.run_of(given.system, given.workspace, _model(given)) is None:
        given.only_user("delete logged models that no run made")
    models.delete(given.system, given.workspace, _own(given))
    return {}


def log_params(given: Asked) -> dict[str, Any]:
    """Add parameters to a logged model."""
    params = _named(given, "params", names.LONGEST_PARAM)
    models.log_params(given.system, given.workspace, _own(given), params)
    return {}


def set_tags(given: Asked) -> dict[str, Any]:
    """Set tags of a logged model."""
    tags = _named(given, "tags", names.LONGEST_TAG)
    models.set_tags(given.system, given.workspace, _own(given), tags)
    return {}


def delete_tag(given: Asked) -> dict[str, Any]:
    """Remove a tag of a logged model."""
    models.remove_tag(given.system, given.workspace, _own(given), given.segments["tag"])
    return {}


def search(given: Asked) -> dict[str, Any]:
    """One page of logged models."""
    found_in = given.texts("experiment_ids")
    if not found_in:
        raise asked.missing("experiment_ids")
    body = LoggedSearch(
        experiments=found_in,
        conditions=[_condition(one) for one in searching.conditions(given.text("filter"))],
        datasets=[_dataset(one) for one in given.records("datasets")],
        order=_orders(given.records("order_by")),
        limit=experiments.size(given, _PAGE, _MOST),
        page_token=given.text("page_token") or None,
    )
    found, token = models.search(given.system, given.workspace, body)
    return experiments.paged("models", [_shown(one) for one in found], token)


def list_artifacts(given: Asked) -> dict[str, Any]:
    """The files and folders in a folder of a logged model."""
    found = models.get(given.system, given.workspace, _model(given))
    folder = places.checked(given.text("artifact_directory_path"))
    listed = places.children(given, Place(folder, model=found.row.id))
    entries = [places.entry(folder, one) for one in listed]
    return {"root_uri": _artifact_uri(found), "files": entries}


def _model(given: Asked) -> str:
    return given.segments["model"]


def _own(given: Asked) -> str:
    """The model, if the token may change it."""
    model = _model(given)
    places.changeable(given, Place("", model=model))
    return model


def _named(given: Asked, name: str, longest: int) -> dict[str, str]:
    return {
        asked.required(one, "key", f"{name}.key"): asked.text(one, "value")[:longest]
        for one in given.records(name)
    }


def _status(given: Asked) -> int:
    value = given.fields.get("status")
    for number, word in _STATUSES.items():
        if str(value) in (str(number), word):
            return number
    if value is None:
        raise asked.missing("status")
    raise asked.wrong("status", value, f"it can be {', '.join(_STATUSES.values())}")


def _condition(one: Condition) -> Condition:
    if one.field.kind not in _KINDS:
        raise InvalidRequest(f"Invalid entity type: {one.field.kind!r}; there are {_KINDS}")
    if one.field.kind != ATTRIBUTE:
        return searching.checked(one, numbers=one.field.kind == METRIC)
    one = one._replace(field=_attribute(one.field.name))
    if one.field.name in rows.TIMES:
        return searching.timed(one)
    searching.checked(one, numbers=False)
    if one.field.name == "status":
        if one.operator not in _STATUS_COMPARED:
            raise InvalidRequest(f"a status is compared with =, != or IN, not {one.operator}")
        return one._replace(values=tuple(_number(str(value)) for value in one.values))
    return one


def _attribute(name: str) -> Field:
    name = _OTHERS.get(name, name)
    if name not in rows.ATTRIBUTES:
        raise InvalidRequest(
            f"Invalid attribute {name!r} of logged models; there are {', '.join(rows.ATTRIBUTES)}"
        )
    return Field(ATTRIBUTE, name)


def _number(word: str) -> int:
    short = {full.removeprefix("LOGGED_MODEL_"): number for number, full in _STATUSES.items()}
    return short.get(word.removeprefix("LOGGED_MODEL_"), 0)


def _dataset(fields: Fields) -> Dataset:
    name = asked.text(fields, "dataset_name")
    if not name:
        raise InvalidRequest("`dataset_name` in the `datasets` clause must be specified")
    return Dataset(name, asked.text(fields, "dataset_digest") or None)


def _orders(given: list[Fields]) -> list[Sort]:
    found = [_order(one) for one in searching.few_orders(given)]
    there = {one.field for one in found}
    # As MLflow orders what was not asked for.
    for name, descending in (("creation_timestamp", True), ("model_id", False)):
        if Field(ATTRIBUTE, name) not in there:
            found.append(Sort(Field(ATTRIBUTE, name), descending))
    return found


def _order(fields: Fields) -> Sort:
    name = asked.required(fields, "field_name")
    descending = fields.get("ascending") is False
    kind, dot, rest = name.partition(".")
    if not dot:
        return Sort(_attribute(name), descending)
    if kind != METRIC:
        raise InvalidRequest(f"Invalid order by field name: {name}; of these, metrics alone")
    on = asked.text(fields, "dataset_name")
    dataset = Dataset(on, asked.text(fields, "dataset_digest") or None) if on else None
    return Sort(Field(METRIC, rest.strip("`")), descending, dataset)


def _artifact_uri(found: LoggedModel) -> str:
    base = found.location or f"{shown.SCHEME}/{found.experiment}"
    return shown.below(base, f"models/{found.row.id}/artifacts")


def _shown(found: LoggedModel) -> dict[str, Any]:
    row = found.row
    info = {
        "experiment_id": found.experiment,
        "model_id": row.id,
        "name": row.name,
        "artifact_uri": _artifact_uri(found),
        "creation_timestamp_ms": milliseconds(row.created_at),
        "last_updated_timestamp_ms": milliseconds(row.changed_at),
        "model_type": row.model_type,
        "source_run_id": row.run or "",
        "status": _STATUSES[row.status],
        "tags": shown.pairs(found.tags),
    }
    metrics = [_metric(row.id, one) for one in found.metrics]
    return {"info": info, "data": {"params": shown.pairs(found.params), "metrics": metrics}}


def _metric(model: str, one: MetricRow) -> dict[str, Any]:
    plain = {
        "key": one.name,
        "value": told(one.value),
        "timestamp": milliseconds(one.time),
        "step": one.step,
        "model_id": model,
        "run_id": one.run,
        "dataset_name": one.dataset_name,
        "dataset_digest": one.dataset_digest,
    }
    return {name: value for name, value in plain.items() if value is not None}
