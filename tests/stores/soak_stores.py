"""The long form of the tests of object stores: large files, thousands of files, kills in between.

`make soak` runs it; SOAK_STORE_KILLS tells how many transfers are killed in each direction.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

import pytest
from tests.stores.servers import Server
from tests.stores.test_datastores import register

from runyard.sdk.datastores import Datastore
from runyard.sdk.workspaces import Workspace
from runyard_server.testing.services import RunningService, read_connection

KILLS = int(os.environ.get("SOAK_STORE_KILLS", "10"))
LARGE_BYTES = 200 << 20
MANY_FILES = 5000
_BLOCK = 1 << 20


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of several parts, no two of which are alike."""
    place = tmp_path_factory.mktemp("large") / "large.bin"
    with place.open("wb") as file:
        for _ in range(LARGE_BYTES // _BLOCK):
            file.write(random.randbytes(_BLOCK))
    return place


@pytest.fixture
def store(workspace: Workspace, server: Server, prefix: str) -> Datastore:
    return register(workspace, server, prefix)


def digest(place: Path) -> str:
    with place.open("rb") as file:
        found = sha256()
        for block in iter(lambda: file.read(_BLOCK), b""):
            found.update(block)
    return found.hexdigest()


def begun(service: RunningService, workspace: Workspace, *words: str) -> subprocess.Popen[bytes]:
    """A command on the datastore, in a process that can be killed."""
    variables = {"RUNYARD_HOME": str(service.home), "RUNYARD_WORKSPACE": workspace.name}
    command = [sys.executable, "-P", "-m", "runyard", "datastores", *words]
    return subprocess.Popen(
        command, env={**os.environ, **variables}, stderr=subprocess.PIPE, start_new_session=True
    )


def kill(process: subprocess.Popen[bytes], seconds: float) -> None:
    time.sleep(random.uniform(0.2, seconds))
    os.killpg(process.pid, signal.SIGKILL)
    # Not only waited for: its pipe is closed, too.
    process.communicate()


def restart(service: RunningService) -> None:
    """Start a service that was killed; a client that was quicker has one of its own killed, too."""
    while True:
        try:
            return service.start()
        except RuntimeError:
            found = read_connection(service.home)
            if found is not None:
                with suppress(ProcessLookupError):
                    os.kill(found.pid, signal.SIGKILL)


def sizes(store: Datastore) -> dict[str, int]:
    return {file.path: file.size for file in store._files("")}


@pytest.mark.timeout(1800)
def test_a_killed_client_leaves_nothing_half(service, workspace, store, large, tmp_path):
    """Whenever an upload or a download is killed: the file is there whole, or not at all."""
    start = time.monotonic()
    store.upload_files([str(large)], target_path="whole", show_progress=False)
    seconds = time.monotonic() - start
    assert sizes(store)["whole/large.bin"] == LARGE_BYTES
    for number in range(KILLS):
        kill(begun(service, workspace, "upload", store.name, str(large), f"up{number}"), seconds)
        assert {name: size for name, size in sizes(store).items() if size != LARGE_BYTES} == {}
        kill(begun(service, workspace, "download", store.name, "whole", "--to", "here"), seconds)
        place = tmp_path / "here" / "whole" / "large.bin"
        assert not place.exists() or digest(place) == digest(large)
        place.unlink(missing_ok=True)
    store.upload_files([str(large)], target_path="up0", show_progress=False)
    store.download("back", "up0", show_progress=False)
    assert digest(tmp_path / "back/up0/large.bin") == digest(large)


@pytest.mark.timeout(1800)
def test_a_killed_service_is_gone_on_with(service, workspace, store, large, tmp_path):
    """A transfer during which the service is killed ends whole, or says so and goes again."""
    for number in range(KILLS):
        process = begun(service, workspace, "upload", store.name, str(large), f"up{number}")
        time.sleep(random.uniform(0.2, 3.0))
        service.kill()
        restart(service)
        _, told = process.communicate(timeout=120)
        listed = sizes(store)
        assert {name: size for name, size in listed.items() if size != LARGE_BYTES} == {}
        if process.returncode == 0:
            assert f"up{number}/large.bin" in listed
        else:
            assert b"error:" in told
            assert b"Traceback" not in told
            store.upload_files([str(large)], target_path=f"up{number}", show_progress=False)
    store.download("back", f"up{KILLS - 1}", show_progress=False)
    assert digest(tmp_path / f"back/up{KILLS - 1}/large.bin") == digest(large)


@pytest.mark.timeout(1800)
def test_thousands_of_files_go_and_come_back(store, tmp_path):
    """Each of thousands of small files arrives, is listed once and in order, and comes back."""
    source = tmp_path / "many"
    for number in range(MANY_FILES):
        place = source / f"d{number % 50}" / f"f{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(str(number))
    took: dict[str, float] = {}

    def timed(name: str, act: Callable[[], object]) -> None:
        start = time.monotonic()
        act()
        took[name] = round(time.monotonic() - start, 1)

    timed("up", lambda: store.upload(source, "in", show_progress=False))
    timed("listed", lambda: sizes(store))
    timed("down", lambda: store.download("out", "in/", show_progress=False))
    # A container of Azure has no place of the test's own.
    names = [name for name in sizes(store) if name.startswith("in/")]
    assert names == sorted(names)
    assert len(names) == MANY_FILES
    for number in range(MANY_FILES):
        place = tmp_path / "out" / "in" / f"d{number % 50}" / f"f{number}.txt"
        assert place.read_text() == str(number)
    sys.stdout.write(f"\n{store.datastore_type}: {MANY_FILES} files, seconds: {took}\n")
