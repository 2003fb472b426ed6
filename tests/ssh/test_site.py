"""Runs on a machine reached by ssh, of a service that listens on loopback as on a laptop."""

import json
import os
import signal
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from tests.work_on_sites import TRIAL, sweep_of

from .conftest import Yard

pytestmark = pytest.mark.slow

SCRIPT = """
import os, sys
from azureml.core import Run
run = Run.get_context()
run.log("loss", 0.5)
print("in", os.getcwd())
print("asks", [name for name in os.environ if name.startswith("SSH_")] != [], sys.argv[1:])
open("outputs/done", "w").write("done")
"""
WAIT = """
import os, time
print("began", flush=True)
while not os.path.exists(%r):
    time.sleep(0.05)
"""


def test_a_run_is_on_the_machine_and_leaves_nothing_there(yard: Yard, tmp_path: Path) -> None:
    """Log, metrics and outputs come back through the tunnel; the run folder is removed."""
    run = yard.submit(tmp_path, SCRIPT, arguments=["x"])
    run.wait_for_completion()
    assert run.get_status() == "Completed", run.get_details()
    assert run.get_metrics() == {"loss": 0.5}
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    said = (tmp_path / "log").read_text().splitlines()
    assert said == [f"in {yard.there}/runs/{run.id}/0/work", "asks True ['x']"]
    assert "outputs/done" in run.get_file_names()
    yard.until(lambda: not list((yard.there / "runs").glob("*")), lambda: "it is still there")


def test_nothing_happens_twice_when_the_service_is_killed(yard: Yard, tmp_path: Path) -> None:
    """The run goes on meanwhile, and the next service hears its end through a tunnel of its own."""
    go = tmp_path / "go"
    run = yard.submit(tmp_path, WAIT % str(go))
    yard.reaches(run, "Running")
    yard.service.kill()
    yard.service.start()
    yard.reaches(run, "Running")
    go.touch()
    yard.reaches(run, "Completed")
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    assert (tmp_path / "log").read_text().splitlines() == ["began"]


def test_a_run_outlives_its_connection(yard: Yard, tmp_path: Path) -> None:
    """All connections break and the server is away for a moment: the run goes on, and is heard."""
    go = tmp_path / "go"
    run = yard.submit(tmp_path, WAIT % str(go))
    yard.reaches(run, "Running")
    yard.server.cut()
    yard.server.start()
    go.touch()
    yard.reaches(run, "Completed")
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    assert (tmp_path / "log").read_text().splitlines() == ["began"]


def test_a_run_waits_for_a_machine_that_is_away(yard: Yard, tmp_path: Path) -> None:
    """It is queued with what ssh says, and begins when the machine is back."""
    yard.server.cut()
    run = yard.submit(tmp_path, "print('ran')")
    told = yard.waits(run, "cannot be reached")
    assert "Connection refused" in told
    yard.server.start()
    yard.reaches(run, "Completed")


def test_a_machine_with_another_key_gets_no_job(yard: Yard, tmp_path: Path) -> None:
    """What was changed or is unknown is told with the command that adds it; then the run begins."""
    yard.server.cut()
    yard.server.new_host_key()
    yard.server.start()
    run = yard.submit(tmp_path, "print('ran')")
    told = yard.waits(run, "another host key")
    assert f"ssh-keygen -R '[127.0.0.1]:{yard.server.port}' -f {yard.server.known_hosts}" in told
    yard.server.known_hosts.write_text("")
    told = yard.waits(run, "is not known")
    assert f"ssh-keyscan -p {yard.server.port} 127.0.0.1 >> {yard.server.known_hosts}" in told
    yard.server.known_hosts.write_text(yard.server.known())
    yard.reaches(run, "Completed")


def test_a_sweep(yard: Yard, tmp_path: Path) -> None:
    """The trials of a sweep take turns on the machine, and the best is found."""
    sweep = yard.submit(tmp_path, TRIAL, wrap=sweep_of)
    yard.reaches(sweep, "Completed")
    assert sweep.get_best_run_by_primary_metric().get_metrics()["loss"] == pytest.approx(0)


def test_cancel_ends_the_job_there(yard: Yard, tmp_path: Path) -> None:
    """A canceled run leaves no process on the machine."""
    run = yard.submit(tmp_path, WAIT % str(tmp_path / "never"))
    yard.reaches(run, "Running")
    state = yard.there / "runs" / run.id / "0" / "agent.json"
    pid = json.loads(state.read_text())["pid"]
    run.cancel()
    yard.reaches(run, "Canceled")
    yard.until(lambda: not Path(f"/proc/{pid}").exists(), lambda: "the agent is still there")
    assert processes_of(run) == []


def processes_of(run: Any) -> list[int]:
    """All processes of a run on this machine, its script among them."""
    wanted = f"RUNYARD_RUN_ID={run.id}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
    return found


def test_a_killed_agent_is_told(yard: Yard, tmp_path: Path) -> None:
    """Its end is seen on the machine at once, and what it left is brought."""
    run = yard.submit(tmp_path, WAIT % str(tmp_path / "never"))
    yard.reaches(run, "Running")
    there = yard.there / "runs" / run.id / "0"
    # Running is what has a process, which may not have said its first word yet.
    yard.until(
        lambda: any("began" in log.read_text() for log in there.rglob("70_driver_log.txt")),
        lambda: json.dumps(run.get_details()),
    )
    os.kill(json.loads((there / "agent.json").read_text())["pid"], signal.SIGKILL)
    yard.reaches(run, "Failed")
    assert "is gone" in run.get_details()["error"]["error"]["message"]
    run.download_file("azureml-logs/70_driver_log.txt", str(tmp_path / "log"))
    assert "began" in (tmp_path / "log").read_text()
