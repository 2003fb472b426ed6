"""Versions that keep their bytes, and which versions registering makes."""

import io

import pytest

from runyard.protocol.datasets import (
    DatasetFileQuery,
    MeasureDataset,
    RegisterDataset,
    RunInput,
)
from runyard.protocol.datastores import WriteQuery
from runyard.protocol.errors import MissingBlobs, NotFound
from runyard.protocol.runs import RunSpec, StartRun
from runyard_server.execution import dataset_versions, run_data
from runyard_server.execution.collecting import DAY, collect
from runyard_server.operations import datasets, datastores, runs
from runyard_server.store import backups, references
from runyard_server.store import runs as run_rows

W, STORE = "default", "workspaceblobstore"
FILES = {"kind": "file", "sources": [{"datastore": STORE, "path": "d"}]}
OTHER = {"kind": "file", "sources": [{"datastore": STORE, "path": "d/a.txt"}]}


def write(system, path, data):
    query = WriteQuery(overwrite=True)
    datastores.write(system, W, STORE, path, query, io.BytesIO(data))


def register(system, definition=FILES, name="d", **more: object):
    body = RegisterDataset(name, definition, new_version=True, **more)
    return datasets.register(system, W, body)


def keep(system, definition=FILES, seconds=20.0):
    return datasets.keep(system, W, MeasureDataset(definition, seconds))


@pytest.fixture
def filled(system):
    """A service with two files and an empty one."""
    for path, data in (("d/a.txt", b"a"), ("d/b.txt", b"bb"), ("d/empty", b"")):
        write(system, path, data)
    return system


def test_a_pinned_version_outlives_its_files(filled, clock):
    """Changed and removed files are read from what it keeps, and so is what is made of it."""
    with pytest.raises(MissingBlobs, match="of 3 files are not kept yet"):
        register(filled, pin=True)
    # However short the time, something is kept, and the next call goes on behind it.
    assert keep(filled, seconds=0).unread == 3
    done = keep(filled)
    kept = register(filled, pin=True)
    assert (done.unread, done.digest[:7]) == (0, "sha256:")
    assert (kept.pinned, kept.digest) == (True, done.digest)
    write(filled, "d/a.txt", b"changed")
    datastores.remove(filled, W, STORE, "d/b.txt")
    files = datasets.files(filled, W, "d:1", DatasetFileQuery()).items
    assert [filled.blobs.path(file.digest).read_bytes() for file in files] == [b"a", b"bb", b""]
    made = {**FILES, "steps": [{"take": 2}]}
    made["sources"] = [{**FILES["sources"][0], "version": "d:1"}]
    id_ = datasets.save(filled, W, datasets.SaveDataset(made)).id
    assert [file.size for file in datasets.files(filled, W, id_, DatasetFileQuery()).items] == [
        1,
        2,
    ]
    for _ in range(3):
        clock.now += 2 * DAY
        collect(filled)
    assert not filled.blobs.missing(file.digest for file in files)


def test_a_version_that_is_given_up_keeps_nothing(filled):
    """Its contents are nobody's then, and what reads them says so."""
    keep(filled)
    pinned = register(filled, pin=True)
    digests = {file.digest for file in datasets.files(filled, W, "d:1", DatasetFileQuery()).items}
    assert digests <= set(references.digests(filled.records))
    derived = {**FILES, "sources": [{**FILES["sources"][0], "version": "d:1"}]}
    again = register(filled, derived, name="other")
    assert (again.pinned, again.digest) == (True, pinned.digest)
    datasets.delete(filled, W, "d:1")
    assert digests <= set(references.digests(filled.records))
    files = datasets.files(filled, W, "other", DatasetFileQuery()).items
    assert {file.digest for file in files} == digests
    datasets.delete(filled, W, "other")
    assert not digests & set(references.digests(filled.records))
    with pytest.raises(NotFound, match="Cannot find dataset registered with name 'd'"):
        datasets.measure(filled, W, MeasureDataset(derived))
    assert "dataset_pins" in backups._REFERENCED


def test_an_unpinned_version_becomes_pinned_when_it_is_asked_for(filled):
    """It is the same version, which keeps its bytes from then on; others name no pinned one."""
    assert not register(filled).pinned
    derived = {**FILES, "sources": [{**FILES["sources"][0], "version": "d:1"}]}
    with pytest.raises(NotFound, match="is not pinned"):
        datasets.measure(filled, W, MeasureDataset(derived))
    keep(filled)
    pinned = register(filled, pin=True)
    assert (pinned.version, pinned.pinned) == (1, True)
    assert datasets.get(filled, W, "d").pinned


def test_a_job_is_given_the_contents_of_a_pinned_version(filled):
    """Its agent gets digests in place of files of the datastore, and no link to their folder."""
    keep(filled)
    register(filled, pin=True)
    write(filled, "d/a.txt", b"changed")
    spec = RunSpec("e", "s", "train.py", inputs=[RunInput("x", "d", "mount"), RunInput("y", "d")])
    run = runs.start(filled, W, body=StartRun("e")).id
    row = filled.read(lambda work: run_rows.find(work.connection, W, run))
    for _ in range(2):
        mount, direct = run_data.inputs(filled, row, spec, shared=True)
        assert (mount.folder, [file.source for file in mount.files]) == ("", [""] * 3)
        assert [filled.blobs.size(file.digest) for file in mount.files] == [1, 2, 0]
        assert (direct.version, mount.dataset) == ("d:1", direct.dataset)


def test_what_an_earlier_version_was_becomes_the_latest_when_it_is_registered_again(filled):
    """Who registers it means it: the name must not go on to mean what came between."""
    assert [register(filled).version, register(filled).version] == [1, 1]
    assert register(filled, OTHER).version == 2
    third = register(filled)
    assert (third.version, third.latest) == (3, 3)
    assert datasets.get(filled, W, "d").digest == datasets.get(filled, W, "d:1").digest


def test_an_agent_that_repeats_itself_registers_nothing_twice(filled):
    """Between its two words somebody else's version may have come, which stays the latest."""
    body = RegisterDataset("made", FILES, new_version=True)
    assert dataset_versions.register(filled, W, body, "run_1", repeats=True).version == 1
    assert register(filled, OTHER, name="made").version == 2
    again = dataset_versions.register(filled, W, body, "run_1", repeats=True)
    assert (again.version, again.latest) == (1, 2)
    assert dataset_versions.register(filled, W, body, "run_2", repeats=True).version == 3


def test_numbers_are_given_once_and_the_latest_is_the_highest_that_is_left(filled):
    """Runs and models name versions by number: none may come to mean other bytes."""
    register(filled)
    write(filled, "d/a.txt", b"other")
    assert register(filled).version == 2
    datasets.delete(filled, W, "d:2")
    assert datasets.get(filled, W, "d").version == 1
    assert register(filled).version == 3
    datasets.delete(filled, W, "d")
    assert register(filled).version == 4
