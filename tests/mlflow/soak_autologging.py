"""Autologging of scikit-learn by MLflow's official client; of `make soak`, for its environment."""

from collections.abc import Callable

import pytest
from tests.mlflow.clients import Client
from tests.mlflow.plain import Plain

from runyard_server.testing.services import RunningService


@pytest.mark.timeout(900)
def test_a_fit_is_logged_without_a_line(
    clients: Callable[[str], Client], service: RunningService
) -> None:
    """Parameters, metrics, datasets, the model and the trials of a search are in our runs."""
    seen = clients("sklearn").see("autologging.sklearn", service.url, service.token)
    assert seen["params"]["C"] == "0.5"
    assert {"training_accuracy_score", "training_log_loss"} <= set(seen["metrics"])
    assert (seen["datasets"], seen["models"]) == (1, 1)
    assert seen["right"] > 0.9
    assert seen["searched"] == ["0.1", "1.0"]
    here = Plain(service)
    run = here.good("GET", f"/api/v1/workspaces/default/runs/{seen['run']}")
    assert run["status"] == "Completed"
    model = here.good("GET", f"/api/v1/workspaces/default/models/{seen['model']}:1")
    assert any(one["path"].endswith("/MLmodel") for one in model["files"])
