"""Logs values to an MLflow server of its own; argv: how (sync, async or batch)."""

from __future__ import annotations

import sys
import time

import mlflow
import mlflow_server
from call_by_call import measured, value_of
from mlflow.entities import Metric
from serve import serve

BATCH = 1000  # the most that a request may have
url = mlflow_server.start()
mlflow.set_tracking_uri(url)
mlflow.set_experiment("bench")
client = mlflow.MlflowClient()


def _nothing() -> None:
    """Each call came back when its value was kept."""


def calls(count: int) -> dict:
    """Log values call by call."""
    waits = sys.argv[1] == "sync"
    with mlflow.start_run() as run:
        words = ("mlflow", url, run.info.run_id)

        def log(number: int, value: float) -> None:
            mlflow.log_metric("loss", value, step=number, synchronous=waits)

        return measured(count, log, _nothing if waits else mlflow.flush_async_logging, *words)


def batch(count: int) -> dict:
    """Log values a thousand to a request."""
    with mlflow.start_run() as run:
        begun = time.perf_counter()
        for first in range(0, count, BATCH):
            some = range(first, min(first + BATCH, count))
            at = time.time_ns() // 1_000_000
            client.log_batch(run.info.run_id, [Metric("loss", value_of(n), at, n) for n in some])
        rate = count / (time.perf_counter() - begun)
    found = len(client.get_metric_history(run.info.run_id, "loss"))
    if found != count:
        raise RuntimeError(f"{found} values of {count}")
    return {"rate": rate}


serve({"calls": batch if sys.argv[1] == "batch" else calls})
