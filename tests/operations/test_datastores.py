"""Datastores."""

import io
import os
import re
import shutil
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from runyard.protocol.datastores import (
    BLOB_STORE,
    DatastoreFileQuery,
    RegisterDatastore,
    WriteQuery,
)
from runyard.protocol.errors import (
    AlreadyExists,
    DatastoreNotFound,
    DatastorePathNotFound,
    InvalidRequest,
    WorkspaceNotFound,
    WrongState,
)
from runyard.protocol.files import ArchiveQuery
from runyard.protocol.paths import UPLOADS
from runyard_server.core.lookups import datastore_folder
from runyard_server.core.system import System
from runyard_server.operations import datastores


def write(system: System, path: str, data: bytes = b"x", *, overwrite: bool = False) -> int:
    query = WriteQuery(overwrite=overwrite)
    body = io.BytesIO(data)
    file = datastores.write(system, "default", BLOB_STORE, path, query=query, body=body)
    assert file.path == path.removeprefix("./")
    return file.size


def listed(system: System, prefix: str = "") -> list[str]:
    query = DatastoreFileQuery(prefix=prefix)
    return [file.path for file in datastores.files(system, "default", BLOB_STORE, query).items]


def test_what_is_written_is_what_jobs_see(system: System) -> None:
    """The datastore is a folder: an upload is a file in it, under the same path."""
    assert write(system, "mnist/train.gz", b"data") == 4
    folder = datastore_folder(system, "default", BLOB_STORE)
    assert (folder / "mnist" / "train.gz").read_bytes() == b"data"
    assert folder == system.home.datastores / "default" / BLOB_STORE
    assert [path.name for path in folder.iterdir()] == ["mnist"]
    content = datastores.read(system, "default", BLOB_STORE, "mnist/train.gz")
    assert (content.path.read_bytes(), content.size) == (b"data", 4)


def test_a_folder_is_downloaded_as_an_archive(system: System) -> None:
    """A browser gets what lies below a folder in one file, and the reason where nothing does."""
    for path in ("mnist/a/x.gz", "mnist/y", "mnist-2/z"):
        write(system, path, path.encode())

    def archived(folder: str) -> dict[str, bytes]:
        answer = datastores.archive(system, "default", BLOB_STORE, ArchiveQuery(folder))
        found = ZipFile(io.BytesIO(b"".join(answer.chunks)))
        return {name: found.read(name) for name in found.namelist()}

    assert archived("mnist") == {"mnist/a/x.gz": b"mnist/a/x.gz", "mnist/y": b"mnist/y"}
    assert sorted(archived("")) == [
        f"{BLOB_STORE}/{path}" for path in ("mnist-2/z", "mnist/a/x.gz", "mnist/y")
    ]
    with pytest.raises(DatastorePathNotFound, match=r"the folder 'mnis' of datastore .* no file"):
        archived("mnis")


def test_a_file_is_not_replaced_by_accident(system: System) -> None:
    """Without `overwrite` an upload over a file is refused with the way out."""
    write(system, "a", b"one")
    with pytest.raises(AlreadyExists, match="overwrite=True"):
        write(system, "a", b"two")
    assert write(system, "a", b"three", overwrite=True) == 5
    with pytest.raises(InvalidRequest, match="a file has the name"):
        write(system, "a/b", overwrite=True)


def test_of_two_writers_one_wins(system: System) -> None:
    """Two clients uploading the same new file at once: one is told that it exists."""
    results: list[object] = []

    def upload(letter: bytes) -> None:
        try:
            results.append(write(system, "same", letter * 200_000))
        except AlreadyExists as error:
            results.append(error)

    threads = [threading.Thread(target=upload, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(result == 200_000 for result in results) == 1
    found = datastores.read(system, "default", BLOB_STORE, "same").path.read_bytes()
    assert found in (b"a" * 200_000, b"b" * 200_000, b"c" * 200_000)


def test_prefixes_are_text(system: System) -> None:
    """A prefix may be a folder or the beginning of a name, with or without `./`."""
    for path in ("data/mnist/a", "data/mnist2/b", "other"):
        write(system, path)
    assert listed(system) == ["data/mnist/a", "data/mnist2/b", "other"]
    assert listed(system, "data/mnist/") == ["data/mnist/a"]
    assert listed(system, "./data/mn") == ["data/mnist/a", "data/mnist2/b"]
    assert listed(system, "nothing") == []


def test_lists_page_by_path(system: System) -> None:
    """Every file comes exactly once, however small the pages."""
    for number in range(5):
        write(system, f"f/{number}")
    found, token = [], None
    while True:
        query = DatastoreFileQuery(page_size=2, page_token=token)
        page = datastores.files(system, "default", BLOB_STORE, query)
        found += [file.path for file in page.items]
        token = page.next_page_token
        if token is None:
            break
    assert found == [f"f/{number}" for number in range(5)]


def test_a_missing_path_names_the_nearest(system: System) -> None:
    """A typing error, a folder and an empty datastore are answered each in its own way."""
    with pytest.raises(DatastorePathNotFound, match="it is empty"):
        datastores.read(system, "default", BLOB_STORE, "x")
    write(system, "mnist/train.gz")
    with pytest.raises(DatastorePathNotFound, match=r"'mnist/train\.gz'"):
        datastores.read(system, "default", BLOB_STORE, "mnist/trian.gz")
    with pytest.raises(DatastorePathNotFound, match="is a folder"):
        datastores.read(system, "default", BLOB_STORE, "mnist")


@pytest.mark.parametrize("path", ["../../secret", "/etc/passwd", "a\\..\\b", "a/../../../secret"])
def test_nothing_outside_is_reached(system: System, path: str) -> None:
    """A path from outside never leaves the datastore, for reading or writing."""
    with pytest.raises(InvalidRequest, match="cannot be used"):
        datastores.read(system, "default", BLOB_STORE, path)
    with pytest.raises(InvalidRequest, match="cannot be used"):
        write(system, path)


def test_unknown_datastores_name_those_there_are(system: System) -> None:
    """The message tells what to write instead."""
    with pytest.raises(DatastoreNotFound, match="workspaceblobstore"):
        datastores.get(system, "default", "blobstore")
    with pytest.raises(DatastoreNotFound):
        datastore_folder(system, "default", "../default")
    with pytest.raises(WorkspaceNotFound):
        datastores.get(system, "nowhere", BLOB_STORE)


def part(system: System, offset: int, data: bytes, path: str = "big", size: int = 6) -> int:
    query = WriteQuery(offset=offset, size=size, version="1")
    body = io.BytesIO(data)
    return datastores.write(system, "default", BLOB_STORE, path, query=query, body=body).size


def test_a_file_in_parts_is_there_when_it_is_whole(system: System) -> None:
    """Whoever lost the line goes on where it broke; until then nobody sees half a file."""
    assert part(system, 0, b"abc") == 3
    assert listed(system) == []
    with pytest.raises(WrongState, match="3 bytes") as told:
        part(system, 5, b"f")
    assert told.value.details == {"size": 3}
    # Sent once more, by a client that heard no answer: what has come is passed over.
    assert part(system, 0, b"abcd") == 4
    with pytest.raises(InvalidRequest, match="6 bytes"):
        part(system, 4, b"efg")
    assert part(system, 4, b"ef") == 6
    assert listed(system) == ["big"]
    content = datastores.read(system, "default", BLOB_STORE, "big")
    assert content.path.read_bytes() == b"abcdef"
    with pytest.raises(AlreadyExists):
        part(system, 0, b"xyzxyz")
    with pytest.raises(InvalidRequest, match="whole size"):
        part(system, 6, b"")
    assert not list((system.home.datastores / "default" / UPLOADS).glob("*"))


def test_a_part_that_nobody_went_on_with_is_dropped(system: System) -> None:
    """What was left half-way does not fill the disk for ever."""
    part(system, 0, b"abc")
    (draft,) = (system.home.datastores / "default" / UPLOADS).iterdir()
    week_ago = draft.stat().st_mtime - 8 * 86_400
    os.utime(draft, (week_ago, week_ago))
    part(system, 0, b"abc", path="other")
    assert not draft.exists()


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": "a/b"}, "is not allowed"),
        ({"kind": "ftp"}, "of the kind s3, azure or gcs"),
        ({"container_name": "a/b"}, "name of a bucket"),
        ({"kind": "azure"}, "name of a storage account"),
        ({"region": "eu/../x"}, "name of a region"),
        ({"endpoint": "store:9000"}, "is no address such as"),
        ({"endpoint": "http://[::1"}, "is no address such as"),
        ({"endpoint": "https://key:word@store"}, "give keys and tokens as such"),
        ({"credentials": {"access_key": "only"}}, "is opened by access_key, secret_key"),
        ({"prefix": "../up"}, "'..' is not allowed"),
        ({"name": BLOB_STORE, "overwrite": True}, "is a folder of the service"),
    ],
)
def test_a_store_is_told_as_its_kind_needs_it(
    system: System, fields: dict[str, Any], told: str
) -> None:
    """What cannot be right is refused without asking anybody, and repeats no secret."""
    asked = RegisterDatastore("data", "s3", "bucket", skip_validation=True)
    with pytest.raises((InvalidRequest, AlreadyExists), match=re.escape(told)) as error:
        datastores.register(system, "default", body=replace(asked, **fields))
    assert "word" not in error.value.message
    assert len(datastores.list_(system, "default").items) == 2


def test_a_folder_that_is_gone_is_told_with_its_line(system: System, tmp_path: Path) -> None:
    """Who corrects `[mirrors]` is told which line and that the service must start again."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    mirrored = replace(
        system, settings=replace(system.settings, mirrors={"account/box": str(folder)})
    )
    asked = RegisterDatastore("box", "azure", "box", "account")
    record = datastores.register(mirrored, "default", body=asked)
    assert (record.kind, record.protocol, record.direct) == ("folder", "file", False)
    query = WriteQuery()
    datastores.write(mirrored, "default", "box", "d/a", query=query, body=io.BytesIO(b"x"))
    assert (folder / "d" / "a").read_bytes() == b"x"
    assert [
        f.path for f in datastores.files(mirrored, "default", "box", DatastoreFileQuery()).items
    ] == ["d/a"]
    datastores.remove(mirrored, "default", "box", "d/a")
    assert not (folder / "d").exists()
    # A file that comes in parts lies in it, too, and nothing of whoever owns the folder goes.
    old = folder / ".uploads" / "notes"
    old.parent.mkdir()
    old.write_text("theirs")
    os.utime(old, (0, 0))
    half = WriteQuery(offset=0, size=2)
    datastores.write(mirrored, "default", "box", "b", query=half, body=io.BytesIO(b"x"))
    assert [
        f.path for f in datastores.files(mirrored, "default", "box", DatastoreFileQuery()).items
    ] == [".uploads/notes"]
    old.unlink()
    old.parent.rmdir()
    shutil.rmtree(folder)
    with pytest.raises(WrongState, match=r"\[mirrors\].*no such folder"):
        datastores.files(mirrored, "default", "box", DatastoreFileQuery())
