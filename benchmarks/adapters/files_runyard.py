"""Sends folders to a service of its own and fetches them; argv: `run` or `datastore`."""

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
    return {
        name: end - begin for name, begin, end in zip(names, times[:-1], times[1:], strict=True)
    }


serve({"once": _run if sys.argv[1] == "run" else _datastore})
