"""The series that are read back: what each run has logged, and what must be in a thinned one."""

from __future__ import annotations

import json
import time
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlencode

if TYPE_CHECKING:
    from collections.abc import Sequence

POINTS = 1000
# A value that no thinning by extremes may leave out.
SPIKE, SPIKE_AT = 9.5, 0.3
BULK = "/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval"


def values(count: int) -> list[float]:
    """A curve that falls, with a spike in it."""
    found = [1.0 / (1.0 + number / 1000.0) for number in range(count)]
    found[int(count * SPIKE_AT)] = SPIKE
    return found


def check(found: Sequence[Sequence[float]], runs: int, *, spike: bool = True) -> None:
    """Raise where a curve is not among what was read, or lacks what it must have.

    Args:
        found: The values of each run.
        runs: How many runs there are.
        spike: Whether the thinning keeps extremes.
    """
    if len(found) != runs or not all(POINTS // 2 <= len(one) <= POINTS for one in found):
        raise RuntimeError(f"{len(found)} series, {sorted({len(one) for one in found})} points")
    if spike and not all(SPIKE in one for one in found):
        raise RuntimeError("a spike is lost")


def bulk(url: str, token: str, runs: Sequence[str]) -> dict:
    """Ask for all runs' series as MLflow's pages do, in one request.

    Args:
        url: The server's address.
        token: What it wants to be shown; "" for nothing.
        runs: Ids of the runs.
    """
    query = [("run_ids", run) for run in runs]
    asked = urlencode([*query, ("metric_key", "loss"), ("max_results", POINTS)])
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"{url.rstrip('/')}{BULK}?{asked}", headers=headers)
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=600) as answer:
        told = json.loads(answer.read())
    seconds = time.perf_counter() - begun
    by_run: dict[str, list[float]] = {}
    for one in told["metrics"]:
        by_run.setdefault(one["run_id"], []).append(one["value"])
    check(list(by_run.values()), len(runs), spike=False)
    return {"read": seconds}
