"""Sends files to a service of its own and fetches them; argv: `run`, `datastore`, `elsewhere`."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

from serve import serve

from azureml.core import Experiment, Workspace
from runyard.client import transfer

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


def _large(source: str, back: str, other: str) -> dict:
    run = experiment.start_logging(snapshot_directory=None)
    times = [time.perf_counter()]
    run.upload_file("in/large.bin", source)
    times.append(time.perf_counter())
    run.download_file("in/large.bin", f"{back}/large.bin")
    times.append(time.perf_counter())
    run.upload_file("again/large.bin", source)
    times.append(time.perf_counter())
    _kill_half_way(run.id, other)
    begun = time.perf_counter()
    run.upload_file("other.bin", other)
    resumed = time.perf_counter() - begun
    run.complete()
    return {**_seconds(times), "resumed": resumed}


def _kill_half_way(run: str, source: str) -> None:
    """Begin an upload in a process of its own, and kill that when half has come."""
    digest = transfer.describe(Path(source), "other.bin").digest
    blobs = workspace.service.blobs
    half = Path(source).stat().st_size // 2
    process = subprocess.Popen([sys.executable, __file__, *sys.argv[1:2], run, source])
    while process.poll() is None:
        if (blobs.begun(digest) or 0) >= half:
            process.send_signal(signal.SIGKILL)
            break
        time.sleep(0.005)
    if process.wait() != -signal.SIGKILL:
        raise RuntimeError("the upload was over before it could be killed")


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
    spans = zip(names, times[:-1], times[1:], strict=True)
    return {name: end - begin for name, begin, end in spans}


if sys.argv[1] == "elsewhere":
    workspace.service.connection.home = ""
if len(sys.argv) > 2:
    # Whoever is killed.
    workspace.get_run(sys.argv[2]).upload_file("other.bin", sys.argv[3])
    sys.exit()
serve({"once": _datastore if sys.argv[1] == "datastore" else _run, "large": _large})
