"""Runs of MPI with the real mpirun on a cluster that is this machine."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runyard_server.testing.clocks import of_an_idle_machine

from .conftest import Yard

pytestmark = pytest.mark.slow

SCRIPT = """
import os, subprocess, sys, time
from mpi4py import MPI
world = MPI.COMM_WORLD
names = ("RUNYARD_NODE", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_LOCAL_SIZE")
print("rank", world.rank, "of", world.size, "sum", world.allreduce(world.rank), flush=True)
print("told", *[os.environ[name] for name in names], flush=True)
"""
DONE = """
from azureml.core import Run
Run.get_context().log(f"rank {world.rank}", world.rank)
open(f"outputs/{world.rank}.txt", "w").write("x")
"""
WORKING = """
subprocess.Popen(["sleep", "300"])
world.barrier()
print("at work", flush=True)
time.sleep(300)
"""


@pytest.fixture
def yard(guest: Yard) -> Yard:
    """A service that the tests of this file share: each looks after its own run alone."""
    return guest


def submit(yard: Any, text: str, nodes: int = 2, each: int = 1, **variables: str) -> Any:
    """Submit a script to a cluster of two nodes."""
    from azureml.core import Environment
    from azureml.core.runconfig import MpiConfiguration

    environment = Environment("with-mpi")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    environment.environment_variables = variables
    return yard.submit(
        SCRIPT + text,
        target=yard.two_nodes(),
        environment=environment,
        distributed_job_config=MpiConfiguration(process_count_per_node=each, node_count=nodes),
    )


def states(run: Any) -> list[str]:
    """The state of each rank."""
    return [one["status"] for one in run.get_details()["ranks"]]


def log(run: Any, rank: int, folder: Path) -> list[str]:
    """The lines that a rank printed."""
    run.download_file(f"azureml-logs/70_driver_log_{rank}.txt", str(folder / str(rank)))
    return (folder / str(rank)).read_text().splitlines()


def at_work(yard: Any, run: Any, count: int) -> Path:
    """Wait until all ranks work; give the run folder."""
    folder: Path = yard.home / "runs" / run.id

    def there() -> bool:
        logs = folder.rglob("70_driver_log_*.txt")
        return sum("at work" in path.read_text() for path in logs) == count

    try:
        yard.until(there, "the ranks are not at work")
    except AssertionError:
        texts = {path.name: path.read_text()[-2000:] for path in sorted(folder.rglob("*_log*.txt"))}
        pytest.fail(f"the ranks are not at work: {run.get_details()}\n{texts}")
    return folder


def nothing_is_left(yard: Any, run: Any) -> None:
    """Wait until no process of the run lives."""
    yard.until(lambda: not yard.run_processes(run.id), "processes are left")


@pytest.mark.parametrize(("nodes", "each"), [(2, 1), (1, 4)])
def test_all_ranks_reduce_and_are_told_apart(
    yard: Any, tmp_path: Path, nodes: int, each: int
) -> None:
    """Each rank has its log, its metrics, its outputs and its place on its node."""
    run = submit(yard, DONE, nodes, each)
    run.wait_for_completion()
    size = nodes * each
    assert states(run) == ["completed"] * size
    for rank in range(size):
        first, second = log(run, rank, tmp_path)
        assert first == f"rank {rank} of {size} sum {sum(range(size))}"
        assert second == f"told {rank // each} {rank % each} {each}"
    assert run.get_metrics() == {f"rank {rank}": rank for rank in range(size)}
    outputs = [name for name in run.get_file_names() if name.startswith("outputs/")]
    assert outputs == [f"outputs/{rank}.txt" for rank in range(size)]
    assert run.get_details().get("warnings") in (None, [])


def test_a_rank_that_raises_fails_the_run(yard: Any) -> None:
    """The others, which wait for it in a barrier, are ended; its own log is told."""
    run = submit(yard, "if world.rank == 1: raise ValueError('boom')\nworld.barrier()", each=2)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    error = run.get_details()["error"]["error"]
    assert error["message"] == "rank 1 on two-1: User program failed with ValueError: boom"
    assert "rank 1 of 4" in error["logTail"]
    assert sorted(states(run)) == ["failed", "stopped", "stopped", "stopped"]
    nothing_is_left(yard, run)


def test_a_killed_rank_fails_the_run_at_once(yard: Any) -> None:
    """The rank is named, and neither ranks nor what they have started stay behind."""
    run = submit(yard, WORKING)
    folder = at_work(yard, run, 2)
    os.kill(int((folder / "mpi" / "1" / "rank-1.pid").read_text()), signal.SIGKILL)
    begun = time.monotonic()
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert time.monotonic() - begun < of_an_idle_machine(5)
    error = run.get_details()["error"]["error"]
    assert error["message"].startswith("rank 1 on two-2: User program was ended by SIGKILL")
    assert states(run) == ["stopped", "failed"]
    nothing_is_left(yard, run)


@pytest.mark.parametrize("node", [0, 1])
def test_a_killed_agent_ends_all_ranks(yard: Any, node: int) -> None:
    """Whichever node's agent is lost, no rank is left and the agent is what is told."""
    run = submit(yard, WORKING)
    folder = at_work(yard, run, 2)
    state = folder / "agent.json" if node == 0 else folder / "nodes" / "1" / "agent.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert f"agent of node {node} was killed" in run.get_details()["error"]["error"]["message"]
    nothing_is_left(yard, run)


def test_cancel_ends_all_ranks(yard: Any) -> None:
    """A canceled run leaves no rank, no mpirun and nothing that a rank has started."""
    run = submit(yard, WORKING)
    at_work(yard, run, 2)
    run.cancel()
    yard.until(lambda: run.get_status() == "Canceled", "the run goes on")
    assert states(run) == ["stopped", "stopped"]
    nothing_is_left(yard, run)


def test_mpirun_that_fails_itself_is_told_in_its_own_words(yard: Any) -> None:
    """Its output is a log of the run and the message of the error."""
    run = submit(yard, "", PRTE_MCA_rmaps_default_mapping_policy="nonsense")
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    message = run.get_details()["error"]["error"]["message"]
    assert message.startswith("mpirun failed with exit code ")
    assert "nonsense" in message
    assert "azureml-logs/60_mpirun_log.txt" in run.get_file_names()
