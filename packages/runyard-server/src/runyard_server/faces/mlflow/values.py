"""What MLflow's client logs of a run: metrics, parameters, tags."""

import json
from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard_server.faces.mlflow import asked, names
from runyard_server.faces.mlflow.asked import THOUSAND, Asked, Fields
from runyard_server.faces.mlflow.runs import tags_of
from runyard_server.operations import logged_models, tracked_runs, tracked_values, tracked_views
from runyard_server.operations.tracked_values import Logged, Point

LOGGED_MODELS_TAG = "mlflow.log-model.history"
_NEEDED = ("artifact_path", "flavors", "utc_time_created", "run_id")
_END = 2**63
# Of a model's description, what the run's history of models keeps.
_KEPT = ("run_id", "artifact_path", "utc_time_created", "flavors", "model_uuid", "model_id")


class _Plain(msgspec.Struct, gc=False):
    """A metric as nearly all are sent: numbers that are numbers, and of no logged model."""

    key: str
    value: float
    timestamp: int
    step: int | None = 0
    model_id: str | None = None


def log_batch(given: Asked) -> dict[str, Any]:
    """Log metrics, parameters and tags together."""
    run = given.own(given.run)
    metrics, params = given.records("metrics"), given.records("params")
    tags = given.records("tags")
    counts = {"metrics": len(metrics), "params": len(params), "tags": len(tags)}
    limits = (names.MOST_METRICS, names.MOST_PARAMS, names.MOST_TAGS)
    plain = _plain(metrics)
    points = plain or [_point(one, f"metrics[{place}].") for place, one in enumerate(metrics)]
    named = [_param(one, f"params[{place}].") for place, one in enumerate(params)]
    for (what, count), most in zip(counts.items(), limits, strict=True):
        names.limited(what, most, count)
    names.limited("metrics, params, and tags", names.MOST_ENTITIES, sum(counts.values()))
    _check_unique([name for name, _ in named])
    logged = Logged(points, dict(named), tags_of(given))
    if plain:
        # None of these names a model.
        tracked_values.log(given.system, given.workspace, run, logged)
    else:
        _log(given, run, metrics, logged)
    return {}


def log_metric(given: Asked) -> dict[str, Any]:
    """Log a point of a metric."""
    run = given.own(given.run)
    _log(given, run, [given.fields], Logged(points=[_point(given.fields, "")]))
    return {}


def log_param(given: Asked) -> dict[str, Any]:
    """Log a parameter."""
    run = given.own(given.run)
    name, value = _param(given.fields, "")
    tracked_values.log(given.system, given.workspace, run, Logged(params={name: value}))
    return {}


def set_tag(given: Asked) -> dict[str, Any]:
    """Set a tag of a run."""
    run = given.own(given.run)
    name = names.checked(given.required("key"), "key", "key")
    value = given.text("value")[: names.LONGEST_TAG]
    tracked_values.log(given.system, given.workspace, run, Logged(tags={name: value}))
    return {}


def delete_tag(given: Asked) -> dict[str, Any]:
    """Remove a tag of a run."""
    run = given.own(given.run)
    tracked_runs.remove_tag(given.system, given.workspace, run, given.required("key"))
    return {}


def log_model(given: Asked) -> dict[str, Any]:
    """Note that a model was logged among a run's files, as clients of MLflow 2 do."""
    run = given.own(given.run)
    try:
        model = msgspec.json.decode(given.required("model_json"))
    except msgspec.DecodeError:
        raise InvalidRequest("Malformed model info: model_json is not a valid JSON") from None
    lacking = {name for name in _NEEDED if not isinstance(model, dict) or name not in model}
    if lacking:
        raise InvalidRequest(f"Model json is missing mandatory fields: {sorted(lacking)}")
    found = tracked_views.get(given.system, given.workspace, run)
    history = _history(found.tags.get(LOGGED_MODELS_TAG, "[]"))
    history.append({name: model[name] for name in _KEPT if name in model})
    tags = {LOGGED_MODELS_TAG: json.dumps(history)}
    tracked_values.log(given.system, given.workspace, run, Logged(tags=tags))
    return {}


def _history(text: str) -> list[Any]:
    """The models that a tag tells of; anybody may have written something else there."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return []
    return found if isinstance(found, list) else []


def _log(given: Asked, run: str, metrics: list[Fields], logged: Logged) -> None:
    """Log for the run, and what names a logged model for that, too."""
    # Our importer tells what was measured of a model after its runs have come with all of it.
    if not given.flag("runyard_of_models_alone"):
        tracked_values.log(given.system, given.workspace, run, logged)
    of_models = [
        logged_models.Measured(
            model=asked.text(fields, "model_id"),
            name=point.name,
            value=point.value,
            time=point.time,
            step=point.step,
            run=run,
            dataset_name=asked.text(fields, "dataset_name") or None,
            dataset_digest=asked.text(fields, "dataset_digest") or None,
        )
        for fields, point in zip(metrics, logged.points, strict=True)
        if fields.get("model_id")
    ]
    if of_models:
        logged_models.measure(given.system, given.workspace, of_models)


def _plain(metrics: list[Fields]) -> list[Point] | None:
    """The points of a batch in which all is plain and right, read at once.

    A request has a thousand: to ask each field of each what it is takes longer than all the rest.
    None where something is other, so that it is read one by one, and refused by its place.
    """
    try:
        found = msgspec.convert(metrics, list[_Plain])
        for name in {one.key for one in found}:
            names.checked(name, "key", "Metric name")
    except (msgspec.ValidationError, InvalidRequest, OverflowError):
        return None
    points = [Point(one.key, one.value, one.timestamp * THOUSAND, one.step or 0) for one in found]
    is_right = all(
        one.key and not one.model_id and 0 <= point.time < _END and -_END < point.step < _END
        for one, point in zip(found, points, strict=True)
    )
    return points if is_right else None


def _point(fields: Fields, place: str) -> Point:
    name = asked.required(fields, "key", f"{place}key")
    value = asked.number(fields, "value", f"{place}value")
    at = asked.integer(fields, "timestamp", f"{place}timestamp")
    step = asked.integer(fields, "step", f"{place}step")
    names.checked(name, f"{place}name", "Metric name")
    if at is None:
        raise asked.missing(f"{place}timestamp")
    # Further than any calendar: some clients count microseconds, and no date is made of it.
    if at < 0 or at * THOUSAND >= _END:
        raise asked.wrong(f"{place}timestamp", at, "it must be milliseconds since 1970")
    return Point(name, value, at * THOUSAND, step or 0)


def _param(fields: Fields, place: str) -> tuple[str, str]:
    name = asked.required(fields, "key", f"{place}key")
    names.checked(name, f"{place}key", "Param key")
    return name, asked.text(fields, "value")[: names.LONGEST_PARAM]


def _check_unique(given: list[str]) -> None:
    twice = sorted({name for name in given if given.count(name) > 1})
    if twice:
        raise InvalidRequest(
            f"Duplicate parameter keys have been submitted: {twice}; send each once"
        )
