"""Requests to an object store by the addresses that a service has signed.

A connection that breaks is tried again, and a download goes on where it stopped; a large file comes
in several pieces at once. What arrives is
compared with what the store is told, or tells: the length always, and an MD5 where both know one.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import time
import urllib.error
import urllib.request
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Callable, Dict, NamedTuple, TypeVar

from runyard.client import copying, pieces, reaching
from runyard.client.connection import Limited
from runyard.protocol.datastores import PART_CAME
from runyard.protocol.errors import AlreadyExists, InvalidRequest, RunyardError, TemporaryError

if TYPE_CHECKING:
    from runyard.protocol.datastores import StoreAddress

Result = TypeVar("Result")

PAUSES = (0.2, 1.0, 3.0)
SILENCE_SECONDS = 60
_BROKEN = (OSError, http.client.HTTPException)
_SERVER_ERROR = 500
_TOO_MANY = 429
_MD5_HEX = 32
_SHOWN = 300


class NoWay(TemporaryError):
    """There is no straight way: nothing answers from here, or an address opens nothing any more."""


class Ended(NoWay):
    """An address opens nothing any more."""


class Gone(Ended):
    """What an address opened is not there any more: the file, or the upload that a part is of."""


def send(address: StoreAddress, stream: BinaryIO) -> str:
    """Send a part of a file to its address; give what the store calls it.

    Args:
        address: Where it goes, and which part it is.
        stream: The file, open for this part alone.

    Raises:
        NoWay: It has to go through the service.
        AlreadyExists: A file is there that is not to be replaced.
        InvalidRequest: The store refuses it.
    """
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(address.size),
        **address.headers,
        **_md5(address, stream),
    }

    def once() -> str:
        stream.seek(address.offset)
        body = Limited(stream, address.size)
        with _asked(address.url, "PUT", headers, body) as answer:
            answer.read()
            return str(answer.headers.get("ETag") or "")

    return _patient(once, address.path)


def is_there(address: StoreAddress, stream: BinaryIO) -> bool:
    """Whether a part of a file is what the store has of it from an upload before.

    Args:
        address: The part, and what the store calls it.
        stream: The file, open for this part alone.
    """
    if len(address.etag) != _MD5_HEX:
        return address.etag == PART_CAME
    return tag(address, stream) == address.etag


def tag(address: StoreAddress, stream: BinaryIO) -> str:
    """What S3 calls a part that has come, by its content; "" where that cannot be told."""
    told = _md5(address, stream).get("Content-MD5", "")
    return base64.b64decode(told).hex()


def receive(address: StoreAddress, file: BinaryIO, told: Callable[[int], None]) -> bool:
    """Fetch what lacks of a file; say whether it is the one that was asked for.

    Args:
        address: Where it is.
        file: Where it goes, open for reading and writing, at the end of what has come of it.
        told: Takes the bytes that have come.

    Raises:
        NoWay: It has to come through the service.
        InvalidRequest: The store refuses it.
    """
    told(file.tell())
    md5, etag = "", address.etag
    found = pieces.in_order(partial(_piece, address), file.tell(), address.size)
    for piece in found:
        # A service of an earlier version names none: then all must be of what the first is of.
        etag = etag or piece.etag
        if piece.etag != etag:
            # Replaced meanwhile: what has come and what follows are of two files.
            return False
        md5 = piece.md5 or md5
        file.write(piece.data)
        told(len(piece.data))
    return file.tell() == address.size and _is_right(file, md5)


class _Piece(NamedTuple):
    """Some bytes of a file, what the store calls the file, and its MD5 where that is told."""

    data: bytes
    etag: str
    md5: str


def _piece(address: StoreAddress, first: int, end: int) -> _Piece:
    def once() -> _Piece:
        headers = {"Range": f"bytes={first}-{end - 1}"} if (first, end) != (0, address.size) else {}
        with _asked(address.url, "GET", headers, None) as answer:
            # By its length: `rclone serve s3` gives what it is asked for, and calls it the whole.
            if headers and answer.length != end - first:
                raise NoWay("the store gives no parts of files")
            etag = str(answer.headers.get("ETag") or "").strip('"')
            piece = _Piece(answer.read(), etag, _told_md5(answer, is_part=bool(headers)))
        if len(piece.data) != end - first:
            raise ConnectionError("the store closed the connection")
        return piece

    return _patient(once, address.path)


def _md5(address: StoreAddress, stream: BinaryIO) -> Dict[str, str]:
    """The digest by which a store refuses what was damaged on its way."""
    try:
        digest = hashlib.md5()  # noqa: S324 - the one that stores check
    except ValueError:
        # Where the system allows no such digest the length has to do.
        return {}
    stream.seek(address.offset)
    body = Limited(stream, address.size)
    for block in iter(lambda: body.read(copying.BLOCK_BYTES), b""):
        digest.update(block)
    return {"Content-MD5": base64.b64encode(digest.digest()).decode("ascii")}


def _told_md5(answer: Any, is_part: bool) -> str:
    """The digest of a file in hex that a store tells for certain, "" where it does not."""
    # Of a part Azure tells the digest of all under another name, if anything.
    told = answer.headers.get("x-ms-blob-content-md5" if is_part else "Content-MD5")
    if told:
        return base64.b64decode(told).hex()
    # Amazon's tag is the digest of files that came whole, unless a key encrypts them.
    sealed = answer.headers.get("x-amz-server-side-encryption", "AES256")
    tag = str(answer.headers.get("ETag") or "").strip('"')
    is_amazon = any(name.lower().startswith("x-amz-") for name in answer.headers)
    plain = is_amazon and sealed == "AES256" and "-" not in tag
    return tag if plain and len(tag) == _MD5_HEX else ""


def _is_right(file: BinaryIO, md5: str) -> bool:
    if not md5:
        return True
    try:
        digest = hashlib.md5()  # noqa: S324 - the one that stores tell
    except ValueError:
        return True
    file.seek(0)
    for block in iter(lambda: file.read(copying.BLOCK_BYTES), b""):
        digest.update(block)
    return digest.hexdigest() == md5


def _asked(url: str, method: str, headers: Dict[str, str], body: Any) -> Any:
    if not reaching.is_reached(url):
        raise NoWay("the store cannot be reached from here")
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - from the service
    return urllib.request.urlopen(request, timeout=SILENCE_SECONDS)  # noqa: S310 - as above


def _patient(once: Callable[[], Result], path: str) -> Result:
    """Try a few times what may go better again."""
    for pause in (*PAUSES, None):
        try:
            return once()
        except urllib.error.HTTPError as error:
            refusal = _refusal(error, path)
            if pause is None or not _may_pass(error.code):
                raise refusal from None
        except RunyardError:
            # Of the local file: it became shorter, or cannot be read.
            raise
        except _BROKEN as error:
            reason = getattr(error, "reason", error)
            if pause is None or isinstance(reason, ConnectionRefusedError):
                raise NoWay(f"the store cannot be reached from here: {reason}") from None
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")


def _may_pass(status: int) -> bool:
    """Whether a store that answers so may do what it is asked a little later."""
    return status >= _SERVER_ERROR or status == _TOO_MANY


def _refusal(error: urllib.error.HTTPError, path: str) -> RunyardError:
    with error:
        told = error.read(_SHOWN).decode("utf-8", "replace")
    if _may_pass(error.code):
        # What stands before the store may be what fails, and the service have another way.
        return NoWay(f"the store does not take or give {path!r} now (HTTP {error.code}): {told}")
    if error.code == http.client.NOT_FOUND:
        return Gone(f"the store has nothing any more where {path!r} is to be")
    if error.code == http.client.FORBIDDEN:
        return Ended(f"the address of {path!r} opens nothing any more")
    if error.code in (http.client.PRECONDITION_FAILED, http.client.CONFLICT):
        return AlreadyExists(f"the store has {path!r} already")
    return InvalidRequest(f"the store does not take or give {path!r} (HTTP {error.code}): {told}")
