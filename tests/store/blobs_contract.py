"""What every store of contents does, wherever it has them; a room's tests derive from it."""

import hashlib
import io
import os
import threading
from pathlib import Path

import pytest

from runyard.protocol.errors import BlobNotFound, InvalidRequest
from runyard_server.store.blobs import FolderBlobs


def digest_of(data: bytes) -> str:
    """The digest of a content."""
    return hashlib.sha256(data).hexdigest()


def bytes_of(blobs: FolderBlobs, digest: str) -> bytes:
    """A whole content, as it is read for a client."""
    with blobs.reading(digest, 0, blobs.size(digest)) as file:
        return b"".join(iter(lambda: file.read(1 << 16), b""))


class BlobsContract:
    """The contract; a class that derives from it has a fixture `blobs`, empty at first."""

    def test_a_content_comes_back(self, blobs: FolderBlobs) -> None:
        """What is stored under a digest is exactly that content, whole or a range of it."""
        data = os.urandom(1 << 20)
        digest = digest_of(data)
        assert blobs.write(digest, io.BytesIO(data)) == len(data)
        assert bytes_of(blobs, digest) == data
        assert blobs.sizes([digest, digest_of(b"another")]) == {digest: len(data)}
        with blobs.reading(digest, 5, 10) as file:
            assert file.read(5) == data[5:10]

    def test_another_content_than_promised_is_refused(self, blobs: FolderBlobs) -> None:
        """A cut or changed upload never becomes a blob."""
        with pytest.raises(InvalidRequest, match="send it again"):
            blobs.write(digest_of(b"whole"), io.BytesIO(b"who"))
        assert list(blobs.stored()) == []

    @pytest.mark.parametrize("digest", ["", "abc", "../../etc/passwd", "A" * 64, "0" * 63 + "/"])
    def test_only_digests_are_names(self, blobs: FolderBlobs, digest: str) -> None:
        """No text from outside leads to a place beyond the contents."""
        for act in (
            lambda: blobs.write(digest, io.BytesIO(b"")),
            lambda: blobs.missing([digest]),
            lambda: blobs.local(digest),
            lambda: list(blobs.small([digest])),
        ):
            with pytest.raises(InvalidRequest, match="64 lower-case hex"):
                act()

    def test_missing_gives_each_digest_once_in_order(self, blobs: FolderBlobs) -> None:
        """A client sends what is missing, and nothing twice."""
        blobs.write(digest_of(b"a"), io.BytesIO(b"a"))
        b, c = digest_of(b"b"), digest_of(b"c")
        assert blobs.missing([c, digest_of(b"a"), b, c]) == [c, b]
        with pytest.raises(BlobNotFound):
            blobs.size(b)
        with pytest.raises(FileNotFoundError):
            blobs.reading(b, 0, 1)

    def test_writers_of_one_content_do_not_disturb_one_another(self, blobs: FolderBlobs) -> None:
        """Clients that send the same file at once leave one whole blob."""
        data = os.urandom(1 << 20)
        body = (digest_of(data), data)
        threads = [
            threading.Thread(target=lambda: blobs.write(body[0], io.BytesIO(body[1])))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert bytes_of(blobs, digest_of(data)) == data
        assert list(blobs.stored()) == [digest_of(data)], list(blobs.stored())

    def test_adding_finds_the_digest(self, blobs: FolderBlobs) -> None:
        """Contents made by the service itself are stored under their own digest."""
        assert blobs.add(io.BytesIO(b"log")) == (digest_of(b"log"), 3)
        assert blobs.missing([digest_of(b"log")]) == []

    def test_of_a_batch_the_wrong_ones_are_refused_alone(self, blobs: FolderBlobs) -> None:
        """Small contents come by the hundred; what is damaged keeps no other from being stored."""
        contents = {digest_of(data): data for data in (b"", b"one", b"two" * 1000)}
        wrong = digest_of(b"other")
        stored, refused = blobs.write_many([*contents.items(), (wrong, b"changed"), ("x", b"y")])
        assert (stored, set(refused)) == (3, {wrong, "x"})
        assert {digest: bytes_of(blobs, digest) for digest in contents} == contents
        found = [
            each.read_bytes() if isinstance(each, Path) else each for each in blobs.small(contents)
        ]
        assert found == list(contents.values())

    def test_what_is_removed_is_gone(self, blobs: FolderBlobs) -> None:
        """The collector frees what it removes, and an upload of the same stores it again."""
        contents = {digest_of(data): data for data in (b"one", b"three")}
        blobs.write_many(contents.items())
        assert sorted(blobs.stored()) == sorted(contents)
        assert blobs.remove_many([*contents, digest_of(b"never stored")]) == 8
        assert blobs.missing(contents) == list(contents)
        assert list(blobs.stored()) == []
        assert blobs.add(io.BytesIO(b"one")) == (digest_of(b"one"), 3)

    def test_what_has_come_of_an_upload_is_gone_on_with(self, blobs: FolderBlobs) -> None:
        """The rest alone is sent after a break, also to a service that was started again."""
        digest = digest_of(b"whole")
        body = blobs.draft(digest).taking(0, hashed=True)
        assert body is not None
        body.add(b"who")
        body.keep()
        body.close()
        assert blobs.begun([digest]) == {digest: 3}
        body = blobs.draft(digest).taking(3, hashed=True)
        assert body is not None
        body.add(b"le")
        blobs.write(digest, body)
        body.close()
        assert bytes_of(blobs, digest) == b"whole"
        assert blobs.begun([digest]) == {}
