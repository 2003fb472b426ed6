"""Contents that nothing refers to are removed, and no others, whoever uploads meanwhile."""

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from runyard.protocol.environments import EnvironmentDefinition
from runyard.protocol.errors import MissingBlobs, TemporaryError
from runyard.protocol.files import BlobList, FileEntry, RegisterFiles
from runyard.protocol.models import RegisterModel
from runyard.protocol.pipelines import NodeSpec, PipelineSpec
from runyard.protocol.published_pipelines import PublishPipeline
from runyard.protocol.runs import RunSpec, StartRun
from runyard.protocol.snapshots import CreateSnapshot
from runyard.protocol.storage import StorageQuery
from runyard.protocol.trash import AddTrash
from runyard_server.core.clock import SECOND, Clock
from runyard_server.core.system import System
from runyard_server.execution import collecting, purging, served_snapshots
from runyard_server.execution.collecting import References, collect
from runyard_server.operations import (
    blobs,
    files,
    logged_models,
    models,
    published_pipelines,
    runs,
    snapshots,
    storage,
    tracked_experiments,
    trash,
)
from runyard_server.operations.logged_models import CreateLogged
from runyard_server.store import references
from runyard_server.store.snapshots import SnapshotRow
from runyard_server.testing import parts

W = "default"
Store = Callable[..., FileEntry]


class Hands(Clock):
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 1_600_000_000 * SECOND

    def now_us(self) -> int:
        return self.at

    def pass_days(self, days: float) -> None:
        """Let some days pass."""
        self.at += int(days * collecting.DAY)


@pytest.fixture
def clock() -> Hands:
    return Hands()


@pytest.fixture
def system(tmp_path: Path, clock: Hands) -> Iterator[System]:
    with parts.parts(tmp_path / "home", clock) as made:
        yield made


@pytest.fixture
def store(system: System) -> Store:
    return partial(parts.store_text, system)


def test_a_content_goes_a_day_after_nothing_refers_to_it(
    system: System, clock: Hands, store: Store
) -> None:
    """Files of runs, models, snapshots stay; what an upload left behind goes, but not at once."""
    run = runs.start(system, W, body=StartRun("e")).id
    kept = [store(f"outputs/{n}", f"kept {n}") for n in range(3)]
    files.register(system, W, run, body=RegisterFiles(kept[:1]))
    models.register(system, W, body=RegisterModel("m", "x", files=[kept[1]]))
    snapshot = snapshots.create(system, W, CreateSnapshot([kept[2]])).id
    runs.start(system, W, body=StartRun("e", snapshot=snapshot))
    loose = store("x", "loose")
    for days in (0.0, 0.5):
        clock.pass_days(days)
        assert collect(system).removed == 0
    clock.pass_days(0.6)
    done = collect(system)
    assert (done.removed, done.size, done.seen) == (1, loose.size, 4)
    assert [system.blobs.has(one.digest) for one in [*kept, loose]] == [True] * 3 + [False]
    told = storage.get(system, StorageQuery(fresh=True)).collected
    assert told is not None
    assert (told.removed, told.size, told.seen, told.marked) == (1, loose.size, 4, 0)


def test_who_is_told_that_a_content_is_there_may_take_a_day(
    system: System, clock: Hands, store: Store
) -> None:
    """An upload that sends nothing because all is stored finds it so when it refers to it."""
    entry = store("outputs/x", "x")
    collect(system)
    clock.pass_days(1.1)
    assert blobs.missing(system, W, BlobList([entry.digest])).digests == []
    assert collect(system).removed == 0
    clock.pass_days(0.9)
    assert collect(system).removed == 0
    run = runs.start(system, W, body=StartRun("e")).id
    files.register(system, W, run, body=RegisterFiles([entry]))
    clock.pass_days(3)
    assert (collect(system).removed, collect(system).removed) == (0, 0)
    assert system.blobs.has(entry.digest)


def test_storing_again_keeps_a_marked_content(system: System, clock: Hands, store: Store) -> None:
    """Whoever sends what is there already is told that it is stored, and that stays true."""
    entry = store("x", "x")
    collect(system)
    clock.pass_days(1.1)
    blobs.write(system, W, entry.digest, io.BytesIO(b"x"))
    assert collect(system).removed == 0
    assert system.blobs.has(entry.digest)


def test_what_was_removed_can_be_logged_again(system: System, clock: Hands, store: Store) -> None:
    """A script that runs once more the day after logs the same files, through MLflow, too."""
    experiment = tracked_experiments.create(system, W, "e", "", {}).row.id
    model = logged_models.create(system, W, CreateLogged(experiment, "m", "", "")).row.id
    entry = store("x", "x")
    collect(system)
    clock.pass_days(1.1)
    assert collect(system).removed == 1
    logged_models.write_file(system, W, model, "x", io.BytesIO(b"x"))
    assert system.blobs.has(entry.digest)


def test_a_snapshot_that_is_deployed_again_stays(
    system: System, clock: Hands, store: Store
) -> None:
    """A pass that has asked a moment ago what is deployed takes nothing from an endpoint."""
    made = snapshots.create(system, W, CreateSnapshot([store("a.py", "a")]))
    clock.pass_days(2)
    row = SnapshotRow(W, made.id, made.size, made.files, 0)
    system.write(lambda work: served_snapshots.keep(work, row))
    before = clock.at - collecting.DAY
    assert collecting._unused(system, before, ("", "")) == []


def test_what_published_pipelines_need_stays(system: System, clock: Hands, store: Store) -> None:
    """Their runs are freed, or there never was one: the files of their steps are there."""
    made = snapshots.create(system, W, CreateSnapshot([store("a.py", "a")])).id
    own = EnvironmentDefinition(user_managed=True)
    step = NodeSpec("a", "a", "PythonScriptStep", RunSpec("e", made, "a.py", environment=own))
    published_pipelines.create(system, W, PublishPipeline("p", PipelineSpec([step])))
    clock.pass_days(2)
    collect(system)
    clock.pass_days(2)
    collect(system)
    (entry,) = snapshots.get(system, W, made).files
    assert system.blobs.has(entry.digest)
    gone = replace(step, run=replace(step.run, snapshot="gone"))
    with pytest.raises(snapshots.SnapshotNotFound):
        published_pipelines.create(system, W, PublishPipeline("p", PipelineSpec([gone])))


def test_a_kill_loses_no_mark(system: System, clock: Hands, store: Store) -> None:
    """Marks are rows: the next service goes on, and judges each content anew."""
    entry = store("outputs/x", "x")
    collect(system)
    clock.pass_days(2)
    run = runs.start(system, W, body=StartRun("e")).id
    files.register(system, W, run, body=RegisterFiles([entry]))
    # As a service that was killed before a reference took the mark away would have left it.
    system.write(
        lambda work: references.mark(work.connection, [entry.digest], work.now - 2, work.now - 1)
    )
    assert collect(system).removed == 0
    assert system.blobs.has(entry.digest)
    assert not system.read(lambda work: references.marked(work.connection, [entry.digest]))


def test_what_is_freed_goes_a_minute_later(system: System, clock: Hands, store: Store) -> None:
    """Freeing a run frees its bytes, but for what a model has of them."""
    run = runs.start(system, W, body=StartRun("e")).id
    entries = [store("outputs/model/x", "x"), store("outputs/big", "big")]
    files.register(system, W, run, body=RegisterFiles(entries))
    models.register(system, W, body=RegisterModel("m", "outputs/model", run=run))
    runs.complete(system, W, run)
    entry = trash.add(system, W, AddTrash("run", run))
    clock.pass_days(2)
    assert (collect(system).removed, purging.due(system)) == (0, [])
    trash.free(system, W, entry.id)
    [due] = purging.due(system)
    purging.purge_entry(system, due)
    assert collect(system).removed == 0
    clock.at += 2 * purging.SHORTEST
    assert collect(system).removed == 1
    assert [system.blobs.has(one.digest) for one in entries] == [True, False]
    assert models.get(system, W, "m").file_count == 1


def test_a_snapshot_that_no_run_has_goes(system: System, clock: Hands, store: Store) -> None:
    """Sources that were sent and never run do not stay for ever; those of the trash do."""
    used, loose = (
        snapshots.create(system, W, CreateSnapshot([store("a.py", text)])).id for text in "ab"
    )
    run = runs.start(system, W, body=StartRun("e", snapshot=used)).id
    runs.complete(system, W, run)
    trash.add(system, W, AddTrash("run", run))
    clock.pass_days(2)
    collect(system)
    assert snapshots.get(system, W, used).id == used
    with pytest.raises(snapshots.SnapshotNotFound):
        snapshots.get(system, W, loose)
    # Asked for again it is there for as long as before.
    snapshots.create(system, W, CreateSnapshot([store("a.py", "b")]))
    clock.pass_days(0.9)
    snapshots.create(system, W, CreateSnapshot([store("a.py", "b")]))
    clock.pass_days(0.9)
    collect(system)
    assert snapshots.get(system, W, loose).id == loose


def test_the_set_of_references_forgets_none() -> None:
    """A content that something refers to is never taken for a loose one."""
    digests = [hashlib.sha256(str(n).encode()).hexdigest() for n in range(4000)]
    known = References(2000)
    for digest in digests[:2000]:
        known.add(digest)
    assert all(digest in known for digest in digests[:2000])
    by_chance = sum(digest in known for digest in digests[2000:])
    assert by_chance < 200


def test_nothing_that_was_registered_is_lost_beside_uploads(tmp_path: Path) -> None:
    """Passes without any grace, one after another, beside four clients that store and register.

    A content may be gone before it is referred to: then the client hears of it and sends it again.
    """
    with parts.parts(tmp_path / "home", Clock()) as system:
        run = runs.start(system, W, body=StartRun("e")).id
        until, removed, done = time.monotonic() + 2.0, 0, threading.Event()

        def upload(client: int) -> list[FileEntry]:
            sent = []
            while time.monotonic() < until:
                number = len(sent)
                # Every other content is one that another client sends, too.
                text = f"{number}" if number % 2 else f"{client} {number}"
                sent.append(_registered(system, run, f"{client}/{number}", text))
            return sent

        with ThreadPoolExecutor(5) as pool:
            clients = [pool.submit(upload, client) for client in range(4)]

            def passes() -> int:
                count = 0
                while not done.is_set():
                    parts.store_text(system, "loose", f"loose {count}")
                    count += collect(system, grace=0).removed
                return count

            collector = pool.submit(passes)
            entries = [entry for client in clients for entry in client.result()]
            done.set()
            removed = collector.result()
        assert removed > 0
        assert system.blobs.missing([entry.digest for entry in entries]) == []


def _registered(system: System, run: str, path: str, text: str) -> FileEntry:
    while True:
        entry = FileEntry(path, hashlib.sha256(text.encode()).hexdigest(), len(text))
        try:
            if blobs.missing(system, W, BlobList([entry.digest])).digests:
                blobs.write(system, W, entry.digest, io.BytesIO(text.encode()))
            files.register(system, W, run, body=RegisterFiles([entry]))
        except (MissingBlobs, TemporaryError):
            continue
        return entry
