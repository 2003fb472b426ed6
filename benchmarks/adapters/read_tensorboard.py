"""Writes long series as event files, and reads them from a TensorBoard of its own."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlencode

import curves
from ports import free_port
from serve import serve, until
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

FOLDER = Path.cwd() / "runs"
url = f"http://127.0.0.1:{free_port()}"
_runs: list = []


def fill(runs: int, points: int) -> dict:
    """Have so many runs with so many points each, and wait until all are loaded."""
    if _runs:
        return {}
    _runs.extend(f"run-{number}" for number in range(runs))
    first = FOLDER / _runs[0] / "events.out.tfevents.1"
    first.parent.mkdir(parents=True)
    with first.open("wb") as file:
        writer = RecordWriter(file)
        writer.write(Event(wall_time=1.0, file_version="brain.Event:2").SerializeToString())
        for step, value in enumerate(curves.values(points)):
            summary = Summary(value=[Summary.Value(tag="loss", simple_value=value)])
            event = Event(wall_time=1.0 + step, step=step, summary=summary)
            writer.write(event.SerializeToString())
    for run in _runs[1:]:
        (FOLDER / run).mkdir()
        shutil.copy(first, FOLDER / run)
    words = ["--logdir", str(FOLDER), "--port", url.rsplit(":", 1)[1], "--host", "127.0.0.1"]
    program = str(Path(sys.executable).parent / "tensorboard")
    subprocess.Popen([program, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    until(lambda: _is_loaded(points), 600)
    return {}


def _is_loaded(points: int) -> bool:
    time.sleep(1)
    try:
        found = _asked()
    except OSError:
        return False
    ends = [series[-1]["step"] for series in found.values() if series]
    return ends == [points - 1] * len(_runs)


def _asked() -> dict:
    """The points of all runs, as the page of time series asks for them."""
    form = urlencode({"requests": json.dumps([{"plugin": "scalars", "tag": "loss"}])})
    with urllib.request.urlopen(
        f"{url}/data/plugin/timeseries/timeSeries", form.encode(), timeout=600
    ) as answer:
        (told,) = json.loads(answer.read())
    found: dict = told["runToSeries"]
    return found


def read() -> dict:
    """Read them all."""
    begun = time.perf_counter()
    found = _asked()
    seconds = time.perf_counter() - begun
    series = [[one["value"] for one in points] for points in found.values()]
    curves.check(series, len(_runs), spike=False)
    return {"read": seconds}


serve({"fill": fill, "read": read})
