"""Contents of the service in object stores of others: as in a folder, and what is different."""

import io
import urllib.error
import urllib.request
from dataclasses import replace

import pytest
from tests.store.blobs_contract import BlobsContract, bytes_of, digest_of

from runyard.protocol.errors import InvalidRequest, StoreRefused, TemporaryError
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.objects.contents import ObjectBlobs

LARGE = 17 << 20


@pytest.fixture
def blobs(server, prefix, tmp_path) -> ObjectBlobs:
    return ObjectBlobs(server.place(prefix=prefix), tmp_path / "blobs")


class TestObjectBlobs(BlobsContract):
    """Every store passes what a folder does."""


def test_processes_with_folders_of_their_own_share_contents(blobs, tmp_path):
    """What one process has stored the others give at once, also by an address of the store."""
    data = bytes(range(256)) * 5000
    blobs.write(digest_of(data), io.BytesIO(data))
    other = ObjectBlobs(blobs.place, tmp_path / "other")
    assert other.missing([digest_of(data)]) == []
    assert other.space() == (len(data), 1)
    with urllib.request.urlopen(other.address(digest_of(data))) as answer:
        assert answer.read() == data


def test_what_a_folder_had_is_moved(blobs):
    """A service that is given a store brings what it has, and serves it meanwhile."""
    folder = FolderBlobs(blobs.root)
    digest, damaged = digest_of(b"before"), digest_of(b"damaged")
    folder.write_many([(digest, b"before"), (damaged, b"damaged")])
    folder.path(damaged).chmod(0o644)
    folder.path(damaged).write_bytes(b"spoilt")
    assert bytes_of(blobs, digest) == b"before"
    assert sorted(blobs.stored()) == sorted([digest, damaged])
    assert blobs.address(digest) == ""
    assert blobs.move(lambda: False) == 1
    assert not folder.has(digest)
    assert bytes_of(blobs, digest) == b"before"
    # What is no longer what its digest says never gets into the store.
    assert folder.has(damaged)


def test_a_place_has_one_service(blobs, tmp_path):
    """The collector of a second one would remove the contents of the first."""
    blobs.claim("first")
    ObjectBlobs(blobs.place, tmp_path / "again").claim("first")
    with pytest.raises(InvalidRequest, match="of another service"):
        ObjectBlobs(blobs.place, tmp_path / "other").claim("second")


def test_a_store_that_is_away_keeps_what_came(rclone, prefix, tmp_path):
    """Nothing is acknowledged, and who sends it again need not send its bytes again."""
    away = replace(rclone.place(prefix=prefix), endpoint="http://127.0.0.1:9")
    blobs = ObjectBlobs(away, tmp_path / "blobs")
    digest = digest_of(b"whole")
    body = blobs.draft(digest).taking(0, hashed=True)
    assert body is not None
    body.add(b"whole")
    with pytest.raises(TemporaryError):
        blobs.write(digest, body)
    body.close()
    assert blobs.begun([digest]) == {digest: 5}
    here = ObjectBlobs(rclone.place(prefix=prefix), tmp_path / "blobs")
    rest = here.draft(digest).taking(5, hashed=True)
    assert rest is not None
    here.write(digest, rest)
    rest.close()
    assert bytes_of(here, digest) == b"whole"


def test_a_store_that_went_away_is_not_asked_to_remove_each(rclone, prefix, tmp_path, caplog):
    """The database's writer waits meanwhile, and so does whoever logs a metric."""
    away = replace(rclone.place(prefix=prefix), endpoint="http://127.0.0.1:9")
    blobs = ObjectBlobs(away, tmp_path / "blobs")
    assert blobs.remove_many([digest_of(b"%d" % number) for number in range(40)]) == 0
    # One by each of the threads that had begun.
    assert len([one for one in caplog.messages if "could not be removed" in one]) <= 3


def test_a_wrong_key_is_refused_at_once(rclone, prefix, tmp_path):
    """A service does not begin on a store that would not take anything."""
    credentials = (("access_key", "nobody"), ("secret_key", "knows"))
    place = replace(rclone.place(prefix=prefix), credentials=credentials)
    with pytest.raises(StoreRefused):
        ObjectBlobs(place, tmp_path / "blobs").claim("me")
