"""Launchers: every process of a fixed rank table with its whole environment, as in golden/*.json.

What a script of a framework may rely on is in those files, and a change of it is seen in review.
To write them anew after a change that is meant: WRITE_GOLDEN=1 pytest tests/runtime/test_golden.py
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from runyard.protocol import codec
from runyard.protocol.runs import LauncherSpec
from runyard.runtime.folder import RunFolder
from runyard.runtime.job import Job
from runyard.runtime.launchers import Node, launcher
from runyard.runtime.managed_process import Plan

GOLDEN = Path(__file__).parent / "golden"
CASES = {
    "parameter_server": LauncherSpec("parameter_server", worker_count=2, parameter_server_count=1),
    "parameter_server_with_chief": LauncherSpec(
        "parameter_server",
        worker_count=2,
        parameter_server_count=2,
        chief_count=1,
        evaluator_count=1,
    ),
    "multi_worker": LauncherSpec("multi_worker", worker_count=2),
    "multi_worker_with_chief": LauncherSpec(
        "multi_worker", worker_count=2, chief_count=1, evaluator_count=1
    ),
    "gloo": LauncherSpec("mpi", process_count_per_node=2, backend="gloo"),
    "torch": LauncherSpec("torch", process_count_per_node=2, worker_count=4, backend="gloo"),
}
MPI = LauncherSpec("mpi", process_count_per_node=2)
NODES = [
    Node(0, "10.0.0.4", "host-a", "cluster-1", [1000, 1001, 1002]),
    Node(1, "10.0.0.5", "host-b", "cluster-2", [2000, 2001, 2002]),
]
MACHINE = [
    Node(0, "127.0.0.1", "host", "cluster-1", [1000]),
    Node(1, "127.0.0.1", "host", "cluster-2", []),
]
VARIABLES = {"PATH": "/usr/bin:/bin"}
# What mpirun does, as far as its ranks can see.
MPIRUN = """\
#!/bin/sh
while [ "$1" != -n ]; do shift; done
size=$2
shift 2
rank=0
while [ $rank -lt $size ]; do
    OMPI_COMM_WORLD_RANK=$rank OMPI_COMM_WORLD_SIZE=$size "$@" || exit
    rank=$((rank + 1))
done
"""
# What the shells on the way add.
SHELLS = ("_", "OLDPWD", "PWD", "SHLVL")


@pytest.fixture(autouse=True)
def _cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """The share of the cores must not depend on the machine of the test."""
    monkeypatch.setattr("os.cpu_count", lambda: 8)


def plans(room: Any, spec: LauncherSpec, nodes: list[Node], **job: Any) -> list[tuple[int, Plan]]:
    """All processes with the nodes they are on."""
    room.work.mkdir(exist_ok=True)
    (room.work / "train.py").write_text("pass")
    found = []
    for node in nodes:
        plain = codec.to_plain(room.write_job("pass", node=node.rank, cpus=4))
        plain["spec"].update(launcher=codec.to_plain(spec), node_count=len(nodes), **job)
        plain["environment"]["interpreter"] = str(room.folder / "env" / "bin" / "python")
        plain["run"] = "run_1"
        folder = RunFolder(str(room.run_folder))
        made = launcher(spec.kind).plans(Job(plain), folder, nodes, dict(VARIABLES))
        found += [(node.rank, plan) for plan in made]
    return found


def compared(name: str, room: Any, told: list[dict[str, Any]]) -> tuple[Any, Any]:
    """What was told, and what the golden file has, which is written where that is asked for."""
    text = json.dumps(told, indent=2, sort_keys=True).replace(str(room.run_folder), "/run")
    text = text.replace(str(room.folder), "") + "\n"
    path = GOLDEN / f"{name}.json"
    if os.environ.get("WRITE_GOLDEN"):
        path.write_text(text)
    return json.loads(text), json.loads(path.read_text())


def as_told(node: int, plan: Plan) -> dict[str, Any]:
    """What the golden files have of a process."""
    (task,) = plan.tasks
    return {
        "node": node,
        "rank": task.rank,
        "name": plan.name,
        "log": task.log,
        "decisive": plan.decisive,
        "command": plan.command,
        "environment": plan.variables,
    }


@pytest.mark.parametrize("name", CASES)
def test_the_processes_are_as_before(room: Any, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All variables of all processes on two nodes."""
    monkeypatch.setattr("runyard.runtime.launchers.gloo.interface_of", lambda _: "eth0")
    found = plans(room, CASES[name], NODES)
    told = sorted(
        (as_told(*each) for each in found if each[1].tasks), key=lambda each: each["rank"]
    )
    found, golden = compared(name, room, told)
    assert found == golden


def test_the_ranks_of_mpi_are_as_before(room: Any) -> None:
    """What each rank finds when mpirun has started it, and in which log it speaks."""
    programs = room.folder / "env" / "bin"
    programs.mkdir(parents=True)
    (programs / "mpirun").write_text(MPIRUN)
    (programs / "mpirun").chmod(0o755)
    found = plans(room, MPI, MACHINE, command=["env"])
    (start,) = [plan for _, plan in found if plan.helper]
    for path, text in start.files.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text)
    subprocess.run(start.command, env=start.variables, cwd=start.folder, check=True)
    told = []
    for node, plan in found:
        if not plan.helper:
            lines = Path(plan.log.replace("/logs/", logs_of(node))).read_text().splitlines()
            pairs = dict(line.split("=", 1) for line in lines)
            # It begins with the process id of the rank's shell.
            pairs["RUNYARD_ENDING"] = pairs["RUNYARD_ENDING"].lstrip("0123456789")
            plan.variables = {key: pairs[key] for key in pairs if key not in SHELLS}
            told.append(as_told(node, plan))
    seen, golden = compared("mpi", room, told)
    assert seen == golden


def logs_of(node: int) -> str:
    """The logs of a node that is not the first are in a folder of its own."""
    return f"/nodes/{node}/logs/" if node else "/logs/"
