"""Tracking URIs of the form `azureml://…` lead to the workspace of that name here."""

import json
import os
import subprocess
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.mlflow.clients import HERE, LINES
from tests.mlflow.plain import Plain
from tests.serving.peers import python_of

from runyard.protocol.light_half import root_of
from runyard.sdk.v1.mlflow_addresses import workspace_of
from runyard_server.testing.services import RunningService

HOST = "azureml://westeurope.api.azureml.ms/mlflow/v1.0"
SCRIPT = """
import json, sys, mlflow
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("by address")
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.5)
    mlflow.log_text("hello", "notes/a.txt")
client = mlflow.MlflowClient(sys.argv[1])
client.create_registered_model(sys.argv[2])
client.create_model_version(sys.argv[2], f"runs:/{run.info.run_id}/notes", run.info.run_id)
from azureml.mlflow import get_portal_url, register_model
submitted = mlflow.projects.run(
    ".", parameters={"x": 3}, backend="azureml", backend_config={"USE_CONDA": False}
)
print(json.dumps({
    "run": run.info.run_id,
    "page": get_portal_url(run),
    "model": register_model(run, sys.argv[2], "notes", tags={"by": "name"}).id,
    "project": submitted.get_status(),
    "said": mlflow.artifacts.load_text(
        f"runs:/{submitted.run_id}/azureml-logs/70_driver_log.txt"
    ),
    "text": mlflow.artifacts.load_text(f"runs:/{run.info.run_id}/notes/a.txt"),
    "files": [one.path for one in client.list_artifacts(run.info.run_id, "notes")],
    "versions": len(client.search_model_versions(f"name = '{sys.argv[2]}'")),
}))
"""
PROJECT = """
name: p
entry_points:
  main:
    parameters: {x: float}
    command: "echo given {x}"
"""


def _installed(folder: Path) -> Path:
    """A folder with the light half as it is installed, for an interpreter that has MLflow."""
    folder.mkdir()
    for name in ("runyard", "azureml"):
        (folder / name).symlink_to(str(root_of(name)))
    told = folder / "runyard_azureml-0.1.0.dist-info"
    told.mkdir()
    for name in ("METADATA", "entry_points.txt"):
        text = metadata.distribution("runyard-azureml").read_text(name)
        (told / name).write_text(str(text), "utf-8")
    return folder


@pytest.mark.parametrize("line", LINES)
def test_an_address_of_azure_is_a_workspace_here(
    line: str, service: RunningService, tmp_path: Path
) -> None:
    """A script that has such an address written down logs, keeps files and registers here."""
    address = f"{HOST}/subscriptions/s/resourceGroups/r/providers/p/workspaces/default"
    if line == "2":
        address = "azureml://"
    (tmp_path / "MLproject").write_text(PROJECT)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHON"))}
    ran = subprocess.run(
        [str(python_of(f"mlflow-{line}", HERE / "peers")), "-c", SCRIPT, address, f"net-{line}"],
        env={
            **kept,
            "PYTHONPATH": str(_installed(tmp_path / "light")),
            "RUNYARD_HOME": str(service.home),
            "MLFLOW_DISABLE_TELEMETRY": "true",
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert (told["text"], told["files"], told["versions"]) == ("hello", ["notes/a.txt"], 2)
    assert Plain(service).good("GET", f"/api/v1/workspaces/default/runs/{told['run']}")["status"]
    # What `azureml.mlflow` has means the workspace that MLflow logs to, and so do its projects.
    assert told["page"].endswith(f"/runs/default/{told['run']}")
    assert told["model"] == f"net-{line}:2"
    assert (told["project"], told["said"].strip()) == ("FINISHED", "given 3")


def test_an_address_tells_its_workspace() -> None:
    """Names with blanks and in any case of the words around them are those that were written."""
    name = quote("my space")
    said = f"{HOST}/subscriptions/1-2/resourcegroups/r/providers/x/Workspaces/{name}?a=b"
    assert workspace_of(said) == {
        "subscription_id": "1-2",
        "resource_group": "r",
        "name": "my space",
    }
    assert workspace_of("azureml://") == {}
