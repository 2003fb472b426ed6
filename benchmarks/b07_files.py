"""B7: thousands of small files, in and out, and the same again; B7-large: one large file."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from measure import LIMIT, OURS, PEER, Benchmark, Case, Figures, Quantity
from workers import Worker

if TYPE_CHECKING:
    import peers

FILES = 5000
PEER_FILES = 1000
PEER_PASSES = 2
IN_A_FOLDER = 100
BATCH_FOLDERS = 5
SMALLEST, LARGEST = 1000, 4000
# A smaller one tells of a change while one works on it; what is published is of 4 GB.
LARGE_MB = int(os.environ.get("B07_LARGE_MB", "4000"))


def benchmark(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """The benchmark with the peers that could be installed."""
    cases = [Case("cp, and sync each 500 files", LIMIT, _copied)]
    for name, way in (("Runyard, files of a run", "run"), ("Runyard, datastore", "datastore")):
        worker = Worker(ours.python, "files_runyard.py", way)
        cases.append(Case(name, OURS, partial(_moved, worker, FILES), worker.close))
    if "mlflow" in installed:
        peer = installed["mlflow"]
        worker = Worker(peer.python, "files_mlflow.py")
        once = partial(_moved, worker, PEER_FILES)
        name = f"mlflow server, log_artifacts ({peer.version})"
        cases.append(Case(name, PEER, once, worker.close, PEER_PASSES))
    return Benchmark(
        "B7",
        "Many small files",
        f"{FILES:,} files of {SMALLEST:,} to {LARGEST:,} bytes, {IN_A_FOLDER} in a folder, with "
        f"new contents in each pass ({PEER_FILES:,} for the peer, which takes long; rates do not "
        "depend on it). In: from the client over HTTP until all is acknowledged, which for Runyard "
        "means on disk. Out: back into an empty folder. Again: the same contents under other "
        "names. What comes back is compared with what was sent.",
        [
            Quantity("in", "in", "files/s", "half of cp, 8 x mlflow", plotted=True, paired=True),
            Quantity("out", "out", "files/s", "half of cp, 8 x mlflow", plotted=True, paired=True),
            Quantity("again", "the same again", "files/s"),
        ],
        cases,
    )


def large(ours: peers.Peer, installed: dict[str, peers.Peer]) -> Benchmark:
    """One large file, with the peers that could be installed."""
    cases = [Case("sha256sum, cp, sync; out: cp", LIMIT, _large_copied)]
    ways = (("Runyard", "run"), ("Runyard, as from another machine", "elsewhere"))
    for name, way in ways:
        worker = Worker(ours.python, "files_runyard.py", way)
        cases.append(Case(name, OURS, partial(_large_moved, worker), worker.close))
    if "mlflow" in installed:
        peer = installed["mlflow"]
        worker = Worker(peer.python, "files_mlflow.py")
        name = f"mlflow server, log_artifact ({peer.version})"
        # Once: it takes eight minutes.
        cases.append(Case(name, PEER, partial(_large_moved, worker), worker.close, 1))
    return Benchmark(
        "B7-large",
        "One large file",
        f"A file of {LARGE_MB} MB with new contents in each pass. In: from the client until it is "
        "acknowledged, which for Runyard means checked by its digest and on disk, for MLflow that "
        "it is written. Out: back into an empty folder. What comes back is compared with what was "
        "sent. Again: the same file under another name. After a kill: another file, whose client "
        "is killed (SIGKILL) when half of it has come, until a second client has it acknowledged; "
        "the limit is what half of it takes by hash and cp. As from another machine: a client that "
        "does not see the state folder.",
        [
            Quantity("in", "in", "MB/s", "90 % of hash and cp", plotted=True, paired=True),
            Quantity("out", "out", "MB/s", "90 % of cp", plotted=True, paired=True),
            Quantity("again", "the same again", "s", "at most 1 s"),
            Quantity("resumed", "after a kill", "s"),
        ],
        cases,
    )


def _large_moved(worker: Worker) -> Figures:
    with tempfile.TemporaryDirectory(prefix="b07-") as folder:
        source, back = Path(folder, "source"), Path(folder, "back")
        _fill_large(source / "large.bin")
        _fill_large(Path(folder, "other.bin"))
        back.mkdir()
        given = {"other": f"{folder}/other.bin", "back": str(back)}
        figures = worker.ask("large", source=str(source / "large.bin"), **given)
        _compare(source, back)
    # What five passes store does not fit on every disk; the next one begins with an empty state.
    worker.close()
    rates = {name: LARGE_MB / figures[name] for name in ("in", "out")}
    return {**figures, **rates}


def _large_copied() -> Figures:
    with tempfile.TemporaryDirectory(prefix="b07-") as folder:
        source, kept, back = (Path(folder, name) for name in ("source", "kept.bin", "back"))
        _fill_large(source / "large.bin")
        back.mkdir()
        times = [time.perf_counter()]
        subprocess.run(["sha256sum", source / "large.bin"], check=True, capture_output=True)
        subprocess.run(["cp", source / "large.bin", kept], check=True)
        subprocess.run(["sync", kept], check=True)
        times.append(time.perf_counter())
        subprocess.run(["cp", kept, back / "large.bin"], check=True)
        times.append(time.perf_counter())
        _compare(source, back)
    taken = times[1] - times[0]
    rates = {"in": LARGE_MB / taken, "out": LARGE_MB / (times[2] - times[1])}
    return {**rates, "resumed": taken / 2}


def _fill_large(place: Path) -> None:
    place.parent.mkdir(exist_ok=True)
    with place.open("wb") as file:
        for _ in range(LARGE_MB):
            file.write(os.urandom(1_000_000))
    subprocess.run(["sync"], check=True)


def _fill(folder: Path, count: int) -> None:
    for number in range(count):
        place = folder / f"{number // IN_A_FOLDER:03}" / f"{number}.bin"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(random.randbytes(random.randint(SMALLEST, LARGEST)))
    # What is written here is nobody's work to bring to the disk.
    subprocess.run(["sync"], check=True)


def _moved(worker: Worker, count: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="b07-") as folder:
        source, back = Path(folder, "source"), Path(folder, "back")
        _fill(source, count)
        figures = worker.ask("once", source=str(source), back=str(back))
        _compare(source, Path(back))
    return {name: count / seconds for name, seconds in figures.items()}


def _copied() -> Figures:
    with tempfile.TemporaryDirectory(prefix="b07-") as folder:
        source, kept, back = (Path(folder, name) for name in ("source", "kept", "back"))
        _fill(source, FILES)
        figures = {"in": FILES / _copy(source, kept), "out": FILES / _copy(kept, back)}
        _compare(source, back)
        shutil.rmtree(kept)
    return figures


def _copy(source: Path, target: Path) -> float:
    folders = sorted(str(path) for path in source.iterdir())
    target.mkdir()
    begun = time.perf_counter()
    for start in range(0, len(folders), BATCH_FOLDERS):
        some = folders[start : start + BATCH_FOLDERS]
        subprocess.run(["cp", "-r", *some, str(target)], check=True)
        subprocess.run(["sync"], check=True)
    return time.perf_counter() - begun


def _compare(source: Path, back: Path) -> None:
    command = ["diff", "-rq", str(source), str(back)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"what came back is not what was sent: {done.stdout[:300]}")
