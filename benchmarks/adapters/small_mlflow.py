"""A small run and a version of many files, against an MLflow server of its own."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import mlflow
import mlflow_server
from serve import serve

mlflow.set_tracking_uri(mlflow_server.start())
mlflow.set_experiment("bench")
client = mlflow.MlflowClient()
NAME = "many-files"
_with_files: list = []


def small() -> dict:
    """Create a run, log to it call by call, end it; then look whether all of it is there."""
    begun = time.perf_counter()
    with mlflow.start_run() as run:
        for name in ("lr", "batch", "seed"):
            mlflow.log_param(name, 1)
        for step in range(10):
            mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
        mlflow.set_tag("kind", "small")
    seconds = time.perf_counter() - begun
    return _checked(run.info.run_id, seconds)


def together() -> dict:
    """The same with what may go together in one request: parameters, metrics and tag."""
    begun = time.perf_counter()
    with mlflow.start_run() as run:
        mlflow.log_params({"lr": 1, "batch": 1, "seed": 1})
        at = time.time_ns() // 1_000_000
        points = [mlflow.entities.Metric("loss", 1.0 / (n + 1), at, n) for n in range(10)]
        tag = mlflow.entities.RunTag("kind", "small")
        client.log_batch(run.info.run_id, metrics=points, tags=[tag])
    seconds = time.perf_counter() - begun
    return _checked(run.info.run_id, seconds)


def _checked(run_id: str, seconds: float) -> dict:
    found = client.get_run(run_id).data
    losses = client.get_metric_history(run_id, "loss")
    if len(losses) != 10 or len(found.params) != 3 or found.tags.get("kind") != "small":
        raise RuntimeError("something of the run is lost")
    return {"run": seconds}


def version(files: int) -> dict:
    """Register a folder of a run that has ended; MLflow notes where it is."""
    if not _with_files:
        client.create_registered_model(NAME)
        with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
            for number in range(files):
                Path(folder, f"part-{number}").write_text(f"part {number}")
            mlflow.log_artifacts(folder, "model")
        _with_files.append(run.info)
    info = _with_files[0]
    begun = time.perf_counter()
    source = f"{info.artifact_uri}/model"
    made = client.create_model_version(NAME, source, info.run_id, await_creation_for=0)
    seconds = time.perf_counter() - begun
    if client.get_model_version(NAME, made.version).source != source:
        raise RuntimeError("the version is not there")
    return {"version": seconds}


serve({"small": small, "together": together, "version": version})
