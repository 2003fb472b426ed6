"""Hosts that are cut off, killed, or never come: what the run does, and what is left of it."""

import time
from typing import Any

import pytest

from runyard_server.testing.clocks import of_an_idle_machine

pytestmark = pytest.mark.slow

# Each rank counts; the first one says when all may end.
COUNT = """
import os, time
rank = int(os.environ["RANK"])
print("host", os.uname().nodename, os.environ["MASTER_ADDR"], flush=True)
for number in range(10_000):
    print("line", number, flush=True)
    if os.path.exists("enough"):
        break
    time.sleep(0.05)
print("last", number, flush=True)
"""


def submit(yard: Any) -> Any:
    """Submit three ranks that count until they are told that it is enough."""
    from azureml.core.runconfig import PyTorchConfiguration

    shape = PyTorchConfiguration(process_count=3)
    run = yard.submit(COUNT, distributed_job_config=shape)
    yard.until_said(run, "line 3")
    return run


def enough(yard: Any, run: Any) -> None:
    """Ask the ranks to end."""
    (yard.service.home / "runs" / run.id / "work" / "enough").touch()


def message(run: Any) -> str:
    """The reason of a failed run."""
    return str(run.get_details()["error"]["error"]["message"])


def test_five_seconds_without_network_change_nothing(yard: Any) -> None:
    """A host that is back after five seconds goes on, and not a line of its log is missing."""
    run = submit(yard)
    second = yard.hosts[1]
    yard.hosts.cut(second)
    time.sleep(5)
    yard.hosts.heal(second)
    time.sleep(1)
    enough(yard, run)
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    first = yard.hosts[0].address
    for rank, host in enumerate(yard.hosts):
        lines = [line.split() for line in yard.log(run, str(rank))]
        assert lines[0] == ["host", host.name, first]
        assert [int(line[1]) for line in lines[1:-1]] == list(range(len(lines) - 2))
        assert lines[-1] == ["last", str(len(lines) - 3)]


def test_a_host_that_is_cut_off_fails_the_run(yard: Any) -> None:
    """The run fails within 15 s and says which host; joined again, that host ends its processes."""
    run = submit(yard)
    third = yard.hosts[2]
    yard.hosts.cut(third)
    took = yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert took < of_an_idle_machine(15)
    assert f"node 2, three-3 on host {third.name} ({third.address})" in message(run)
    yard.until(lambda: not yard.hosts[0].processes, "the others go on")
    assert third.processes
    yard.hosts.heal(third)
    yard.nothing_is_left()
    yard.until(lambda: not (yard.service.home / "runs" / run.id).exists(), "its folder is left")


def test_a_killed_host_fails_the_run(yard: Any) -> None:
    """A power cut on one host ends the run within 15 s; what the others printed is kept."""
    run = submit(yard)
    host = yard.hosts[0]
    yard.hosts.kill(host)
    took = yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert took < of_an_idle_machine(15)
    assert f"node 0, three-1 on host {host.name} ({host.address})" in message(run)
    states = {rank["name"]: rank["status"] for rank in run.get_details()["ranks"]}
    assert states == {f"rank {n}": "failed" if n == 0 else "stopped" for n in range(3)}
    assert yard.log(run, "2")[1] == "line 0"
    yard.nothing_is_left()


def test_cancel_ends_every_host(yard: Any) -> None:
    """Ten seconds after a cancel nothing of the run is on any host."""
    run = submit(yard)
    begun = time.monotonic()
    run.cancel()
    yard.until(lambda: run.get_status() == "Canceled", "the run goes on")
    yard.nothing_is_left()
    assert time.monotonic() - begun < of_an_idle_machine(10)
