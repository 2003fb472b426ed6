"""A small run and a version of many files, through the SDK and within the service."""

from __future__ import annotations

import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from serve import serve

from runyard import Experiment, Run, Workspace
from runyard.protocol.files import RegisterFiles
from runyard.protocol.models import RegisterModel
from runyard.protocol.runs import StartRun
from runyard_server.core.clock import Clock
from runyard_server.operations import files as run_files
from runyard_server.operations import models, runs
from runyard_server.testing import parts

INSIDE = 20
workspace = Workspace.from_config()
experiment = Experiment(workspace, "bench")
_with_files: list = []
_inside: list = []
_stack = ExitStack()


def small() -> dict:
    """Create a run, log to it, end it; then look whether all of it is there."""
    begun = time.perf_counter()
    run = experiment.start_logging(snapshot_directory=None)
    for name in ("lr", "batch", "seed"):
        run.log_parameter(name, 1)
    for step in range(10):
        run.log("loss", 1.0 / (step + 1))
    run.tag("kind", "small")
    run.complete()
    seconds = time.perf_counter() - begun
    found = Run.get(workspace, run.id)
    losses, params = found.get_metrics("loss")["loss"], found.get_parameters()
    if len(losses) != 10 or len(params) != 3 or found.get_tags().get("kind") != "small":
        raise RuntimeError("something of the run is lost")
    return {"run": seconds}


def version(files: int) -> dict:
    """Register a folder of a run that has ended; its files are looked for afterwards."""
    if not _with_files:
        run = experiment.start_logging(snapshot_directory=None)
        with tempfile.TemporaryDirectory() as folder:
            for number in range(files):
                Path(folder, f"part-{number}").write_text(f"part {number}")
            run.upload_folder("model", folder)
        run.complete()
        _with_files.append(run)
    begun = time.perf_counter()
    model = _with_files[0].register_model("many-files", model_path="model")
    seconds = time.perf_counter() - begun
    checked = model.verify()
    if checked.files != files or not checked.is_intact:
        raise RuntimeError("files of the version are lost")
    return {"version": seconds}


def inside(files: int) -> dict:
    """The operation alone, without HTTP: the median of some."""
    if not _inside:
        system = _stack.enter_context(parts.parts(Path.cwd() / "inside", Clock()))
        run = runs.start(system, "default", body=StartRun(experiment="inside")).id
        entries = [parts.store_text(system, f"model/{n}", f"part {n}") for n in range(files)]
        run_files.register(system, "default", run, body=RegisterFiles(entries))
        runs.complete(system, "default", run)
        _inside.append((system, run))
    system, run = _inside[0]
    took = []
    for _ in range(INSIDE):
        begun = time.perf_counter()
        models.register(system, "default", body=RegisterModel("m", "model", run=run))
        took.append(time.perf_counter() - begun)
    return {"inside": sorted(took)[INSIDE // 2] * 1000}


with _stack:
    serve({"small": small, "version": version, "inside": inside})
