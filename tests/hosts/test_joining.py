"""A host whose agent was started and is never heard of."""

from collections.abc import Iterator
from typing import Any

import pytest

from runyard_server.testing.clocks import of_an_idle_machine

pytestmark = pytest.mark.slow
SECONDS = 8


@pytest.fixture(scope="module")
def service_variables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Let the nodes wait for each other for a shorter time than they would."""
    folder = tmp_path_factory.mktemp("shorter")
    (folder / "sitecustomize.py").write_text(
        f"from runyard.protocol import timeouts\ntimeouts.RENDEZVOUS_SECONDS = {float(SECONDS)}\n"
    )
    return {"PYTHONPATH": str(folder)}


@pytest.fixture
def muted(yard: Any) -> Iterator[Any]:
    """The hosts, the third of which nobody hears, though its agent is started well."""
    yard.hosts.mute(yard.hosts[2])
    yield yard
    yard.hosts.heal(yard.hosts[2])


def test_a_host_that_never_joins_is_named(muted: Any) -> None:
    """The others wait until the deadline; the run fails, says who did not come, runs nothing."""
    from azureml.core.runconfig import PyTorchConfiguration

    shape = PyTorchConfiguration(process_count=3)
    run = muted.submit("open('outputs/begun', 'w')", distributed_job_config=shape)
    took = muted.until(lambda: run.get_status() == "Failed", "the run waits for ever")
    assert SECONDS - 1 < took < SECONDS + of_an_idle_machine(10)
    error = run.get_details()["error"]["error"]["message"]
    # Whoever notices first says so: the nodes that wait, or the service that watches.
    assert f"did not come within {SECONDS} s" in error
    assert "three-3" in error
    assert "outputs/begun" not in run.get_file_names()
