"""B8: submit a script that does nothing; how long until its first line, its end, and how many."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

import peers
from measure import LIMIT, PEER, Benchmark, Case, Figures, Quantity
from workers import ADAPTERS, Worker, plain

# Runs in a row: ours and the limit as many as the target says, peers as many as patience allows.
OURS_IN_A_ROW = 200
PEERS_IN_A_ROW = 10
SLOW_IN_A_ROW = 3


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    cases = [
        Case("fork + exec + Python", LIMIT, partial(_bare, ours.python)),
    ]
    cases += [
        _case(name, kind, Worker(peer.python, "submit_runyard.py"), OURS_IN_A_ROW)
        for name, kind, peer in peers.of_ours("Runyard", ours, installed)
    ]
    for name, script, arguments, label in (
        ("mlflow", "submit_mlflow.py", ["call", "local"], "mlflow.projects.run, in process"),
        ("mlflow", "submit_mlflow.py", ["command", "local"], "mlflow run --env-manager local"),
        ("submitit", "submit_submitit.py", [], "submitit local"),
        ("ray", "submit_ray.py", [], "ray job submit"),
    ):
        if name in installed:
            peer = installed[name]
            worker = Worker(peer.python, script, *arguments)
            count = SLOW_IN_A_ROW if "command" in arguments else PEERS_IN_A_ROW
            cases.append(_case(f"{label} ({peer.version})", PEER, worker, count))
    return Benchmark(
        "B8",
        "Submitting",
        "A script that prints one line. The clock starts before the call that submits; a client "
        f"that has connected and a service that runs. In a row: {OURS_IN_A_ROW} runs submitted "
        f"without waiting ({PEERS_IN_A_ROW} or fewer for the peers), then waited for.",
        [
            Quantity("first_line", "submit to first line", "s"),
            Quantity("final", "submit to final state", "s", "0.05 s above the limit", plotted=True),
            Quantity("rate", "in a row", "runs/s", "at least 40 on two cores", plotted=True),
        ],
        cases,
    )


def _case(name: str, kind: str, worker: Worker, count: int) -> Case:
    def once() -> Figures:
        figures = worker.once()
        figures.update(worker.burst(count))
        return figures

    return Case(name, kind, once, worker.close)


def _bare(python: Path) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        mark = Path(folder, "mark")
        command = [str(python), str(ADAPTERS / "nothing.py"), str(mark)]
        start = time.time()
        _run(command)
        figures = {"final": time.time() - start, "first_line": float(mark.read_text()) - start}
        start = time.time()
        for _ in range(20):
            _run(command)
        figures["rate"] = 20 / (time.time() - start)
    return figures


def _run(command: list[str]) -> None:
    done = subprocess.run(command, env=plain(), capture_output=True, text=True, check=True)
    if done.stdout != "begun\n":
        sys.exit(f"the script printed {done.stdout!r}")
