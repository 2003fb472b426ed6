"""Logs long series to runs of a service of its own, then reads them thinned."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import curves
from serve import serve

from runyard import Experiment, Workspace
from runyard.protocol.series import ReadSeries, SeriesName

BLOCK = 20_000
workspace = Workspace.from_config()
experiment = Experiment(workspace, "bench")
client = workspace.service
_runs: list = []


def fill(runs: int, points: int) -> dict:
    """Have so many runs that have ended, each with so many points; once."""
    at = time.time_ns() // 1000
    lines = [
        f'{{"n":"loss","k":"scalar","v":{value!r},"s":{step},"t":{at + step * 1000}}}\n'
        for step, value in enumerate(curves.values(points))
    ]
    blocks = [(n, "".join(lines[n : n + BLOCK]).encode()) for n in range(0, points, BLOCK)]
    while len(_runs) < runs:
        run = experiment.start_logging(snapshot_directory=None)
        for first, block in blocks:
            client.metrics.append(run.id, "bench", block, first)
        run.complete()
        _runs.append(run.id)
    return {}


def columns() -> dict:
    """Read them as charts do."""
    asked = ReadSeries([SeriesName(run, "loss") for run in _runs], points=curves.POINTS)
    begun = time.perf_counter()
    found = client.metrics.columns(asked)
    seconds = time.perf_counter() - begun
    curves.check([one.y for one in found], len(_runs))
    return {"read": seconds}


def bulk() -> dict:
    """Read them as MLflow's pages do."""
    told = json.loads((Path(os.environ["RUNYARD_HOME"]) / "service.json").read_text())
    return curves.bulk(told["url"], told["token"], _runs)


serve({"fill": fill, "columns": columns, "bulk": bulk})
