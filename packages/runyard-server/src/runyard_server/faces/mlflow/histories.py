"""The histories of metrics, as MLflow's client and its pages read them."""

from collections.abc import Iterable, Sequence
from math import isnan
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard_server.faces.mlflow import asked, experiments, shown
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.operations import tracked_views
from runyard_server.operations.tracked_views import Logged
from runyard_server.store import pages

_MOST = 2**31
_MOST_RUNS, _MOST_POINTS, _MOST_SAMPLED = 100, 25_000, 2500


def get(given: Asked) -> dict[str, Any]:
    """The history of a metric of a run, by time; a page of it where one is asked for."""
    run, name = given.run, given.required("metric_key")
    points = _by_time(tracked_views.history(given.system, given.workspace, run, name))
    token, first = None, pages.offset(given.text("page_token") or None)
    if given.fields.get("max_results") is not None:
        size = experiments.size(given, _MOST, _MOST)
        token = pages.token(first + size) if len(points) > first + size else None
        points = points[first : first + size]
    return experiments.paged("metrics", [_metric(name, one) for one in points], token)


def get_bulk(given: Asked) -> dict[str, Any]:
    """The histories of one metric of several runs."""
    runs = given.texts("run_id")
    if not runs:
        raise InvalidRequest("GetMetricHistoryBulk request must specify at least one run_id.")
    if len(runs) > _MOST_RUNS:
        raise InvalidRequest(
            f"GetMetricHistoryBulk request cannot specify more than {_MOST_RUNS} run_ids. Received "
            f"{len(runs)} run_ids."
        )
    name = given.text("metric_key")
    if not name:
        raise InvalidRequest("GetMetricHistoryBulk request must specify a metric_key.")
    most = min(experiments.size(given, _MOST_POINTS, _MOST), _MOST_POINTS)
    found = []
    for run in sorted(runs):
        points = _by_time(tracked_views.history(given.system, given.workspace, run, name))
        found += [{**_metric(name, one), "run_id": run} for one in points]
    return {"metrics": found[:most]}


def get_sampled(given: Asked) -> dict[str, Any]:
    """The histories of one metric of several runs, thinned evenly."""
    runs = given.texts("run_ids")
    if not runs:
        raise asked.missing("run_ids")
    if len(runs) > _MOST_RUNS:
        raise InvalidRequest(
            f"GetMetricHistoryBulkInterval request must specify at most {_MOST_RUNS} run_ids. "
            f"Received {len(runs)} run_ids."
        )
    name = given.required("metric_key")
    most = given.integer("max_results") if given.fields.get("max_results") else _MOST_SAMPLED
    if most is None or not 1 <= most <= _MOST_SAMPLED:
        raise InvalidRequest(f"max_results must be between 1 and {_MOST_SAMPLED}.")
    low, high = given.integer("start_step"), given.integer("end_step")
    if (low is None) != (high is None):
        raise InvalidRequest(
            "If either start step or end step are specified, both must be specified."
        )
    if low is not None and high is not None and low > high:
        raise InvalidRequest(
            f"end_step must be greater than start_step. Found start_step={low} and end_step={high}."
        )
    found = []
    # A range is looked for among all points.
    enough = most if low is None else None
    for run in runs:
        points = tracked_views.history(given.system, given.workspace, run, name, enough)
        inside = [one for one in points if low is None or low <= one.step <= (high or 0)]
        once = _distinct(inside).values()
        thinned = _thinned(sorted(once, key=lambda one: (one.step, one.time)), most)
        found += [{**_metric(name, one), "run_id": run} for one in thinned]
    return {"metrics": found}


def _by_time(points: Sequence[Logged]) -> list[Logged]:
    """Points in MLflow's order."""
    return [point for _, point in sorted(_distinct(points).items())]


def _distinct(points: Iterable[Logged]) -> dict[tuple[int, int, bool, float], Logged]:
    """Points by their place in MLflow's order; equal ones once: a request that was sent twice.

    A NaN equals nothing and has no order, so MLflow's tables hold a zero and a mark in its place.
    """
    found: dict[tuple[int, int, bool, float], Logged] = {}
    for one in points:
        odd = isnan(one.value)
        found.setdefault((one.time, one.step, odd, 0.0 if odd else one.value), one)
    return found


def _metric(name: str, one: Logged) -> dict[str, Any]:
    return shown.metric(name, one.value, one.time, one.step)


def _thinned(points: Sequence[Logged], most: int) -> Sequence[Logged]:
    """At most so many points, evenly spaced, the first and the last among them.

    As MLflow's server thins, by the first of each part of SQL's NTILE: whoever lays curves of
    several runs over one another finds the same steps.
    """
    if len(points) <= most:
        return points
    size, larger = divmod(len(points), most)
    first = [place * size + min(place, larger) for place in range(most)]
    return [points[place] for place in [*first[:-1], len(points) - 1]]
