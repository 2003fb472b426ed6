"""What a bucket holds is listed, read and written as a folder is, whichever server has it."""

import io
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from runyard.client import pieces, store_requests
from runyard.protocol.datastores import S3, StoreAddress, WritePlan
from runyard.protocol.errors import StoreRefused, TemporaryError
from runyard_server.store.objects import addresses, checking, s3
from runyard_server.store.objects.files import ObjectFiles
from runyard_server.store.objects.places import Place
from runyard_server.store.objects.unfinished import Unfinished

# Names that servers, addresses or listings might each take for something else.
ODD = ["100%.csv", "a b#?&+=.txt", "star*[x]~{}|", "ü/é", "data-2/y", "data/sub/z", "data/x"]


@pytest.fixture
def files(server, prefix, tmp_path) -> ObjectFiles:
    return ObjectFiles(server.place(prefix=prefix), tmp_path / "drafts", "store")


def paths(files: ObjectFiles, prefix: str = "", after: str | None = None, limit: int = 100):
    return [file.path for file in files.page(prefix, after, limit)]


def put(files: ObjectFiles, path: str, data: bytes = b"x", *, overwrite: bool = False) -> int:
    return files.write(path, io.BytesIO(data), overwrite=overwrite)


def send(url: str, data: bytes, headers: dict[str, str] | None = None) -> str:
    said = {"Content-Type": "application/octet-stream", **(headers or {})}
    with urllib.request.urlopen(urllib.request.Request(url, data, said, method="PUT")) as answer:
        return str(answer.headers["ETag"])


def test_files_of_any_name_are_listed_in_order_and_come_back(files):
    """Each name is kept as it is, pages follow one another without a gap, and ranges are read."""
    for name in ODD:
        assert put(files, name, name.encode()) == len(name.encode())
    assert paths(files) == sorted(ODD)
    pages, last = [], None
    while page := paths(files, after=last, limit=2):
        pages, last = pages + page, page[-1]
    assert pages == sorted(ODD)
    assert paths(files, "data/") == ["data/sub/z", "data/x"]
    assert paths(files, "da") == ["data-2/y", "data/sub/z", "data/x"]
    assert list(files.contents([*ODD, "none"])) == [*(name.encode() for name in ODD), None]
    with files.read("data/sub/z", 2, 6) as reading:
        assert reading.read(4) == b"ta/s"


def test_a_file_is_replaced_only_when_that_is_asked(files):
    """Without overwrite the bytes that are there stay, in single writes and in batches."""
    put(files, "one", b"first")
    with pytest.raises(FileExistsError):
        put(files, "one", b"second")
    written, refused = files.write_many([("one", b"2"), ("two", b"2")], overwrite=lambda _: False)
    assert (written, [path for path, _ in refused]) == (1, ["one"])
    assert list(files.contents(["one", "two"])) == [b"first", b"2"]
    assert put(files, "one", b"third", overwrite=True) == 5
    assert files.remove("one")
    assert not files.remove("one")
    assert paths(files) == ["two"]


def test_a_large_file_is_sent_in_parts(files, tmp_path):
    """A file beyond one request goes through the service in parts, and is not there before all."""
    whole = tmp_path / "whole"
    whole.write_bytes(bytes(range(256)) * 66_000)
    files.adopt("large", whole, overwrite=False)
    assert not whole.exists()
    known = files.look("large")
    assert known is not None
    assert known.size == 256 * 66_000
    with files.read("large", 255, 258) as reading:
        assert reading.read(3) == b"\xff\x00\x01"


def test_parts_go_straight_to_the_store(files, monkeypatch):
    """A plan's addresses take the parts without any other credentials, and only all make a file."""
    monkeypatch.setattr(addresses, "PART_BYTES", 5 << 20)
    monkeypatch.setattr(addresses, "_WHOLE_BYTES", 5 << 20)
    data = bytes(range(256)) * 30_000
    key = files.key("big/a b")
    plan = addresses.plan(files.place, key, "big/a b", len(data), "", overwrite=False)
    assert [(part.offset, part.size) for part in plan.parts] == [(0, 5 << 20), (5 << 20, 2437120)]
    tags = [send(part.url, data[part.offset : part.offset + part.size]) for part in plan.parts]
    assert files.look("big/a b") is None
    addresses.complete(files.place, key, len(data), plan.upload, tags, overwrite=False)
    known = files.look("big/a b")
    assert known is not None
    assert known.size == len(data)
    with urllib.request.urlopen(addresses.read_address(files.place, key)) as answer:
        assert answer.read() == data


def test_a_file_is_made_of_its_parts_once_however_often_that_is_asked(
    started, prefix, tmp_path, monkeypatch
):
    """Ranks that send one checkpoint go on with one upload, and a killed service is asked again."""
    monkeypatch.setattr(addresses, "PART_BYTES", 5 << 20)
    monkeypatch.setattr(addresses, "_WHOLE_BYTES", 5 << 20)
    files = ObjectFiles(started("moto").place(prefix=prefix), tmp_path, "s3")
    data, key = bytes(6 << 20), files.key("big")
    plan = addresses.plan(files.place, key, "big", len(data), "", overwrite=True)
    tags = [send(part.url, data[part.offset : part.offset + part.size]) for part in plan.parts]
    for _ in range(2):
        addresses.complete(files.place, key, len(data), plan.upload, tags, overwrite=True)
    known = files.look("big")
    assert known is not None
    # Others have forgotten the upload by then: the file is known by what it is made of.
    assert known.etag == s3.tag_of_parts(tags) != s3.tag_of_parts(tags[::-1])
    assert s3.tag_of_parts(["no digest"]) == ""


def test_an_upload_whose_client_was_killed_is_gone_on_with(files, monkeypatch, tmp_path):
    """What the store has of the same version is not sent again; another version begins anew."""
    monkeypatch.setattr(addresses, "PART_BYTES", 5 << 20)
    monkeypatch.setattr(addresses, "_WHOLE_BYTES", 5 << 20)
    local = tmp_path / "local"
    local.write_bytes(data := bytes(range(256)) * 30_000)
    uploads = Unfinished(files)

    def plan(version: str) -> WritePlan:
        return uploads.plan("big", len(data), version, overwrite=False)

    killed = plan("first")
    with local.open("rb") as stream:
        store_requests.send(killed.parts[0], stream)
        again, other = plan("first"), plan("second")
        assert (again.upload, [part.etag != "" for part in again.parts]) == (
            killed.upload,
            [True, False],
        )
        assert other.upload != killed.upload
        assert [part.etag for part in other.parts] == ["", ""]
        assert store_requests.is_there(again.parts[0], stream)
        tags = [again.parts[0].etag, store_requests.send(again.parts[1], stream)]
    key = files.key("big")
    addresses.complete(files.place, key, len(data), again.upload, tags, overwrite=False)
    addresses.abandon(files.place, key, other.upload)
    with files.read("big", 0, len(data)) as reading:
        assert b"".join(iter(lambda: reading.read(1 << 20), b"")) == data
    # What the store knows no more of is no error: here it is a part of the file by now.
    anew = plan("first")
    assert [part.etag for part in anew.parts] == ["", ""]
    if files.place.kind == S3:
        assert anew.upload != killed.upload
        # Whoever comes too late is told so (by moto as by a store that fails), and what its part
        # would have been called.
        monkeypatch.setattr(store_requests, "PAUSES", ())
        with local.open("rb") as stream, pytest.raises(store_requests.NoWay):
            store_requests.send(killed.parts[1], stream)
        with local.open("rb") as stream:
            assert store_requests.tag(killed.parts[1], stream) == tags[1].strip('"')


def test_ranks_with_one_upload_take_nothing_from_one_another(rclone, prefix, tmp_path, monkeypatch):
    """The parts are removed by the last one who gives up; who may not list them sends all again."""
    monkeypatch.setattr(addresses, "_WHOLE_BYTES", 5 << 20)
    files = ObjectFiles(rclone.place(prefix=prefix), tmp_path, "store")
    uploads = Unfinished(files)

    def plan() -> WritePlan:
        return uploads.plan("big", 6 << 20, "first", overwrite=True)

    first, second = plan(), plan()
    assert first.upload == second.upload
    assert not uploads.give_up(first.upload)
    assert uploads.give_up(first.upload)

    def refused(*_: object) -> None:
        raise StoreRefused("AccessDenied")

    monkeypatch.setattr(addresses, "with_what_came", refused)
    assert plan().upload == first.upload
    addresses.abandon(files.place, files.key("big"), first.upload)
    addresses.abandon(files.place, files.key("big"), first.upload)


def test_pieces_of_a_large_file_come_at_once_and_a_killed_download_goes_on(
    files, monkeypatch, tmp_path
):
    """They are put together in order behind what has come; of another version none is taken."""
    monkeypatch.setattr(pieces, "PIECE_BYTES", 100_000)
    data = bytes(range(256)) * 4000
    put(files, "big", data)
    known = files.look("big")
    assert known is not None
    url = addresses.read_address(files.place, files.key("big"))
    told: list[int] = []
    with (tmp_path / "part").open("w+b") as part:
        part.write(data[:123_456])
        address = StoreAddress(url, "big", len(data), etag=known.etag)
        assert store_requests.receive(address, part, told.append)
        part.seek(0)
        assert part.read() == data
        assert sum(told) == len(data)
        part.seek(500_000)
        changed = replace(address, etag="another")
        assert not store_requests.receive(changed, part, told.append)
        part.seek(0)

        def replaced(count: int) -> None:
            if count == 100_000:
                put(files, "big", data[::-1], overwrite=True)

        # As a service of before told it.
        assert not store_requests.receive(replace(address, etag=""), part, replaced)


def test_folders_of_a_container_are_no_files_either(started, prefix, tmp_path):
    """What Azure's own browser leaves for a folder, an empty blob of its name, hides nothing."""
    files = ObjectFiles(started("azurite").place(prefix=prefix), tmp_path, "azure")
    put(files, "empty", b"")
    put(files, "folder/x")
    assert paths(files) == ["empty", "folder/x"]
    assert paths(files, "f") == ["folder/x"]
    assert paths(files, after="empty") == ["folder/x"]


def test_what_is_no_file_is_not_listed(started, tmp_path):
    """Marks of folders and keys that are no paths neither are files nor hide the others."""
    place = started("moto").place("odd-bucket")
    checking.make(place)
    for key in ("data/", "data-1", "data/x", "empty/", "a//b", "/lead", "real", "../up"):
        send(s3.address(place, "PUT", key, 60), b"" if key == "real" else key[:-1].encode())
    assert paths(ObjectFiles(place, tmp_path, "odd")) == ["data-1", "data/x", "real"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"credentials": (("access_key", "other"), ("secret_key", "wrong"))}, "Check the key"),
        ({"container": "nobody-has-this"}, "there is no bucket 'nobody-has-this'"),
        ({"endpoint": "http://127.0.0.1:1"}, "does not answer as a store"),
        ({"credentials": ()}, "s3://"),
    ],
)
def test_what_is_wrong_with_a_store_is_told(rclone, changed, told):
    """A wrong key, a missing bucket and an address where nothing is are told apart."""
    with pytest.raises(StoreRefused, match=told) as error:
        checking.check(replace(rclone.place(), **changed))
    assert "wrong" not in error.value.message
    assert "Signature=" not in error.value.message


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"credentials": (("account_key", "A" * 86 + "=="),)}, "Check the key"),
        ({"credentials": (("account_key", "no base64"),)}, "cannot be opened: .*Access Key"),
        ({"credentials": (("sas_token", "sv=2018-11-09&sig=abcdef"),)}, "Check the key"),
        ({"container": "nobody-has-this"}, "there is no container 'nobody-has-this'"),
    ],
)
def test_what_is_wrong_with_an_account_is_told(started, changed, told):
    """Azure's words are as clear as S3's, and a token's signature is not repeated."""
    with pytest.raises(StoreRefused, match=told) as error:
        checking.check(replace(started("azurite").place(), **changed))
    assert "abcdef" not in error.value.message
    assert "RequestId" not in error.value.message


def test_a_store_that_went_away_may_come_back(rclone, tmp_path):
    """What fails because nothing answers may be tried again: agents wait then."""
    gone = Place("s3", "b", endpoint="http://127.0.0.1:1", credentials=rclone.credentials)
    with pytest.raises(TemporaryError, match=r"127\.0\.0\.1:1 does not answer"):
        ObjectFiles(gone, Path(tmp_path), "gone").page("", None, 1)
