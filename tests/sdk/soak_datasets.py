"""The long form of the tests of datasets: many files, more records than memory, kills in between.

`make soak` runs it; SOAK_DATASET_FILES tells how many files, SOAK_DATASET_GB how large the table
is, SOAK_DATASET_KILLS how many registrations are killed.
"""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runyard import Dataset, Environment, ScriptRunConfig, Workspace
from runyard.sdk.datastores import Datastore
from runyard.sdk.experiments import Experiment
from runyard_server.testing.services import RunningService

FILES = int(os.environ.get("SOAK_DATASET_FILES", "100000"))
GIGABYTES = float(os.environ.get("SOAK_DATASET_GB", "10"))
KILLS = int(os.environ.get("SOAK_DATASET_KILLS", "30"))
MOST_MEMORY = 1 << 30
# In MB: the lists of a hundred thousand files, and never all their bytes.
MOST_OF_SERVICE = 600
_ROW = "2020-01-01,shop-{:06d},12.5,3\n"

COUNTS = """
import os, sys
whole, farm = sys.argv[1:]
for folder in (whole, farm):
    found = sum(len(names) for _, _, names in os.walk(folder))
    print(found, os.path.islink(folder))
"""

READS = """
import json, os, resource
from runyard import Dataset, Workspace
store = Workspace.get(os.environ["PLACE"]).get_default_datastore()
table = Dataset.Tabular.from_delimited_files((store, "big"))
rows = total = 0
for frame in table.batches(rows=200_000):
    rows, total = rows + len(frame), total + int(frame["sold"].sum())
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([rows, total, memory]))
"""

REGISTERS = """
import os
from runyard import Dataset, Workspace
workspace = Workspace.get(os.environ["PLACE"])
store = workspace.get_default_datastore()
Dataset.File.from_files((store, "killed")).register(workspace, "killed", create_new_version=True)
"""


@pytest.fixture
def store(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Datastore:
    """The default datastore of a workspace that other processes find, too."""
    monkeypatch.setenv("PLACE", workspace.name)
    return workspace.get_default_datastore()


def _peak(pid: int) -> int:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) >> 10


def begun(script: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-P", "-c", script]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)


@pytest.mark.timeout(3600)
def test_a_hundred_thousand_files(
    service: RunningService,
    workspace: Workspace,
    experiment: Experiment,
    store: Datastore,
    folder: Path,
) -> None:
    """They are a version, and a run sees each of them: by one link, or by a link for each."""
    for number in range(FILES):
        place = folder / "many" / f"d{number % 100}" / f"f{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(str(number))
    took: dict[str, float] = {}

    def timed(name: str, act: Callable[[], Any]) -> Any:
        start = time.monotonic()
        found = act()
        took[name] = round(time.monotonic() - start, 1)
        sys.stdout.write(f"{name}: {took[name]} s\n")
        return found

    timed("up", lambda: store.upload(folder / "many", "many", show_progress=False))
    every = Dataset.File.from_files((store, "many"))
    registered = timed("registered", lambda: every.register(workspace, "many"))
    assert registered.digest.startswith("sha256:")
    assert (
        timed("again", lambda: every.register(workspace, "many", create_new_version=True)).version
        == 1
    )
    assert len(timed("listed", registered.to_path)) == FILES
    assert len(timed("brought", lambda: registered.download(folder / "down"))) == FILES
    assert (folder / "down/d99/f99.txt").read_text() == "99"
    pinned = timed("pinned", lambda: every.register(workspace, "kept", pin=True))
    assert (pinned.pinned, pinned.digest) == (True, registered.digest)
    some = Dataset.File.from_files((store, "many/**/*7.txt"))
    (folder / "source").mkdir()
    (folder / "source" / "train.py").write_text(COUNTS)
    here = Environment("here")
    here.python.user_managed_dependencies = True
    config = ScriptRunConfig(
        str(folder / "source"),
        "train.py",
        arguments=[registered.as_mount(), some.as_named_input("some").as_mount()],
        environment=here,
    )
    run = experiment.submit(config)
    timed("run", lambda: run.wait_for_completion(show_output=False))
    run.download_file("azureml-logs/70_driver_log.txt", "log.txt")
    assert (folder / "log.txt").read_text().split() == [
        str(FILES),
        "True",
        str(FILES // 10),
        "False",
    ]
    mine = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
    peak = _peak(json.loads((service.home / "service.json").read_text())["pid"])
    assert peak < MOST_OF_SERVICE
    sys.stdout.write(f"\n{FILES} files, seconds: {took}, MB: {mine}, the service's {peak}\n")


@pytest.mark.timeout(7200)
def test_more_records_than_memory(store: Datastore, folder: Path) -> None:
    """A table of ten gigabytes is read to its end within one of memory."""
    row = _ROW.format(0)
    block = "".join(_ROW.format(number) for number in range(100_000))
    files, blocks = 10, max(int(GIGABYTES * 1e9 / len(block) / 10), 1)
    for number in range(files):
        place = folder / "big" / f"part-{number}.csv"
        place.parent.mkdir(exist_ok=True)
        with place.open("w") as file:
            file.write("day,shop,price,sold\n")
            for _ in range(blocks):
                file.write(block)
    store.upload(folder / "big", "big", show_progress=False)
    start = time.monotonic()
    process = begun(READS)
    said, _ = process.communicate()
    rows, total, memory = json.loads(said)
    seconds = time.monotonic() - start
    assert rows == files * blocks * 100_000
    assert total == 3 * rows
    assert memory < MOST_MEMORY
    rate = rows * len(row) / seconds / 1e6
    sys.stdout.write(f"\n{rows} records, {rate:.0f} MB/s, {memory / 1e6:.0f} MB of memory\n")


@pytest.mark.timeout(3600)
def test_killed_registrations(
    service: RunningService, workspace: Workspace, store: Datastore, folder: Path
) -> None:
    """Whenever client or service is killed: a version is there with all its files, or it is not."""
    source = folder / "killed"
    source.mkdir()
    for number in range(2000):
        (source / f"f{number}.txt").write_text(str(number))
    store.upload(source, "killed", show_progress=False)
    for number in range(KILLS):
        # Other bytes each time, so each registration is another version.
        (source / "f0.txt").write_text(f"state {number}")
        store.upload_files(
            [str(source / "f0.txt")], target_path="killed", overwrite=True, show_progress=False
        )
        process = begun(REGISTERS)
        time.sleep(random.uniform(0.2, 2.0))
        if number % 2:
            service.kill()
            service.start()
            process.communicate(timeout=120)
        else:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    last = Dataset.File.from_files((store, "killed"))
    version = last.register(workspace, "killed", create_new_version=True).version
    versions = list(workspace.service.datasets.list("killed"))
    assert [each.version for each in versions] == list(range(version, 0, -1))
    assert len({each.digest for each in versions}) == len(versions)
    for each in versions:
        files = list(workspace.service.datasets.files(f"killed:{each.version}"))
        assert len(files) == each.file_count == 2000
    sys.stdout.write(f"\n{KILLS} kills, {version} versions\n")
