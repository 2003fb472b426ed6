"""What becomes of runs when something of Slurm's fails, or somebody else acts on their jobs."""

from typing import Any

import pytest
from tests.slurm.yard import CLUSTER, UNTIL_ENOUGH, SlurmYard

from azureml.core.runconfig import PyTorchConfiguration

pytestmark = pytest.mark.slow

GANG = """
import os, socket, time
rank, world = os.environ["RANK"], os.environ["WORLD_SIZE"]
print("rank", rank, "of", world, "on", os.environ["SLURMD_NODENAME"], flush=True)
os.makedirs("outputs", exist_ok=True)
open("outputs/" + rank, "w").write(os.environ["SLURMD_NODENAME"])
while not (os.path.exists("outputs/0") and os.path.exists("outputs/1")):
    time.sleep(0.02)
open("outputs/begun", "w").write("begun")
while not os.path.exists("enough"):
    time.sleep(0.05)
"""
TOO_LARGE = """
import time
held = b"x" * 400_000_000
time.sleep(100)
"""
SECOND_TIME = """
import os, time
os.makedirs("outputs", exist_ok=True)
open("outputs/begun", "w").write("begun")
while not os.path.exists("../slurm-2"):
    time.sleep(0.05)
"""


def gang(yard: SlurmYard, target: str = CLUSTER) -> Any:
    """Submit a run of two nodes that goes on until it is told that it is enough."""
    shape = PyTorchConfiguration(process_count=2)
    return yard.submit(GANG, target, nodes=2, distributed_job_config=shape)


def test_a_gang_is_one_job(yard: SlurmYard) -> None:
    """Two nodes are one job of Slurm's, each with its agent and the same working folder."""
    run = gang(yard)
    work = yard.begun(run)
    assert {(work / "outputs" / rank).read_text() for rank in "01"} == {"n1", "n2"}
    (work / "enough").touch()
    yard.until_status(run, "Completed")
    assert sum(f"runyard-{run.id}-" in line for line in yard.jobs()) == 1


def test_a_gang_is_canceled(yard: SlurmYard) -> None:
    """A canceled gang ends on all of its nodes, and Slurm has them back."""
    run = gang(yard)
    yard.begun(run)
    run.cancel()
    yard.until_status(run, "Canceled")
    yard.slurm.until_idle()
    states = [line.split()[1] for line in yard.jobs() if f"runyard-{run.id}-" in line]
    # Its agents mostly end the one job of all before Slurm has to.
    assert states in (["COMPLETED"], ["CANCELLED"])


def test_a_gang_waits_for_all_of_its_nodes(yard: SlurmYard) -> None:
    """While a node is missing none is held, though two of three are asked for."""
    held = yard.slurm.ask("sbatch", "--parsable", "--exclusive", "-N2", "--wrap", "sleep 100")
    yard.cluster(2, "STANDARD_D4_V2", "whole")
    run = gang(yard, "whole")
    yard.until_reason(run, "(Resources)")
    assert yard.slurm.ask("sinfo", "-h", "-p", "main", "-t", "idle", "-o", "%D") == "1"
    yard.slurm.ask("scancel", held)
    work = yard.begun(run)
    (work / "enough").touch()
    yard.until_status(run, "Completed")


def test_a_job_that_an_administrator_cancels(yard: SlurmYard) -> None:
    """The run fails and says that it was scancel; what it had written is kept."""
    run = yard.submit(UNTIL_ENOUGH)
    yard.begun(run)
    yard.slurm.ask("scancel", yard.job(run))
    yard.until_status(run, "Failed")
    assert f"Slurm job {yard.job(run)} was canceled with scancel" in yard.message(run)
    assert "outputs/begun" in run.get_file_names()


def test_nodes_that_do_not_see_the_folder(yard: SlurmYard) -> None:
    """A job whose folder is not there for the nodes fails, and says which setting that is."""
    held = yard.slurm.ask("sbatch", "--parsable", "--exclusive", "-N3", "--wrap", "sleep 100")
    run = yard.submit("print('hello')")
    yard.until_reason(run, "(Resources)")
    folder = yard.service.home / "runs" / run.id / "slurm-1"
    folder.rename(folder.with_name("elsewhere"))
    yard.slurm.ask("scancel", held)
    yard.until_status(run, "Failed")
    assert "with `shared_folder` of the site" in yard.message(run)


def test_a_job_that_is_put_back(yard: SlurmYard) -> None:
    """A requeued job never runs an attempt again: it is another attempt, in a job of its own."""
    run = yard.submit(SECOND_TIME, retries=1)
    yard.begun(run)
    first = yard.job(run)
    yard.slurm.ask("scontrol", "update", f"jobid={first}", "requeue=1")
    yard.slurm.ask("scontrol", "requeue", first)
    yard.until_status(run, "Completed", 40)
    assert yard.job(run) != first
    assert yard.record(run).attempt == 2


def test_a_job_that_is_preempted(yard: SlurmYard) -> None:
    """One of a higher priority takes its node: the run says so, and what it had written is kept."""
    run = yard.submit(UNTIL_ENOUGH)
    yard.begun(run)
    words = ("sbatch", "--parsable", "--partition=urgent", "--exclusive", "-N3")
    yard.slurm.ask(*words, "--wrap", "sleep 100")
    yard.until_status(run, "Failed")
    assert "had to make room for one of higher priority (preempted)" in yard.message(run)
    assert "outputs/begun" in run.get_file_names()


def test_a_job_that_takes_too_much_memory(yard: SlurmYard) -> None:
    """Slurm ends it, and the run names the memory and what to do."""
    yard.cluster(1, name="tight", site="tight")
    run = yard.submit(TOO_LARGE, "tight")
    yard.until_status(run, "Failed")
    assert "ran out of the memory it was given" in yard.message(run)
    assert "take a larger size" in yard.message(run)


def test_a_node_that_fails(yard: SlurmYard) -> None:
    """A run whose node is lost fails with the reason, and what it had written is kept."""
    run = yard.submit(UNTIL_ENOUGH)
    yard.begun(run)
    node = next(line.split()[3] for line in yard.jobs() if f"runyard-{run.id}-" in line)
    yard.slurm.kill_node(node)
    try:
        yard.until_status(run, "Failed", 45)
        assert "node" in yard.message(run)
        assert "outputs/begun" in run.get_file_names()
    finally:
        yard.slurm.start_node(node)


def test_the_controller_is_away(yard: SlurmYard) -> None:
    """A run that is submitted meanwhile waits with the reason, and begins when Slurm is back."""
    yard.slurm.stop_controller()
    try:
        run = yard.submit("print('hello')")
        reason = yard.until_reason(run, "Slurm cannot be asked")
        assert run.get_status() == "Queued", reason
    finally:
        yard.slurm.start_controller()
    yard.until_status(run, "Completed", 60)
    names = [line.split()[2] for line in yard.jobs() if f"runyard-{run.id}-" in line]
    assert len(names) == len(set(names)), yard.jobs()
