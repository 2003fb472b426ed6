"""A run of ours is one of MLflow's, a run of MLflow's is one of ours, and a job's is both."""

import base64
import json
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.mlflow.clients import HERE, Client
from tests.mlflow.plain import Plain
from tests.serving.peers import python_of

from runyard import Experiment, ScriptRunConfig, Workspace
from runyard.client import discovery
from runyard.sdk.environments import Environment
from runyard_server.testing.services import RunningService

pytestmark = pytest.mark.slow(20)

_SCRIPT = """
import os
import sys

import mlflow
from mlflow.tracking import MlflowClient

client = MlflowClient()
with mlflow.start_run() as run:
    mlflow.log_metric("loss", 0.25, step=7)
    mlflow.log_params({"lr": "0.2", "extra": "1"})
    mlflow.log_text("from a job", "notes.txt")
    with mlflow.start_run(nested=True, run_name="inner"):
        mlflow.log_metric("inner", 1)
# The client has forgotten by now which run is the job's.
with mlflow.start_run(run_id=os.environ["RUNYARD_RUN_ID"]):
    mlflow.log_metric("later", 1)
try:
    client.set_tag(sys.argv[sys.argv.index("--other") + 1], "mine", "now")
except Exception as error:
    print("refused:", error)
else:
    raise SystemExit("a job changed the run of another")
"""


@pytest.fixture
def workspace(service: RunningService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """The service's default workspace."""
    monkeypatch.setenv("RUNYARD_HOME", str(service.home))
    monkeypatch.chdir(tmp_path)
    yield Workspace.from_config()
    discovery.forget()


def test_a_run_of_ours_is_read_by_mlflow(
    clients: Callable[[str], Client], service: RunningService, workspace: Any, tmp_path: Path
) -> None:
    """Whoever reads with MLflow sees runs that came in by our own SDK, with all they have."""
    run = Experiment(workspace, "ours").start_logging(name="first")
    for step, value in enumerate((3.0, 2.0, 1.0)):
        run.log("loss", value, step=step)
    run.log_parameters({"lr": 0.1})
    run.tag("kind", "test")
    (tmp_path / "a.txt").write_text("hello")
    run.upload_file("outputs/a.txt", str(tmp_path / "a.txt"))
    run.complete()
    seen = clients("3").see(
        "cross.read", service.url, service.token, run=run.id, file="outputs/a.txt"
    )
    assert (seen["status"], seen["name"], seen["found"]) == ("FINISHED", "first", [run.id])
    assert seen["history"] == [[3.0, 0], [2.0, 1], [1.0, 2]]
    assert (seen["metrics"], seen["params"]) == ({"loss": 1.0}, {"lr": "0.1"})
    assert seen["tags"]["kind"] == "test"
    assert seen["tags"]["mlflow.runName"] == "first"
    assert (seen["files"], seen["text"]) == (["outputs"], "hello")


def test_a_run_of_mlflow_is_one_of_ours(
    clients: Callable[[str], Client], service: RunningService, workspace: Any
) -> None:
    """What a script logs through MLflow is found by our own SDK like any other run."""
    made = clients("2").see("cross.write", service.url, service.token)
    run = workspace.get_run(made["run"])
    assert (run.get_status(), run.name) == ("Completed", "outer")
    assert run.get_metrics()["loss"] == [1.0, 0.5, 1 / 3]
    assert run.get_details()["runId"] == made["run"]
    assert run.get_tags()["kind"] == "test"
    assert run.get_file_names() == ["notes/a.txt"]
    assert [child.id for child in run.get_children()] == [made["child"]]
    assert run.get_parameters() == {"lr": "0.1", "depth": "3"}


def test_a_model_of_any_name_is_one_of_ours(
    service: RunningService, workspace: Any, tmp_path: Path
) -> None:
    """MLflow's name stays with it, and ours, made of that, is where it is deployed and traced."""
    ask, run = Plain(service), Experiment(workspace, "ours").start_logging()
    (tmp_path / "a.txt").write_text("weights")
    run.upload_file("outputs/a.txt", str(tmp_path / "a.txt"))
    ask.good("POST", "registered-models/create", {"name": "Ada's net, 2nd"})
    version = {"name": "Ada's net, 2nd", "source": f"runs:/{run.id}/outputs", "run_id": run.id}
    ask.good("POST", "model-versions/create", version)
    [model] = [one for name, one in workspace.models.items() if name.startswith("Ada-s-net-2nd-")]
    lineage = ask.good("GET", f"/api/v1/workspaces/default/models/{model.id}/lineage")
    assert (model.version, lineage["run"]["id"]) == (1, run.id)
    mine = run.register_model("net.of-ours_1", model_path="outputs")
    run.complete()
    told = ask.good("GET", f"registered-models/get?name={mine.name}")["registered_model"]
    assert (told["name"], told["latest_versions"][0]["name"]) == (mine.name, mine.name)


def test_a_job_logs_into_its_run(service: RunningService, workspace: Any, tmp_path: Path) -> None:
    """`mlflow.log_metric` in a job lands in the job's run, which ends as the job does."""
    other = Experiment(workspace, "others").start_logging()
    source = tmp_path / "source"
    source.mkdir()
    (source / "train.py").write_text(_SCRIPT)
    environment = Environment("mlflow")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = str(python_of("mlflow-3", HERE / "peers"))
    environment.environment_variables = {"MLFLOW_DISABLE_TELEMETRY": "true"}
    config = ScriptRunConfig(
        str(source),
        "train.py",
        ["--lr", "0.1", "--other", other.id],
        environment=environment,
    )
    run = Experiment(workspace, "jobs").submit(config)
    run.wait_for_completion(show_output=False)
    assert run.get_status() == "Completed"
    assert run.get_metrics()["loss"] == 0.25
    assert run.get_metrics()["later"] == 1
    # What the command line spells is a guess, which the script knows better.
    assert run.get_parameters()["lr"] == "0.2"
    assert run.get_parameters()["extra"] == "1"
    assert "notes.txt" in run.get_file_names()
    assert [child.name for child in run.get_children()] == ["inner"]
    assert "mine" not in other.get_tags()
    other.complete()


def test_a_script_of_v1_finds_the_service(
    service: RunningService, workspace: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`mlflow.set_tracking_uri(ws.get_mlflow_tracking_uri())` is all that an old script does."""
    monkeypatch.setenv("MLFLOW_TRACKING_TOKEN", "of another server")
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", "of another server")
    assert workspace.get_mlflow_tracking_uri() == service.url
    assert os.environ["MLFLOW_TRACKING_TOKEN"] == service.token
    assert "MLFLOW_TRACKING_PASSWORD" not in os.environ
    named = Workspace.create("elsewhere").get_mlflow_tracking_uri()
    assert named.startswith(f"{service.url}/mlflow/")
    made = _ask(f"{named}/api/2.0/mlflow/experiments/create", service.token, {"name": "there"})
    assert made["experiment_id"]
    with pytest.raises(urllib.error.HTTPError):
        _ask(f"{service.url}/api/2.0/mlflow/experiments/get-by-name?experiment_name=there", "x")


def test_who_asks_shows_a_token(service: RunningService) -> None:
    """The token is taken as a bearer's and as a password; without one nothing is told."""
    url = f"{service.url}/api/2.0/mlflow/experiments/get?experiment_id=0"
    basic = base64.b64encode(f"anybody:{service.token}".encode()).decode()
    for header in (f"Bearer {service.token}", f"Basic {basic}"):
        request = urllib.request.Request(url, headers={"Authorization": header})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["experiment"]["name"] == "Default"
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic wrong"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(urllib.request.Request(url, headers=headers))
        assert refused.value.code == 401
        assert json.load(refused.value)["error_code"] == "UNAUTHENTICATED"


def _ask(url: str, token: str, fields: Any = None) -> Any:
    body = None if fields is None else json.dumps(fields).encode()
    request = urllib.request.Request(url, body, {"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)
