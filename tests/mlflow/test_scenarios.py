"""The official client sees of Runyard what it sees of MLflow's own server, scenario by scenario."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.mlflow.clients import LINES, Client, expected, golden, scenarios
from tests.mlflow.differences import DIFFERENCES, ours

from runyard_server.testing.services import RunningService

_KNOWN = golden()
_ALL = [pytest.param(line, name, id=f"{line}-{name}") for line in LINES for name in scenarios(line)]


@pytest.mark.slow(30)
@pytest.mark.parametrize(("line", "scenario"), _ALL)
def test_the_client_sees_what_mlflow_server_shows(
    scenario: str, line: str, clients: Callable[[str], Client], service: RunningService
) -> None:
    """What a script gets from MLflow's client does not depend on which of the two serves."""
    wanted = copy.deepcopy(expected(scenario, line, _KNOWN))
    assert clients(line).see(scenario, service.url, service.token) == ours(scenario, wanted)


def test_every_difference_is_documented() -> None:
    """Whoever comes from MLflow's server can read what is other here, and why."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "mlflow.md").read_text("utf-8")
    rows = {
        cells[1].strip().strip("`"): cells[4].strip()
        for line in page.partition("## Where we differ")[2].splitlines()
        if line.startswith("| `")
        for cells in [line.split("|")]
    }
    assert rows == {name: several[0].why for name, several in DIFFERENCES.items()}
