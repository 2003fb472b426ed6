"""What MLflow's client logs of a run: metrics, parameters, tags."""

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest
from runyard_server.faces.mlflow import asked, names
from runyard_server.faces.mlflow.asked import THOUSAND, Asked, Fields
from runyard_server.faces.mlflow.runs import tags_of
from runyard_server.operations import logged_models, tracked_runs, tracked_values, tracked_views
from runyard_server.operations.tracked_values import Columns, Logged, Point

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


_METRICS = msgspec.json.Decoder(list[_Plain])


def log_batch(given: Asked) -> dict[str, Any]:
    """Log metrics, parameters and tags together."""
    run = given.own(given.run)
    params, tags = given.records("params"), given.records("tags")
    plain = _plain(given.fields.get("metrics"))
    metrics = given.records("metrics") if plain is None else []
    points = [_point(one, f"metrics[{place}].") for place, one in enumerate(metrics)]
    columns = tracked_values.by_name(points) if plain is None else plain
    count = sum(len(one.values) for one in columns.values())
    named = [_param(one, f"params[{place}].") for place, one in enumerate(params)]
    counts = {"metrics": count, "params": len(params), "tags": len(tags)}
    limits = (names.MOST_METRICS, names.MOST_PARAMS, names.MOST_TAGS)
    for (what, number), most in zip(counts.items(), limits, strict=True):
        names.limited(what, most, number)
    names.limited("metrics, params, and tags", names.MOST_ENTITIES, sum(counts.values()))
    _check_unique([name for name, _ in named])
    logged = Logged(columns, dict(named), tags_of(given))
    # None of those that are plain names a model.
    _log(given, run, list(zip(metrics, points, strict=True)), logged)
    return {}


def log_metric(given: Asked) -> dict[str, Any]:
    """Log a point of a metric."""
    run = given.own(given.run)
    point = _point(given.fields, "")
    _log(given, run, [(given.fields, point)], Logged(tracked_values.by_name([point])))
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
    history = logged_models.told_in(found.tags.get(LOGGED_MODELS_TAG, "[]"))
    history.append({name: model[name] for name in _KEPT if name in model})
    tags = {LOGGED_MODELS_TAG: json.dumps(history)}
    tracked_values.log(given.system, given.workspace, run, Logged(tags=tags))
    return {}


def _log(given: Asked, run: str, metrics: Sequence[tuple[Fields, Point]], logged: Logged) -> None:
    """Log for the run, and those metrics that name a logged model for that, too."""
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
        for fields, point in metrics
        if fields.get("model_id")
    ]
    if of_models:
        logged_models.measure(given.system, given.workspace, of_models)


def _plain(metrics: object) -> dict[str, Columns] | None:
    """The points of a batch in which all is plain and right, read at once.

    A request has a thousand: to ask each field of each what it is takes longer than all the rest.
    None where something is other, so that it is read one by one, and refused by its place.
    """
    if not isinstance(metrics, msgspec.Raw):
        return None
    groups: dict[str, list[_Plain]] = {}
    try:
        for one in _METRICS.decode(metrics):
            groups.setdefault(one.key, []).append(one)
        for name in groups:
            names.checked(name, "key", "Metric name")
    except (msgspec.MsgspecError, UnicodeDecodeError, InvalidRequest):
        return None
    found = {name: _columns(group) for name, group in groups.items()}
    is_right = all(
        name
        and min(one.times) >= 0
        and max(one.times) < _END
        and min(one.steps) > -_END
        and max(one.steps) < _END
        for name, one in found.items()
    )
    models = {one.model_id for group in groups.values() for one in group}
    return found if is_right and models <= {None, ""} else None


def _columns(group: Sequence[_Plain]) -> Columns:
    return Columns(
        [one.value for one in group],
        [one.timestamp * THOUSAND for one in group],
        [one.step or 0 for one in group],
    )


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
