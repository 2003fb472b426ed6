"""MLflow's client at work: a run, a file, a search, a model version; argv: address and token."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

os.environ["MLFLOW_TRACKING_TOKEN"] = sys.argv[2]

import mlflow

mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("bench")
with mlflow.start_run() as run, tempfile.TemporaryDirectory() as folder:
    mlflow.log_params({"lr": 0.1, "batch": 32})
    for step in range(10):
        mlflow.log_metric("loss", 1.0 / (step + 1), step=step)
    mlflow.set_tag("kind", "small")
    Path(folder, "weights").write_text("weights")
    mlflow.log_artifacts(folder, "model")
client = mlflow.MlflowClient()
found = client.search_runs([run.info.experiment_id], "metrics.loss < 0.2")
if run.info.run_id not in [one.info.run_id for one in found]:
    sys.exit("the run is not found")
if len(client.get_metric_history(run.info.run_id, "loss")) != 10:
    sys.exit("values are lost")
if [one.path for one in client.list_artifacts(run.info.run_id, "model")] != ["model/weights"]:
    sys.exit("the file is lost")
# A name of its own, for it comes back to a server that it has been at.
name = f"bench-{run.info.run_id}"
client.create_registered_model(name)
version = client.create_model_version(name, f"{run.info.artifact_uri}/model", run.info.run_id)
client.set_registered_model_alias(name, "best", version.version)
