"""What sampling the use of a run costs: its start, its agent's processor time, and the database.

    python benchmarks/system_metrics.py [PAIRS]

Runs with and without system metrics take turns, so that a loaded machine slows both. Each figure
is the mean of pairs with its 95 % interval; the agent's processor time is the kernel's own count.
"""

from __future__ import annotations

import io
import json
import os
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest import mock

from runyard import Environment, Experiment, Run, ScriptRunConfig, Workspace
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import StartRun
from runyard.runtime import names, sampling
from runyard.runtime.folder import RunFolder
from runyard.runtime.sampling import Sampler
from runyard_server.core.clock import Clock
from runyard_server.operations import metrics, runs
from runyard_server.testing import parts

PAIRS = 15
SETTLED_SECONDS, WATCHED_SECONDS = 40.0, 120.0
HOURS = 3600
OFF = {"RUNYARD_SYSTEM_METRICS": "0"}


def submit(workspace: Workspace, seconds: float, variables: dict[str, str]) -> Run:
    """A run in this interpreter that says something and sleeps."""
    environment = Environment("user")
    environment.python.user_managed_dependencies = True
    environment.python.interpreter_path = sys.executable
    environment.environment_variables = dict(variables)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "train.py").write_text(f"import time; print('x'); time.sleep({seconds})")
        config = ScriptRunConfig(folder, "train.py", environment=environment)
        return Experiment(workspace, "sampled").submit(config)


def starts(workspace: Workspace, pairs: int) -> None:
    """Print how long short runs take from submission to their end."""
    taken: list[list[float]] = [[], []]
    for number in range(2 * pairs + 2):
        begun = time.perf_counter()
        submit(workspace, 0, OFF if number % 2 else {}).wait_for_completion(show_output=False)
        if number > 1:
            taken[number % 2].append(time.perf_counter() - begun)
    differences = [with_ - without for with_, without in zip(*taken, strict=True)]
    spread = 1.96 * statistics.stdev(differences) / len(differences) ** 0.5
    print(
        f"submit to final state: {statistics.median(taken[0]) * 1e3:.0f} ms with, "
        f"{statistics.median(taken[1]) * 1e3:.0f} ms without; difference "
        f"{statistics.mean(differences) * 1e3:+.0f} ms (95 %: ±{spread * 1e3:.0f}), {pairs} pairs"
    )


def agents(workspace: Workspace, home: Path) -> None:
    """Print the share of a core that agents take, and their memory, with and without."""
    submitted = [
        submit(workspace, SETTLED_SECONDS + WATCHED_SECONDS + 20, each) for each in ({}, OFF)
    ]
    time.sleep(SETTLED_SECONDS)
    pids = [
        json.loads((home / "runs" / run.id / "agent.json").read_text())["pid"] for run in submitted
    ]
    before = [_cpu_seconds(pid) for pid in pids]
    time.sleep(WATCHED_SECONDS)
    for pid, used, what in zip(pids, before, ("with", "without"), strict=True):
        share = (_cpu_seconds(pid) - used) / WATCHED_SECONDS
        status = Path(f"/proc/{pid}/status").read_text().splitlines()
        memory = next(line for line in status if line.startswith("RssAnon")).split()[1]
        print(
            f"agent at rest, {what}: {share:.3%} of a core, {int(memory) / 1024:.1f} MB of its own"
        )
    for run in submitted:
        run.cancel()


def _cpu_seconds(pid: int) -> float:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def stored(hours: int) -> None:
    """Print what a run's samples take in the database, as its agent sends them.

    Args:
        hours: How old the run becomes.
    """
    clock = SimpleNamespace(now=0.0)
    with (
        tempfile.TemporaryDirectory() as folder,
        parts.parts(Path(folder, "home"), Clock()) as system,
        mock.patch.object(sampling.time, "monotonic", side_effect=lambda: clock.now),
        mock.patch.object(sampling.Times, "microseconds", side_effect=lambda: int(clock.now * 1e6)),
    ):
        run = runs.start(system, "default", body=StartRun(experiment="sampled")).id
        database = Path(folder, "home", "runyard.db")
        before, lines, requests = _pages(database), 0, 0
        spool = Path(folder, "run", "spool")
        spool.mkdir(parents=True)
        job: Any = SimpleNamespace(kind=names.SINGLE, node=0, spec={})
        this: Any = SimpleNamespace(pid=os.getpid())
        sampler = Sampler(job, RunFolder(str(spool.parent)), [this], 0, 0.0)
        while clock.now < hours * HOURS:
            clock.now += sampler.step()
            for sent in spool.iterdir():
                data = sent.read_bytes()
                sent.unlink()
                metrics.append(
                    system, "default", run, "1-a", query=SpoolQuery(lines), body=io.BytesIO(data)
                )
                lines, requests = lines + data.count(b"\n"), requests + 1
        grown = _pages(database) - before
        print(
            f"{hours} h: {lines:,} samples in {requests:,} requests, {grown / 1024:.0f} KB stored"
        )


def _pages(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    return int(count) * int(size)


def main() -> None:
    """Print the figures."""
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else PAIRS
    for hours in (1, 24):
        stored(hours)
    home = Path(os.environ["RUNYARD_HOME"])
    workspace = Workspace.from_config()
    starts(workspace, pairs)
    agents(workspace, home)


if __name__ == "__main__":
    main()
