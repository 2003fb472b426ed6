"""Runs that begin anew: after a failure where the spec allows it, and when a port was taken."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import Yard

SCRIPT = """
import json, os, pathlib, socket, sys, time
told = json.loads(os.environ["TF_CONFIG"])
kind, index = told["task"]["type"], told["task"]["index"]
seen = pathlib.Path({folder!r}, f"{{kind}}-{{index}}")
attempt = len(seen.read_text()) + 1 if seen.exists() else 1
seen.write_text("x" * attempt)
while len(os.listdir(seen.parent)) < 3:
    time.sleep(0.02)
print(kind, index, "in attempt", attempt, flush=True)
os.makedirs("outputs", exist_ok=True)
pathlib.Path("outputs", f"{{attempt}}.txt").write_text("made here")
"""


@pytest.fixture
def yard(guest: Yard) -> Yard:
    """A service that the tests of this file share: each looks after its own run alone."""
    return guest


def submit(yard: Any, text: str, retries: int) -> Any:
    """Submit two workers and a parameter server on two nodes, which count their attempts."""
    from azureml.core import Environment, Experiment, ScriptRunConfig
    from azureml.core.runconfig import TensorflowConfiguration

    counts = yard.folder / "counts"
    counts.mkdir()
    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    config = ScriptRunConfig(
        yard.script(SCRIPT.format(folder=str(counts)) + text),
        script="train.py",
        compute_target=yard.two_nodes(),
        environment=environment,
        distributed_job_config=TensorflowConfiguration(worker_count=2, parameter_server_count=1),
    )
    config.run_config.max_retries = retries
    return Experiment(yard.workspace, "journey").submit(config)


def attempts(yard: Any) -> list[int]:
    """How often each process was started."""
    return sorted(len(each.read_text()) for each in (yard.folder / "counts").iterdir())


FAILS_ONCE = """
if kind == "ps":
    time.sleep(300)
if index == 1 and attempt == 1:
    raise ValueError("not today")
time.sleep(0.5)
"""


def test_a_failed_gang_begins_anew_with_all_its_processes(yard: Any, capsys: Any) -> None:
    """The second attempt counts: its outputs are the run's, and the logs tell both attempts."""
    run = submit(yard, FAILS_ONCE, retries=2)
    run.wait_for_completion(show_output=True)
    assert run.get_status() == "Completed"
    assert attempts(yard) == [2, 2, 2]
    assert run.get_details()["attempt"] == 2
    files = run.get_file_names()
    assert [name for name in files if name.startswith("outputs/")] == ["outputs/2.txt"]
    log = "azureml-logs/70_driver_log_worker_1.txt"
    run.download_file(log, "worker_1.txt")
    text = Path("worker_1.txt").read_text()
    first, second = text.split("[attempt 2 begins]\n")
    assert "ValueError: not today" in first
    assert second == "worker 1 in attempt 2\n"
    assert "worker 0 in attempt 2" in capsys.readouterr().out
    assert yard.run_processes(run.id) == []


def test_the_last_attempt_tells_its_own_failure(yard: Any) -> None:
    """A run whose attempts are used up fails with the reason of the last one."""
    run = submit(yard, "if index == 0:\n    sys.exit(10 + attempt)\ntime.sleep(300)\n", retries=1)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    error = run.get_details()["error"]["error"]
    assert "exit code 12" in error["message"]
    assert "in attempt 1" not in error["logTail"]
    assert max(attempts(yard)) == 2
    yard.until(lambda: not yard.run_processes(run.id), "processes are left")


def test_a_lost_agent_costs_an_attempt(yard: Any) -> None:
    """What is left of the lost node's processes has ended before the next attempt begins."""
    text = "time.sleep(300) if attempt == 1 or kind == 'ps' else None\n"
    run = submit(yard, text, retries=1)
    yard.until(lambda: len(list((yard.folder / "counts").iterdir())) == 3, "no process came")
    state = yard.home / "runs" / run.id / "nodes" / "1" / "agent.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    assert attempts(yard) == [2, 2, 2]
    assert yard.run_processes(run.id) == []


def test_what_cannot_be_mended_is_not_tried_again(yard: Any) -> None:
    """A cancel ends the run for good, however many attempts it has left."""
    run = submit(yard, "time.sleep(300)\n", retries=5)
    yard.until(lambda: len(list((yard.folder / "counts").iterdir())) == 3, "no process came")
    run.cancel()
    yard.until(lambda: run.get_status() == "Canceled", "the run goes on")
    assert attempts(yard) == [1, 1, 1]
    yard.until(lambda: not yard.run_processes(run.id), "processes are left")


STEALS = """
host, port = told["cluster"]["worker"][0].split(":")
if kind == "worker" and index == 0:
    # Somebody was quicker; in the third attempt nobody is.
    thief = socket.create_server((host, int(port))) if attempt < 3 else None
    socket.create_server((host, int(port)))
if kind == "ps":
    time.sleep(300)
"""


def test_a_port_that_was_taken_costs_nothing(yard: Any) -> None:
    """The gang begins anew with other ports, though the run allows no retry."""
    run = submit(yard, STEALS, retries=0)
    run.wait_for_completion()
    assert run.get_status() == "Completed"
    assert max(attempts(yard)) == 3
    assert yard.run_processes(run.id) == []


def test_ports_that_are_always_taken_fail_the_run(yard: Any) -> None:
    """After a few attempts the run fails and says why."""
    run = submit(yard, STEALS.replace("attempt < 3", "True"), retries=0)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert "Address already in use" in run.get_details()["error"]["error"]["message"]
    assert max(attempts(yard)) == 4
