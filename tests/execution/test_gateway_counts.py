"""Counts of endpoints, while the gateway is there and while it is not."""

from runyard_server.core.system import System
from runyard_server.execution import gateway_counts
from runyard_server.serving.table import (
    COUNTS_FILE,
    SERVING_FOLDER,
    DeploymentStatus,
    EndpointStatus,
    GatewayStatus,
)


def test_a_gateway_that_is_away_takes_no_count_back(system: System) -> None:
    """What was heard last holds until it is there again."""
    told = DeploymentStatus("main", requests=7, failures=2)
    endpoint = EndpointStatus("w", "iris", deployments=(told,))
    system.gateway.note(GatewayStatus(1, 1, endpoints=(endpoint,)))
    system.gateway.note(None)
    assert gateway_counts.of(system, "w", "iris", "main") == told
    assert system.gateway.deployment("w", "iris", "main") is None


def test_another_service_counts_on(system: System) -> None:
    """One that has not reached the gateway yet reads what that has written."""
    folder = system.home.root / SERVING_FOLDER
    folder.mkdir()
    counts = '{"protocols": {"score": {"codes": {"200": 5, "502": 1}}}, "last_request": 9.0}'
    (folder / COUNTS_FILE).write_text(f'[["w", "iris", "main", {counts}]]')
    found = gateway_counts.of(system, "w", "iris", "main")
    assert found is not None
    assert (found.requests, found.failures, found.last_request) == (6, 1, 9.0)
    assert gateway_counts.of(system, "w", "other", "main") is None


def test_a_file_of_counts_that_is_none(system: System) -> None:
    """What nobody can read counts as nothing."""
    folder = system.home.root / SERVING_FOLDER
    folder.mkdir()
    (folder / COUNTS_FILE).write_text("no JSON")
    assert gateway_counts.of(system, "w", "iris", "main") is None
