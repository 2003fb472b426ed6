"""Sends files to a service of its own and fetches them; argv: `run`, `datastore`, `elsewhere`."""

from __future__ import annotations

import shutil
import sys
import time
import uuid
from pathlib import Path

from serve import serve

from azureml.core import Experiment, Workspace

workspace = Workspace.from_config()
experiment = Experiment(workspace, "bench")


def _run(source: str, back: str) -> dict:
    run = experiment.start_logging(snapshot_directory=None)
    times = [time.perf_counter()]
    run.upload_folder("in", source)
    times.append(time.perf_counter())
    run.download_files("in/", back, append_prefix=False)
    times.append(time.perf_counter())
    run.upload_folder("again", source)
    times.append(time.perf_counter())
    run.complete()
    return _seconds(times)


def _large(source: str, back: str) -> dict:
    run = experiment.start_logging(snapshot_directory=None)
    times = [time.perf_counter()]
    run.upload_file("in/large.bin", source)
    times.append(time.perf_counter())
    run.download_file("in/large.bin", f"{back}/large.bin")
    times.append(time.perf_counter())
    run.complete()
    return _seconds(times)


def _datastore(source: str, back: str) -> dict:
    store = workspace.get_default_datastore()
    name = uuid.uuid4().hex
    times = [time.perf_counter()]
    store.upload(source, name, show_progress=False)
    times.append(time.perf_counter())
    store.download(back, f"{name}/", show_progress=False)
    times.append(time.perf_counter())
    store.upload(source, name, show_progress=False)
    times.append(time.perf_counter())
    _flatten(Path(back), name)
    return _seconds(times)


def _flatten(back: Path, name: str) -> None:
    """Take away the folder of the datastore, which a download keeps."""
    for path in (back / name).iterdir():
        shutil.move(str(path), str(back / path.name))
    (back / name).rmdir()


def _seconds(times: list) -> dict:
    names = ("in", "out", "again")
    # Of one large file nothing is sent again.
    spans = zip(names, times[:-1], times[1:], strict=False)
    return {name: end - begin for name, begin, end in spans}


if sys.argv[1] == "elsewhere":
    workspace.service.connection.home = ""
serve({"once": _datastore if sys.argv[1] == "datastore" else _run, "large": _large})
