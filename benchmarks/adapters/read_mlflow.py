"""Puts long series into the database of an MLflow server of its own, then reads them thinned."""

from __future__ import annotations

import sqlite3
import time

import curves
import mlflow
import mlflow_server
from serve import serve

url = mlflow_server.start()
client = mlflow.MlflowClient(url)
_runs: list = []


def fill(runs: int, points: int) -> dict:
    """Have so many runs with so many points each; logging them would take an hour."""
    if _runs:
        return {}
    _runs.extend(client.create_run("0").info.run_id for _ in range(runs))
    at = time.time_ns() // 1_000_000
    values = curves.values(points)
    with sqlite3.connect("mlflow.db", timeout=60) as connection:
        for run in _runs:
            rows = [("loss", value, at + step, run, step) for step, value in enumerate(values)]
            connection.executemany(
                "INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) "
                "VALUES (?, ?, ?, ?, ?, 0)",
                rows,
            )
    connection.close()
    return {}


serve({"fill": fill, "bulk": lambda: curves.bulk(url, "", _runs)})
