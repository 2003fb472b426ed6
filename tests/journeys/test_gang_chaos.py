"""Many gangs in a row, something of each killed at a random moment.

GANG_STARTS says how many (10 by default); GANG_SEED repeats a sequence that failed.
"""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from typing import Any

import pytest

STARTS = int(os.environ.get("GANG_STARTS", "10"))
SEED = int(os.environ.get("GANG_SEED", str(random.randrange(1 << 30))))
SCRIPT = """
import os, time
if "ps" in os.environ.get("TF_CONFIG", "").partition("task")[2]:
    time.sleep(600)
time.sleep(0.8)
"""
END_SECONDS = 60


def config(yard: Any, number: int) -> Any:
    """A run of four processes on two nodes, by the three launchers in turn."""
    from azureml.core import Environment, ScriptRunConfig
    from azureml.core.runconfig import (
        MpiConfiguration,
        PyTorchConfiguration,
        TensorflowConfiguration,
    )

    environment = Environment("plain")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    kinds = [
        TensorflowConfiguration(worker_count=3, parameter_server_count=1),
        PyTorchConfiguration("Gloo", process_count=4, node_count=2),
        MpiConfiguration(process_count_per_node=2, node_count=2),
    ]
    made = ScriptRunConfig(
        yard.script(SCRIPT),
        script="train.py",
        compute_target="two",
        environment=environment,
        distributed_job_config=kinds[number % 3],
    )
    made.run_config.node_count = 2
    return made


def agents(yard: Any, run: Any) -> dict[int, int]:
    """The process id of the agent of each node that has begun."""
    folder = yard.home / "runs" / run.id
    found = {}
    for node, place in enumerate([folder, folder / "nodes" / "1"]):
        with suppress(OSError, ValueError):
            found[node] = int(json.loads((place / "agent.json").read_text())["pid"])
    return found


def ranks(yard: Any, run: Any) -> dict[str, int]:
    """The process ids of the processes that run, by name, as the agents wrote them down."""
    folder = yard.home / "runs" / run.id
    found: dict[str, int] = {}
    for place in (folder, folder / "nodes" / "1"):
        with suppress(OSError, ValueError):
            told = json.loads((place / "agent.json").read_text())["processes"]
            found |= {each["name"]: each["pid"] for each in told}
    return found


def kill(pid: int) -> bool:
    """Kill a process; say whether it was there."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def strike(yard: Any, run: Any, dice: random.Random, number: int) -> list[str]:
    """Kill something; give what the error of the run may say then, nothing if it may not fail."""
    if number % 10 == 9:
        yard.kill_service()
        return []
    if dice.random() < 0.3:
        node, pid = dice.choice(sorted(agents(yard, run).items()) or [(0, 0)])
        return [f"agent of node {node} was killed", "agent"] if pid and kill(pid) else []
    name, pid = dice.choice(sorted(ranks(yard, run).items()) or [("", 0)])
    return [f"{name} on two-", f"{name} was ended"] if pid and kill(pid) else []


def ended(yard: Any, run: Any) -> str:
    """Wait for the end of a run; a service that was killed is started by asking."""
    end = time.monotonic() + END_SECONDS
    while time.monotonic() < end:
        status: str = run.get_status()
        if status in ("Completed", "Failed", "Canceled"):
            return status
        time.sleep(0.05)
    raise AssertionError(f"{run.id} is {run.get_status()} after {END_SECONDS} s")


@pytest.mark.slow
def test_every_gang_ends_as_what_was_killed_makes_it(yard: Any) -> None:
    """Completed, or Failed with the reason; nothing of it runs on and no node stays taken."""
    from azureml.core import Experiment

    dice = random.Random(SEED)
    name, workspace = yard.two_nodes(), yard.workspace
    target = workspace.compute_targets[name]
    told: dict[str, int] = {}
    for number in range(STARTS):
        begun = time.monotonic()
        run = Experiment(workspace, "chaos").submit(config(yard, number))
        time.sleep(dice.uniform(0, 1.2))
        reasons = strike(yard, run, dice, number)
        status = ended(yard, run)
        what = f"seed {SEED}, run {number}: {status} after {time.monotonic() - begun:.1f} s"
        if status == "Failed":
            said = run.get_details()["error"]["error"]["message"]
            assert any(reason in said for reason in reasons), f"{what}: {said}, not {reasons}"
        else:
            assert status == "Completed", what
        yard.until(lambda one=run: not yard.run_processes(one.id), f"{what}: processes are left")
        told[status] = told.get(status, 0) + 1

    def idle() -> bool:
        nodes: dict[str, int] = target.get_status().serialize()["nodeStateCounts"]
        return nodes["runningNodeCount"] == 0

    yard.until(idle, "a node is still taken")
    sys.stdout.write(f"seed {SEED}: {told}\n")
    assert sum(told.values()) == STARTS
