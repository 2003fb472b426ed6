"""Many runs that log at once: MLflow's `log-batch` by HTTP, and somebody who reads meanwhile.

The same requests go to whatever server speaks MLflow's protocol. Bodies are made before the clock
starts and sent over connections that are kept, a thread for each, so that what is measured is the
server; afterwards each point is asked for.
"""

from __future__ import annotations

import http.client
import json
import statistics
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

API = "/api/2.0/mlflow"
NAMES, STEPS = 10, 100
VALUES = NAMES * STEPS  # as many as a request may have
READ_EVERY = 0.1
SECONDS = 120


@dataclass
class Tracker:
    """A server, asked over one connection.

    Args:
        url: Its address.
        headers: What each request carries, such as a token.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        netloc = urlsplit(self.url).netloc
        self._connection = http.client.HTTPConnection(netloc, timeout=SECONDS)

    def ask(self, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
        """The JSON of a good answer.

        Args:
            method: The HTTP method.
            path: Below MLflow's API.
            body: JSON.

        Raises:
            RuntimeError: It is no good one.
        """
        headers = {"Content-Type": "application/json", **self.headers}
        self._connection.request(method, f"{API}/{path}", body, headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != http.client.OK:
            raise RuntimeError(f"{path}: {answer.status} {text[:200]!r}")
        found: dict[str, Any] = json.loads(text)
        return found

    def post(self, path: str, **fields: Any) -> dict[str, Any]:
        """The answer to an object that is sent."""
        return self.ask("POST", path, json.dumps(fields).encode())

    def another(self) -> Tracker:
        """The same server over a connection of its own."""
        return Tracker(self.url, self.headers)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def load(tracker: Tracker, clients: int, requests: int) -> dict[str, float]:
    """Have clients log to runs of their own at once, read meanwhile, and look for every point.

    Args:
        tracker: The server.
        clients: How many.
        requests: How many each of them sends, one after the other.

    Raises:
        RuntimeError: A request was refused, or something is not there.
    """
    runs = [_begun(tracker) for _ in range(clients)]
    work = [(tracker.another(), run, _bodies(run, requests)) for run in runs]
    took: list[float] = []
    reads: list[float] = []
    failed: list[Exception] = []
    over = threading.Event()
    reader = threading.Thread(target=_read, args=(tracker.another(), runs, reads, over, failed))
    threads = [threading.Thread(target=_log, args=(*one, took, failed)) for one in work]
    begun = time.perf_counter()
    for thread in (reader, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - begun
    over.set()
    reader.join()
    for one, _, _ in work:
        one.close()
    # Servers end connections that nobody has used for a while.
    tracker.close()
    if failed:
        raise failed[0]
    for run in runs:
        _check(tracker, run, requests * STEPS)
    tracker.close()
    return {
        "rate": clients * requests * VALUES / seconds,
        "request": statistics.median(took) * 1e3,
        "read": statistics.median(reads) * 1e3,
        "read_p99": statistics.quantiles(reads, n=100, method="inclusive")[98] * 1e3,
    }


def _begun(tracker: Tracker) -> str:
    made = tracker.post("runs/create", experiment_id="0", start_time=time.time_ns() // 1_000_000)
    return str(made["run"]["info"]["run_id"])


def _bodies(run: str, requests: int) -> list[bytes]:
    at = time.time_ns() // 1_000_000
    found = []
    for request in range(requests):
        steps = range(request * STEPS, (request + 1) * STEPS)
        metrics = [
            {"key": f"metric-{name}", "value": _value(name, step), "timestamp": at, "step": step}
            for step in steps
            for name in range(NAMES)
        ]
        found.append(json.dumps({"run_id": run, "metrics": metrics}).encode())
    return found


def _value(name: int, step: int) -> float:
    return (name + 1) / (step + 3)


def _log(
    tracker: Tracker, _run: str, bodies: list[bytes], took: list[float], failed: list[Exception]
) -> None:
    try:
        for body in bodies:
            begun = time.perf_counter()
            tracker.ask("POST", "runs/log-batch", body)
            took.append(time.perf_counter() - begun)
    except Exception as error:  # noqa: BLE001 - raised where the threads are joined
        failed.append(error)


def _read(
    tracker: Tracker,
    runs: list[str],
    took: list[float],
    over: threading.Event,
    failed: list[Exception],
) -> None:
    """Read one run after the other, as somebody who looks at a page of it."""
    number = 0
    try:
        while not over.is_set() or not took:
            begun = time.perf_counter()
            tracker.ask("GET", f"runs/get?run_id={runs[number % len(runs)]}")
            took.append(time.perf_counter() - begun)
            number += 1
            over.wait(READ_EVERY)
    except Exception as error:  # noqa: BLE001 - raised where the threads are joined
        failed.append(error)


def _check(tracker: Tracker, run: str, steps: int) -> None:
    for name in range(NAMES):
        query = urlencode({"run_id": run, "metric_key": f"metric-{name}"})
        found = tracker.ask("GET", f"metrics/get-history?{query}").get("metrics", [])
        there = {int(one.get("step", 0)): one["value"] for one in found}
        wanted = {step: _value(name, step) for step in range(steps)}
        if len(found) != steps or there != wanted:
            raise RuntimeError(f"{len(found)} points of {steps} are there, or others")
