"""Makes trials of a sweep in this process, against a service of its own."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from pathlib import Path

from serve import serve

from runyard import Experiment, Sweep, Workspace, choice, loguniform, uniform

PIECE = 1_000
experiment = Experiment(Workspace.from_config(), "bench")
service = json.loads((Path(os.environ["RUNYARD_HOME"]) / "service.json").read_text())["pid"]
TICK = 1 / os.sysconf("SC_CLK_TCK")


def loop(trials: int, threads: int) -> dict:
    """Make trials; all must be in the service afterwards."""
    sweep = Sweep(
        {"x": uniform(0, 1), "lr": loguniform(1e-5, 1e-1), "kind": choice("a", "b", "c")},
        {"loss": "minimize"},
        max_trials=trials,
    )
    spent: list[float] = []
    start = time.perf_counter()
    made = sweep.open(experiment, workers=threads)

    def work() -> None:
        for trial in made:
            if trial.number % PIECE == 0:
                spent.append(_seconds())
            time.sleep(0.001)
            trial.tell(trial.params["x"])

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - start
    spent.append(_seconds())
    found = made.get_children()
    if [(each.number, each.state) for each in found] != [(n, "completed") for n in range(trials)]:
        raise RuntimeError(f"of {trials} trials not all are completed")
    figures = {"rate": trials / seconds}
    if len(spent) > 3:
        pieces = [after - before for before, after in itertools.pairwise(spent)]
        figures["slope"] = pieces[-1] / pieces[1]
    return figures


def _seconds() -> float:
    """Processor time of this process and of its service."""
    fields = Path(f"/proc/{service}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + (int(fields[11]) + int(fields[12])) * TICK


serve({"loop": loop})
