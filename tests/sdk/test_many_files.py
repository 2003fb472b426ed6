"""Folders of many small files: in and out in few requests, whole, and nothing twice."""

import io
import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from runyard.client import source_folders, transfer
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.routes import BLOBS_MISSING, BLOBS_WRITE_MANY
from runyard.sdk.experiments import Experiment
from runyard.sdk.models import Model
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.services import RunningService

COUNT = 1500


@pytest.fixture
def source(folder: Path) -> Path:
    """1,500 small files, some empty, some alike, one executable, one too large for a batch."""
    root, mark = folder / "source", uuid.uuid4().hex
    for number in range(COUNT):
        place = root / f"{number % 7}" / f"{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(b"" if number % 50 == 0 else f"{number // 2} {mark}".encode())
    (root / "run.sh").write_text("echo")
    (root / "run.sh").chmod(0o755)
    (root / "large.bin").write_bytes(os.urandom(3 << 20))
    return root


@pytest.fixture
def asked(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The routes that are asked."""
    names: list[str] = []
    for verb in ("call", "send", "read", "open"):
        real = getattr(WorkspaceClient, verb)

        def counted(
            self: WorkspaceClient,
            route: Any,
            *segments: Any,
            real: Callable[..., Any] = real,
            **given: Any,
        ) -> Any:
            names.append(route.name)
            return real(self, route, *segments, **given)

        monkeypatch.setattr(WorkspaceClient, verb, counted)
    return names


def alike(one: Path, other: Path) -> bool:
    found = subprocess.run(["diff", "-r", str(one), str(other)], capture_output=True, check=False)
    return found.returncode == 0 and os.access(other / "run.sh", os.X_OK)


def test_a_run_takes_and_gives_a_folder(
    experiment: Experiment, source: Path, folder: Path, asked: list[str]
) -> None:
    """Thousands of files cost tens of requests; what came back is what was sent."""
    run = experiment.start_logging(snapshot_directory=None)
    run.upload_folder("in", str(source))
    run.download_files("in/", str(folder / "out"), append_prefix=False)
    run.complete()
    assert alike(source, folder / "out")
    assert len(asked) < 40
    assert 0 < asked.count("blobs.write_many") <= 4


def test_a_model_of_many_files_and_a_snapshot(
    experiment: Experiment, workspace: Workspace, source: Path, folder: Path, asked: list[str]
) -> None:
    """Registering, downloading, and restoring a snapshot as a folder and as a zip file."""
    model = Model.register(workspace, str(source), "many")
    found = Path(model.download(str(folder / "model")))
    assert alike(source, found)
    run = experiment.start_logging(snapshot_directory=str(source))
    assert alike(source, Path(run.restore_snapshot(path=str(folder / "back"))))
    archive = run.restore_snapshot(path=str(folder / "back.zip"))
    shutil.unpack_archive(archive, folder / "zip")
    run.complete()
    (folder / "zip" / "run.sh").chmod(0o755)  # Python's own unzip forgets modes
    assert alike(source, folder / "zip")
    assert len(asked) < 80


def test_a_datastore_takes_and_gives_a_folder(
    workspace: Workspace, source: Path, folder: Path, asked: list[str]
) -> None:
    """What is there is left alone unless it is to be replaced."""
    store = workspace.get_default_datastore()
    store.upload(str(source), "many", show_progress=False)
    (source / "1" / "1.txt").write_text("changed")
    store.upload(str(source), "many", show_progress=False)
    assert store.download(str(folder / "out"), "many/", show_progress=False) == COUNT + 2
    out = folder / "out" / "many"
    (out / "run.sh").chmod(0o755)  # datastores keep no modes
    assert (out / "1" / "1.txt").read_text().startswith("0 ")
    store.upload(str(source), "many", overwrite=True, show_progress=False)
    store.download(str(folder / "out"), "many/", overwrite=True, show_progress=False)
    (out / "run.sh").chmod(0o755)
    assert alike(source, out)
    assert len(asked) < 80


def test_progress_counts_files(
    experiment: Experiment, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal somebody who waits sees how many of how many files are done."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    run = experiment.start_logging(snapshot_directory=None)
    run.upload_folder("in", str(source))
    run.complete()
    shown = stream.getvalue()
    assert f"Uploading {COUNT + 2} files [" in shown
    assert f"100% {COUNT + 2:,} of {COUNT + 2:,} files" in shown


def test_what_was_acknowledged_outlives_a_killed_service(
    service: RunningService,
    experiment: Experiment,
    source: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A service killed between two batches loses none, and nothing is sent twice."""
    run = experiment.start_logging(snapshot_directory=None)
    sent: list[int] = []
    real = WorkspaceClient.send

    def killing(self: WorkspaceClient, route: Any, *segments: str, **given: Any) -> Any:
        result = real(self, route, *segments, **given)
        if route.name == BLOBS_WRITE_MANY.name:
            sent.append(result.stored)
            if len(sent) == 2:
                service.kill()
                service.start()
        return result

    # With more threads another one would find the service gone, and start one of its own.
    monkeypatch.setattr(transfer, "THREADS", 1)
    monkeypatch.setattr(WorkspaceClient, "send", killing)
    run.upload_folder("in", str(source))
    run.download_files("in/", str(folder / "out"), append_prefix=False)
    assert alike(source, folder / "out")
    entries = [entry.digest for entry, _ in source_folders.scan(source)]
    assert run.service.call(BLOBS_MISSING, body=_blobs(entries)).digests == []
    sent.clear()
    run.upload_folder("again", str(source))
    assert sent == []
    run.complete()


def test_many_files_take_no_longer_than_copies(
    experiment: Experiment, source: Path, folder: Path
) -> None:
    """A loose bound, for a busy machine: far from a request and two syncs for each file."""
    run = experiment.start_logging(snapshot_directory=None)
    begun = time.perf_counter()
    subprocess.run(["cp", "-r", str(source), str(folder / "copy")], check=True)
    os.sync()
    limit = time.perf_counter() - begun
    begun = time.perf_counter()
    run.upload_folder("in", str(source))
    assert time.perf_counter() - begun < 10 * limit + 3
    run.complete()


def _blobs(digests: list[str]) -> Any:
    from runyard.protocol.files import BlobList

    return BlobList(sorted(set(digests)))
