"""MPI between three hosts when a host or its network is lost."""

import time
from typing import Any

import pytest

from runyard_server.testing.clocks import of_an_idle_machine

pytestmark = pytest.mark.slow

# Ranks that speak to each other all the time.
REDUCE = """
import os, time
from mpi4py import MPI
world = MPI.COMM_WORLD
# Open MPI connects at the first message, and ends where it cannot just then.
world.allreduce(0)
print("there", flush=True)
rounds = 0
while not world.allreduce(os.path.exists("enough"), MPI.LOR):
    rounds += 1
    time.sleep(0.02)
print("rounds", rounds, flush=True)
"""


@pytest.fixture
def run(yard: Any) -> Any:
    """A run of three ranks on three hosts, all of which have begun."""
    from azureml.core.runconfig import MpiConfiguration

    shape = MpiConfiguration(process_count_per_node=1, node_count=3)
    made = yard.submit(REDUCE, distributed_job_config=shape)
    yard.until_said(made, "there")
    return made


def test_a_killed_host_fails_the_run(yard: Any, run: Any) -> None:
    """It is named within 15 s, and no rank and no daemon is left on the others."""
    host = yard.hosts[2]
    yard.hosts.kill(host)
    took = yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert took < of_an_idle_machine(15)
    message = run.get_details()["error"]["error"]["message"]
    assert f"node 2, three-3 on host {host.name} ({host.address})" in message
    yard.nothing_is_left()


def test_five_seconds_without_network_change_nothing(yard: Any, run: Any) -> None:
    """Ranks and daemons wait for a host that is back after five seconds."""
    yard.hosts.cut(yard.hosts[1])
    time.sleep(5)
    yard.hosts.heal(yard.hosts[1])
    time.sleep(1)
    (yard.service.home / "runs" / run.id / "work" / "enough").touch()
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    assert len({yard.log(run, str(rank))[-1] for rank in range(3)}) == 1
