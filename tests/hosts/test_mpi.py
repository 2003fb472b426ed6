"""MPI on three hosts without ssh: mpirun's daemons are started by the agents of the other hosts."""

import json
import os
import signal
from typing import Any

import pytest

from runyard_server.testing.clocks import of_an_idle_machine

pytestmark = pytest.mark.slow

HELLO = """
import os, socket, sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
print("on", socket.gethostname(), world.rank, world.allreduce(world.rank), flush=True)
own = [os.environ[n] for n in ("RUNYARD_NODE", "OMPI_COMM_WORLD_LOCAL_RANK")]
print("told", *own, os.environ["OMPI_COMM_WORLD_LOCAL_SIZE"], flush=True)
"""


def submit(yard: Any, text: str, each: int = 1) -> Any:
    """Submit a script to three hosts."""
    from azureml.core.runconfig import MpiConfiguration

    shape = MpiConfiguration(process_count_per_node=each, node_count=3)
    return yard.submit(HELLO + text, distributed_job_config=shape)


def test_ranks_of_three_hosts_add_up(yard: Any) -> None:
    """Two ranks on each host, numbered by host, know their places and reduce over all."""
    run = submit(yard, "", each=2)
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    said = [yard.log(run, str(rank)) for rank in range(6)]
    names = [host.name for host in yard.hosts]
    assert [lines[0] for lines in said] == [f"on {names[r // 2]} {r} 15" for r in range(6)]
    assert [lines[1] for lines in said] == [f"told {r // 2} {r % 2} 2" for r in range(6)]
    ranks = run.get_details()["ranks"]
    assert [(rank["host"], rank["status"]) for rank in ranks] == [
        (names[r // 2], "completed") for r in range(6)
    ]
    yard.nothing_is_left()


def test_a_killed_rank_ends_all_hosts(yard: Any) -> None:
    """The rank is named, the others are stopped, and no daemon stays behind."""
    run = submit(yard, "world.barrier(); time.sleep(300)\n")
    yard.until_said(run, "told")
    folder = yard.service.home / "runs" / run.id
    victim = int((folder / "mpi" / "1" / "rank-2.pid").read_text())
    os.kill(victim, signal.SIGKILL)
    seconds = yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert seconds < of_an_idle_machine(3)
    assert "rank 2 on " in run.get_details()["error"]["error"]["message"]
    ranks = [rank["status"] for rank in run.get_details()["ranks"]]
    assert ranks == ["stopped", "stopped", "failed"]
    yard.nothing_is_left()


def test_cancel_ends_all_hosts(yard: Any) -> None:
    """Nothing of a canceled run stays on any host."""
    run = submit(yard, "world.barrier(); time.sleep(300)\n")
    yard.until_said(run, "told")
    run.cancel()
    yard.until(lambda: run.get_status() == "Canceled", "the run goes on")
    yard.nothing_is_left()
    assert [host.processes for host in yard.hosts] == [[], [], []]


def test_a_killed_agent_leaves_no_daemon(yard: Any) -> None:
    """What an agent started for mpirun on another host ends with that agent."""
    run = submit(yard, "world.barrier(); time.sleep(300)\n")
    yard.until_said(run, "told")
    state = yard.service.home / "runs" / run.id / "nodes" / "1" / "agent.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    yard.nothing_is_left()
    assert [host.processes for host in yard.hosts] == [[], [], []]
