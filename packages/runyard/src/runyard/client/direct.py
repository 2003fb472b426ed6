"""Moves large files between here and an object store, without the service in between.

The service says where: an address for a file, or one for each part of it. What it is asked again
about is whether all came. A store that cannot be reached from here, as one in a network of the
service's own, is no error: the same files go through the service then. Small files do that at
once, hundreds in a request.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence

from runyard.client import copying, transfer
from runyard.client.connection import Limited
from runyard.client.datastores import Datastores
from runyard.protocol.batches import SMALL_BYTES
from runyard.protocol.datastores import DATASTORES_READ, BeginWrite, EndWrite
from runyard.protocol.errors import AlreadyExists, InvalidRequest, RunyardError, TemporaryError

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.batches import Sized
    from runyard.client.downloads import Fetch
    from runyard.client.progress import Progress
    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.datastores import StoreAddress, WritePlan

PAUSES = (0.2, 1.0, 3.0)
SILENCE_SECONDS = 60
ASKED_AT_ONCE = 500
_BROKEN = (OSError, http.client.HTTPException)
_SERVER_ERROR = 500
_MD5_HEX = 32


class StoreAway(TemporaryError):
    """Nothing answers from here at the address of a store."""


class _Ended(Exception):
    """An address opens nothing any more."""


class _Part(NamedTuple):
    """A part of a file, and where it goes."""

    path: Path
    address: StoreAddress


def write_files(
    service: WorkspaceConnection,
    datastore: str,
    files: Sequence[Sized],
    overwrite: bool,
    progress: Progress,
) -> None:
    """Write local files to a datastore whose store takes them itself; see `transfer.write_files`.

    Args:
        service: The workspace's client.
        datastore: Its name.
        files: The files with their paths on the datastore.
        overwrite: Replace files that are there; otherwise they are left alone.
        progress: Counts bytes and files.

    Raises:
        RunyardError: The service or the store refused.
    """
    large = [file for file in files if file.size > SMALL_BYTES]
    small = [file for file in files if file.size <= SMALL_BYTES]
    if large:
        # One alone first: where the store is away, the others need not find it out for themselves.
        away = not _sent(service, datastore, large[0], overwrite, progress)
        rest = large[1:]
        sent = [not away] + (
            [False] * len(rest)
            if away
            else transfer.parallel(
                lambda file: _sent(service, datastore, file, overwrite, progress), rest
            )
        )
        small += [file for file, done in zip(large, sent) if not done]
    transfer.write_files(service, datastore, small, overwrite, progress)


def download_many(
    service: WorkspaceConnection,
    datastore: str,
    fetches: Sequence[Fetch],
    progress: Progress,
) -> None:
    """Write files of a datastore to their places here, replacing what is there.

    Args:
        service: The workspace's client.
        datastore: Its name.
        fetches: What is fetched, each with its place here.
        progress: Counts bytes and files.

    Raises:
        RunyardError: The service or the store refused.
    """
    large = [each for each in fetches if _is_large(each)]
    rest = [each for each in fetches if not _is_large(each)]
    datastores = Datastores(service)
    known: Dict[str, StoreAddress] = {}
    for first in range(0, len(large), ASKED_AT_ONCE):
        asked = [each.segments[1] for each in large[first : first + ASKED_AT_ONCE]]
        known.update({each.path: each for each in datastores.addresses(datastore, asked)})

    def bring(fetch: Fetch) -> Optional[Fetch]:
        address = known.get(fetch.segments[1])
        try:
            if address is not None and _fetched(address, fetch.target, progress):
                return None
        except StoreAway:
            known.clear()
        return fetch

    left = [each for each in transfer.parallel(bring, large) if each is not None]
    transfer.download_many(service, [*rest, *left], overwrite=True, progress=progress)


def _is_large(fetch: Fetch) -> bool:
    return fetch.route is DATASTORES_READ and fetch.size > SMALL_BYTES


def _sent(
    service: WorkspaceConnection, datastore: str, file: Sized, overwrite: bool, progress: Progress
) -> bool:
    """Send a file to its store; False: it must go through the service."""
    datastores = Datastores(service)
    asked = BeginWrite(file.name, file.size, overwrite)
    try:
        plan = datastores.begin_write(datastore, asked)
        if not plan.parts:
            return False
        etags = _send_all(datastores, datastore, file, asked, plan, progress)
        done = EndWrite(file.name, file.size, plan.upload, etags, overwrite)
        datastores.end_write(datastore, done)
    except AlreadyExists:
        if overwrite:
            raise
        return True
    except StoreAway:
        return False
    progress.add(0, 1)
    return True


def _send_all(
    datastores: Datastores,
    datastore: str,
    file: Sized,
    asked: BeginWrite,
    plan: WritePlan,
    progress: Progress,
) -> List[str]:
    """Send the parts of a file; give what the store calls each."""

    def send(number: int) -> str:
        address = plan.parts[number]
        try:
            etag = _send(_Part(file.path, address))
        except _Ended:
            # An hour has gone by: the same upload under new addresses.
            again = BeginWrite(asked.path, asked.size, asked.overwrite, plan.upload)
            fresh = datastores.begin_write(datastore, again).parts[number]
            etag = _send(_Part(file.path, fresh))
        progress.add(address.size)
        return etag

    try:
        return transfer.parallel(send, range(len(plan.parts)))
    except BaseException:
        if plan.upload:
            _abandon(datastores, datastore, file, plan)
        raise


def _abandon(datastores: Datastores, datastore: str, file: Sized, plan: WritePlan) -> None:
    """Have the parts removed that came: a store keeps and charges them for ever."""
    try:
        given_up = EndWrite(file.name, file.size, plan.upload, abandoned=True)
        datastores.end_write(datastore, given_up)
    except RunyardError:
        # What is told is why the file could not be sent.
        return


def _send(part: _Part) -> str:
    """Send a part to its address, again where the connection breaks; give its ETag."""
    address = part.address
    headers = {
        "Content-Type": "application/octet-stream",
        "Content-Length": str(address.size),
        **address.headers,
    }
    with part.path.open("rb") as stream:
        headers.update(_md5(part, stream))

        def once() -> str:
            stream.seek(address.offset)
            body = Limited(stream, address.size)
            with _asked(address.url, "PUT", headers, body) as answer:
                answer.read()
                return str(answer.headers.get("ETag") or "")

        return str(_patient(once, part.address.path))


def _md5(part: _Part, stream: Any) -> Dict[str, str]:
    """The digest by which a store refuses what was damaged on its way."""
    try:
        digest = hashlib.md5()  # noqa: S324 - the one that stores check
    except ValueError:
        # Where the system allows no such digest the length has to do.
        return {}
    stream.seek(part.address.offset)
    body = Limited(stream, part.address.size)
    for block in iter(lambda: body.read(copying.BLOCK_BYTES), b""):
        digest.update(block)
    return {"Content-MD5": base64.b64encode(digest.digest()).decode("ascii")}


def _fetched(address: StoreAddress, target: Path, progress: Progress) -> bool:
    """Bring a file from its store; False: it must come through the service."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place, for a rename works within one file system only.
    part = target.parent / f".{os.urandom(16).hex()}.part"
    try:
        with part.open("w+b") as file:
            state = _State()

            def once() -> None:
                _receive(address, file, state, progress)

            try:
                _patient(once, address.path)
            except _Ended:
                return False
            if file.tell() != address.size or not state.is_right(file):
                # It was changed meanwhile: the service says which it is now.
                return False
        part.replace(target)
    finally:
        if part.exists():
            part.unlink()
    progress.add(0, 1)
    return True


class _State:
    """What is known of a file that comes, over several connections."""

    def __init__(self) -> None:
        self.md5 = ""

    def note(self, answer: Any) -> None:
        """Take what a store says of the file's digest, where it says it for certain."""
        told = answer.headers.get("Content-MD5")
        if told:
            self.md5 = base64.b64decode(told).hex()
            return
        # Amazon's tag is the digest of files that came whole, unless a key encrypts them.
        sealed = answer.headers.get("x-amz-server-side-encryption", "AES256")
        tag = str(answer.headers.get("ETag") or "").strip('"')
        is_amazon = any(name.lower().startswith("x-amz-") for name in answer.headers)
        if is_amazon and sealed == "AES256" and len(tag) == _MD5_HEX and "-" not in tag:
            self.md5 = tag

    def is_right(self, file: Any) -> bool:
        """Whether what came has that digest, where one is known."""
        try:
            digest = hashlib.md5()  # noqa: S324 - the one that stores tell
        except ValueError:
            return True
        if not self.md5:
            return True
        file.seek(0)
        for block in iter(lambda: file.read(copying.BLOCK_BYTES), b""):
            digest.update(block)
        return digest.hexdigest() == self.md5


def _receive(address: StoreAddress, file: Any, state: _State, progress: Progress) -> None:
    """Take the rest of a file from its store."""
    start = file.tell()
    headers = {"Range": f"bytes={start}-"} if start else {}
    with _asked(address.url, "GET", headers, None) as answer:
        if start and answer.status != http.client.PARTIAL_CONTENT:
            file.seek(0)
            file.truncate()
        if not start:
            state.note(answer)
        for block in iter(lambda: answer.read(copying.BLOCK_BYTES), b""):
            file.write(block)
            progress.add(len(block))
    if file.tell() < address.size:
        raise ConnectionError("the store closed the connection")


def _asked(url: str, method: str, headers: Dict[str, str], body: Any) -> Any:
    request = urllib.request.Request(url, body, headers, method=method)  # noqa: S310 - from the service
    return urllib.request.urlopen(request, timeout=SILENCE_SECONDS)  # noqa: S310 - as above


def _patient(once: Any, path: str) -> Any:
    """Try a few times what may go better again.

    Raises:
        StoreAway: Nothing answers there.
        InvalidRequest: The store refuses.
    """
    for pause in (*PAUSES, None):
        try:
            return once()
        except urllib.error.HTTPError as error:
            with error:
                told = error.read(2000).decode("utf-8", "replace")
            if error.code == http.client.FORBIDDEN:
                raise _Ended from None
            if error.code in (http.client.PRECONDITION_FAILED, http.client.CONFLICT):
                raise AlreadyExists(f"the store has {path!r} already") from None
            if error.code < _SERVER_ERROR or pause is None:
                raise InvalidRequest(
                    f"the store does not take or give {path!r} (HTTP {error.code}): {told[:300]}"
                ) from None
        except RunyardError:
            raise
        except _BROKEN as error:
            reason = getattr(error, "reason", error)
            if pause is None or isinstance(reason, ConnectionRefusedError):
                raise StoreAway(f"the store cannot be reached from here: {reason}") from None
        time.sleep(pause)
    raise AssertionError("the last try returns or raises")
