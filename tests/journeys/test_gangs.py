"""Runs of several processes on a cluster of two nodes, from the submission to the last file."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from .conftest import Yard

SCRIPT = """
import json, os, socket, sys, time
told = json.loads(os.environ["TF_CONFIG"])
kind, index = told["task"]["type"], told["task"]["index"]
host, port = told["cluster"]["ps"][0].split(":")
if kind == "ps":
    server = socket.create_server((host, int(port)))
    while True:
        server.accept()[0].close()
for _ in range(200):
    try:
        socket.create_connection((host, int(port))).close()
        break
    except OSError:
        time.sleep(0.05)
else:
    raise RuntimeError("the parameter server is not there")
print("worker", index, "is there", flush=True)
"""
DONE = """
open(f"outputs/{index}.txt", "w").write("x")
while len(os.listdir("outputs")) < 2:
    time.sleep(0.05)
"""


@pytest.fixture
def yard(guest: Yard) -> Yard:
    """A service that the tests of this file share: each looks after its own run alone."""
    return guest


def submit(yard: Any, text: str) -> Any:
    """Submit one parameter server and two workers on two nodes."""
    from azureml.core.runconfig import TensorflowConfiguration

    distributed = TensorflowConfiguration(worker_count=2, parameter_server_count=1)
    target = yard.two_nodes()
    return yard.submit(SCRIPT + text, target=target, distributed_job_config=distributed)


def ranks(run: Any) -> dict[str, str]:
    """The state of each process."""
    return {one["name"]: one["status"] for one in run.get_details()["ranks"]}


def working(yard: Any, run: Any) -> Path:
    """Wait until both workers are there; give the run folder."""
    folder = yard.home / "runs" / run.id
    logs = [folder / "logs", folder / "nodes" / "1" / "logs"]

    def there() -> bool:
        said = [p.read_text() for log in logs for p in log.glob("*/70_driver_log_worker_*.txt")]
        return len(said) == 2 and all("is there" in text for text in said)

    yard.until(there, "the workers are not there")
    return folder


def test_the_servers_are_stopped_when_the_workers_have_ended(yard: Any, capsys: Any) -> None:
    """The article's parameter-server case: three processes, one folder, one log each."""
    run = submit(yard, DONE)
    run.wait_for_completion(show_output=True)
    assert run.get_status() == "Completed"
    assert ranks(run) == {"worker 0": "completed", "worker 1": "completed", "ps 0": "stopped"}
    files = run.get_file_names()
    assert [name for name in files if "70_driver_log" in name] == [
        "azureml-logs/70_driver_log_ps_0.txt",
        "azureml-logs/70_driver_log_worker_0.txt",
        "azureml-logs/70_driver_log_worker_1.txt",
    ]
    assert [name for name in files if name.startswith("outputs/")] == [
        "outputs/0.txt",
        "outputs/1.txt",
    ]
    shown = capsys.readouterr().out
    assert "Streaming azureml-logs/70_driver_log_worker_0.txt" in shown
    assert "worker 1 is there" not in shown
    assert yard.run_processes(run.id) == []


def cli(yard: Any, *words: str) -> str:
    """What the command `runyard` prints."""
    text = "from runyard_server.cli import main; import sys; sys.argv[1:] = {}; main()"
    with yard.client(text.format(list(words))) as done:
        said: str = done.communicate()[0]
    return said


# Not before the other has spoken, which would be stopped in its first lines.
FAILS = """
if index == 1:
    while not os.path.exists("there"):
        time.sleep(0.02)
    raise ValueError("boom")
open("there", "w").close()
time.sleep(300)
"""


def test_a_failing_worker_fails_the_run_at_once(
    yard: Any, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others, which would wait for ever, are stopped, and the error names the worker."""
    from azureml.exceptions import ActivityFailedException

    run = submit(yard, FAILS)
    with pytest.raises(ActivityFailedException, match="worker 1 on two-2"):
        run.wait_for_completion(show_output=True)
    shown = capsys.readouterr()
    assert "worker 0 is there" in shown.out
    assert (
        "worker 1 on two-2 failed with exit code 1; see azureml-logs/70_driver_log_worker_1.txt"
        in shown.err
    )
    error = run.get_details()["error"]["error"]
    assert "ValueError: boom" in error["message"]
    assert "worker 1 is there" in error["logTail"]
    assert ranks(run) == {"worker 0": "stopped", "worker 1": "failed", "ps 0": "stopped"}
    assert yard.run_processes(run.id) == []
    for one in run.get_details()["ranks"]:
        assert one["cpuSeconds"] > 0
        assert one["peakMemoryBytes"] > 1 << 20
    for words in (["1"], ["worker_1", "-f"], ["worker 1"]):
        log = cli(yard, "runs", "logs", run.id, "--rank", *words)
        assert log.startswith("worker 1 is there\n")
        assert "ValueError: boom" in log
    assert "there are: 0 (worker 0)" in cli(yard, "runs", "logs", run.id, "--rank", "7")
    assert "Failed" in cli(yard, "runs", "ranks", run.id)
    monkeypatch.setenv("_RUNYARD_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"runyard\nruns\nlogs\n{run.id}\n--rank\n")
    monkeypatch.setenv("COMP_CWORD", "5")
    assert cli(yard).split() == ["0", "1", "2"]


@pytest.mark.parametrize("node", [0, 1])
def test_a_killed_agent_stops_all_nodes(yard: Any, node: int) -> None:
    """Nothing of the run is left, whichever node's agent is lost."""
    run = submit(yard, "time.sleep(300)\n")
    folder = working(yard, run)
    state = folder / "agent.json" if node == 0 else folder / "nodes" / "1" / "agent.json"
    os.kill(json.loads(state.read_text())["pid"], signal.SIGKILL)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    assert f"agent of node {node} was killed" in run.get_details()["error"]["error"]["message"]
    yard.until(lambda: not yard.run_processes(run.id), "processes are left")


def test_cancel_stops_all_nodes(yard: Any) -> None:
    """A canceled run ends on every node, and its logs are kept."""
    run = submit(yard, "time.sleep(300)\n")
    working(yard, run)
    run.cancel()
    yard.until(lambda: run.get_status() == "Canceled", "the run goes on")
    assert len([name for name in run.get_file_names() if "70_driver_log" in name]) == 3
    yard.until(lambda: not yard.run_processes(run.id), "processes are left")


WAITS = """
import os, sys, time
rank = int(os.environ["RANK"])
print("rank", rank, "is there", flush=True)
open(f"rank-{{rank}}", "w").close()
if rank == {first}:
    while not os.path.exists("rank-{late}"):
        time.sleep(0.02)
    raise SystemExit(0)
time.sleep(300)
"""


@pytest.mark.parametrize(("nodes", "first", "late"), [(1, 0, 1), (2, 1, 0)])
def test_who_hangs_is_named(yard: Any, nodes: int, first: int, late: int) -> None:
    """With an exit deadline a run does not wait for ever when one rank has ended well."""
    import runyard

    target = yard.two_nodes() if nodes > 1 else "local"
    setting = runyard.Torch(2 // nodes, nodes, exit_deadline_seconds=0.5)
    text = WAITS.format(first=first, late=late)
    run = yard.submit(text, target=target, distributed_job_config=setting)
    yard.until(lambda: run.get_status() == "Failed", "the run goes on")
    error = run.get_details()["error"]["error"]
    where = f"two-{late + 1}" if nodes > 1 else "local"
    assert error["message"].startswith(
        f"rank {late} on {where} still runs, 0.5 s after rank {first}"
    )
    assert f"rank {late} is there" in error["logTail"]
    assert ranks(run) == {f"rank {first}": "completed", f"rank {late}": "failed"}
    assert yard.run_processes(run.id) == []
