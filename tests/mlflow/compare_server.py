"""What is kept of MLflow's own server is what it answers; `make compare` runs it."""

from pathlib import Path

import pytest
from tests.mlflow.clients import golden
from tests.mlflow.oracle import record


# MLflow's server is asked all scenarios by both lines of clients: 345 s on a busy machine.
@pytest.mark.timeout(1200)
def test_the_golden_answers_are_those_of_mlflow_server(tmp_path: Path) -> None:
    """Runyard is compared with what MLflow's server does, not with what it once did."""
    assert record(tmp_path) == golden()
