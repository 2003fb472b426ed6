"""Sends folders to an MLflow server of its own, which keeps the artifacts, and fetches them."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import mlflow
import mlflow_server
from serve import serve

mlflow.set_tracking_uri(mlflow_server.start())
mlflow.set_experiment("bench")


def once(source: str, back: str) -> dict:
    """Send, fetch, send again; see `b07_files`."""
    with mlflow.start_run() as run:
        times = [time.perf_counter()]
        mlflow.log_artifacts(source, "in")
        times.append(time.perf_counter())
        mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="in", dst_path=back
        )
        times.append(time.perf_counter())
        mlflow.log_artifacts(source, "again")
        times.append(time.perf_counter())
    for path in Path(back, "in").iterdir():
        shutil.move(str(path), str(Path(back, path.name)))
    Path(back, "in").rmdir()
    names = ("in", "out", "again")
    return {
        name: end - begin for name, begin, end in zip(names, times[:-1], times[1:], strict=True)
    }


def large(source: str, back: str, other: str) -> dict:  # noqa: ARG001 - it does not go on
    """Send and fetch one file; see `b07_files`."""
    with mlflow.start_run() as run:
        times = [time.perf_counter()]
        mlflow.log_artifact(source, "in")
        times.append(time.perf_counter())
        came = mlflow.artifacts.download_artifacts(
            run_id=run.info.run_id, artifact_path="in/large.bin", dst_path=back
        )
        times.append(time.perf_counter())
        mlflow.log_artifact(source, "again")
        times.append(time.perf_counter())
    # Of a lone file some versions keep the folder.
    if Path(came).parent != Path(back):
        shutil.move(came, str(Path(back, "large.bin")))
        Path(came).parent.rmdir()
    names = ("in", "out", "again")
    return {
        name: end - begin for name, begin, end in zip(names, times[:-1], times[1:], strict=True)
    }


serve({"once": once, "large": large})
