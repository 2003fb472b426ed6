"""Runs on Slurm, from submit to the end: where they wait, and how they end."""

import json
import os
import re
from pathlib import Path

import pytest
from tests.slurm.yard import UNTIL_ENOUGH, SlurmYard

pytestmark = pytest.mark.slow

TELL = """
import os
from azureml.core import Run
run = Run.get_context()
run.log("loss", 0.5)
os.makedirs("outputs", exist_ok=True)
with open("outputs/where", "w") as file:
    print(os.environ["SLURM_JOB_ID"], os.environ["SLURMD_NODENAME"], os.getcwd(), file=file)
    print(oct(os.umask(0)), "SLURM_NODELIST" in os.environ, file=file)
"""


def test_a_run_is_a_job(yard: SlurmYard, tmp_path: Path) -> None:
    """A run is one job of Slurm's, and all that it leaves arrives; its folder goes."""
    run = yard.submit(TELL)
    run.wait_for_completion()
    assert run.get_status() == "Completed", yard.told(run)
    assert run.get_metrics() == {"loss": 0.5}
    run.download_file("outputs/where", str(tmp_path / "where"))
    job, node, folder, umask, tempts = (tmp_path / "where").read_text().split()
    assert (job, node[0]) == (yard.job(run), "n")
    assert folder == str(yard.service.home / "runs" / run.id / "work")
    # As on the laptop; and nothing by which mpirun would start its ranks through Slurm.
    mine = os.umask(0)
    os.umask(mine)
    assert (int(umask, 8), tempts) == (mine, "False")
    yard.until(lambda: not Path(folder).exists(), lambda: "its folder is left")


def test_the_token_is_shown_to_nobody(yard: SlurmYard) -> None:
    """Neither Slurm's record of the job nor the script it keeps has the run's token in it."""
    run = yard.submit(UNTIL_ENOUGH)
    work = yard.begun(run)
    token = json.loads((work.parent / "job.json").read_text())["token"]
    job = yard.job(run)
    kept = yard.slurm.ask("scontrol", "write", "batch_script", job, "-")
    shown = yard.slurm.ask("scontrol", "show", "job", "-dd", job)
    stored = b"".join(
        file.read_bytes()
        for file in (yard.slurm.folder / "state").glob(f"hash.*/job.{job}/*")
        if file.is_file()
    )
    assert str(work.parent) in kept
    assert f"runyard-{run.id}-1" in shown
    assert stored
    assert token not in kept + shown + stored.decode(errors="replace")
    files = [work.parent / "job.json", *(work.parent / "slurm-1").iterdir()]
    assert [file for file in files if file.stat().st_mode & 0o077 and file.suffix != ".log"] == []
    (work / "enough").touch()
    yard.until_status(run, "Completed")


def test_what_it_waits_for_is_told(yard: SlurmYard) -> None:
    """A run that Slurm has wait is Queued, with Slurm's reason; canceled, it leaves the queue."""
    held = yard.slurm.ask("sbatch", "--parsable", "--exclusive", "-N3", "--wrap", "sleep 100")
    yard.until(lambda: f"{held} RUNNING" in "\n".join(yard.jobs()), yard.jobs)
    run = yard.submit(UNTIL_ENOUGH)
    reason = yard.until_reason(
        run, "waiting in partition 'main' until enough of its nodes are free"
    )
    assert "(Resources)" in reason
    assert run.get_status() == "Queued"
    run.cancel()
    yard.until_status(run, "Canceled")
    job = yard.job(run)
    yard.until(lambda: f"{job} CANCELLED" in "\n".join(yard.jobs()), yard.jobs)


def test_a_run_that_waited_goes_on(yard: SlurmYard) -> None:
    """When nodes become free the run begins, and nothing is said any more of what it waited for."""
    held = yard.slurm.ask("sbatch", "--parsable", "--exclusive", "-N3", "--wrap", "sleep 100")
    run = yard.submit(TELL)
    yard.until_reason(run, "(Resources)")
    yard.slurm.ask("scancel", held)
    yard.until_status(run, "Completed")
    assert yard.record(run).reason is None


def test_a_cancel_ends_the_job(yard: SlurmYard) -> None:
    """A canceled run ends its script, keeps what that had written, and frees its node."""
    run = yard.submit(UNTIL_ENOUGH)
    yard.begun(run)
    run.cancel()
    yard.until_status(run, "Canceled")
    assert "outputs/begun" in run.get_file_names()
    yard.slurm.until_idle()


def test_what_no_partition_can_hold_is_refused(yard: SlurmYard) -> None:
    """Too many nodes, and nodes that are too large, are refused with the partitions there are."""
    from azureml.core.runconfig import PyTorchConfiguration
    from azureml.exceptions import ComputeTargetException, UserErrorException

    there = r"partition 'main' \(3 nodes of up to 8 CPUs, 62 GB, 1 GPU\) or 'short' \(1 nodes"
    with pytest.raises(ComputeTargetException, match=rf"13 nodes .* cannot be had from {there}"):
        yard.cluster(13, name="many")
    with pytest.raises(ComputeTargetException, match=r"STANDARD_NC24 .*cannot be had"):
        yard.cluster(1, size="STANDARD_NC24", name="large")
    yard.cluster(12, name="shared")
    with pytest.raises(UserErrorException, match=rf"4 nodes .* cannot be had from {there}"):
        yard.submit(
            TELL,
            "shared",
            nodes=4,
            distributed_job_config=PyTorchConfiguration(process_count=4),
        )


def test_a_size_may_be_a_partition(yard: SlurmYard) -> None:
    """Nodes of a size that is a partition's name are of that partition, and whole."""
    yard.cluster(1, size="short", name="brief")
    run = yard.submit(TELL, target="brief")
    yard.until_status(run, "Completed")
    shown = yard.slurm.ask("scontrol", "show", "job", yard.job(run))
    assert "Partition=short" in shown
    assert re.search(r"CPUs/Task=8\b", shown)
    assert "TimeLimit=00:01:00" in shown


def test_the_service_is_started_again(yard: SlurmYard) -> None:
    """Jobs go on without the service; the next one takes them up, and submits nothing twice."""
    running, later = yard.submit(UNTIL_ENOUGH), yard.submit(TELL, target="lab")
    work = yard.begun(running)
    yard.service.kill()
    (work / "enough").touch()
    yard.service.start()
    for run in (running, later):
        yard.until_status(run, "Completed")
        assert sum(f"runyard-{run.id}-" in line for line in yard.jobs()) == 1
