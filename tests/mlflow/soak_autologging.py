"""Autologging by MLflow's official client of both lines; of `make soak`, for its environments.

The model that is loaded by its name must be the one that was trained, and what stands in our runs
and in our registry be the same as what the client reads.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.mlflow.clients import LINES, Client, running_client
from tests.mlflow.plain import Plain

from runyard_server.testing.services import RunningService

pytestmark = [pytest.mark.timeout(900), pytest.mark.parametrize("line", LINES)]


def seen_of(client: Client, service: RunningService, framework: str, line: str) -> Any:
    """What a client of a line sees of a framework, after it was compared with what we have."""
    seen = client.see(f"autologging.{framework}", service.url, service.token)
    assert seen["models"] == (1 if line == "3" else None)
    here = Plain(service)
    run = here.good("GET", f"/api/v1/workspaces/default/runs/{seen['run']}")
    assert run["status"] == "Completed"
    assert run["params"].items() >= seen["params"].items()
    logged = here.good("GET", f"/api/v1/workspaces/default/runs/{seen['run']}/metrics")
    assert {one["name"] for one in logged["series"]} >= set(seen["metrics"])
    model = here.good("GET", f"/api/v1/workspaces/default/models/{seen['model']}:1")
    assert any(one["path"].endswith("/MLmodel") for one in model["files"])
    return seen


@pytest.fixture
def client(line: str, tmp_path: Path) -> Iterator[Client]:
    """The client of a line, with the frameworks beside it."""
    # A process for each: one that has loaded TensorFlow ends when it trains with PyTorch's build
    # for GPUs, which is the one on the main index.
    with running_client(f"{line}-frameworks", tmp_path) as client:
        yield client


def test_a_fit_of_scikit_learn_is_logged_without_a_line(
    client: Client, service: RunningService, line: str
) -> None:
    """Parameters, metrics, datasets, the model and the trials of a search are in our runs."""
    seen = seen_of(client, service, "sklearn", line)
    assert seen["params"]["C"] == "0.5"
    assert {"training_accuracy_score", "training_log_loss"} <= set(seen["metrics"])
    assert seen["datasets"] == 1
    assert seen["right"] > 0.9
    assert seen["searched"] == ["0.1", "1.0"]


def test_a_fit_of_keras_is_logged_without_a_line(
    client: Client, service: RunningService, line: str
) -> None:
    """Each epoch is a point of each metric, and the network comes back as it was trained."""
    seen = seen_of(client, service, "keras", line)
    assert (seen["params"]["epochs"], seen["params"]["batch_size"]) == ("3", "20")
    assert {"loss", "accuracy"} <= set(seen["metrics"])
    assert (seen["steps"], seen["datasets"]) == ([0, 1, 2], 1)
    assert seen["difference"] < 1e-6


def test_a_fit_of_lightning_is_logged_without_a_line(
    client: Client, service: RunningService, line: str
) -> None:
    """Each epoch is a point of what the module logs, and the network comes back as it was."""
    seen = seen_of(client, service, "lightning", line)
    assert (seen["params"]["epochs"], seen["params"]["optimizer_name"]) == ("3", "SGD")
    assert len(seen["steps"]) == 3
    assert seen["difference"] < 1e-6
