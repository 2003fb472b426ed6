"""Brings files from the service to this node: from the node's cache, else over HTTP.

Small files come in batches, large ones by themselves, several requests at once. Each file is
checked on its way: a content by its digest, a datastore's file by its size.
"""

from __future__ import annotations

import hashlib
import io
import os
import threading
from typing import TYPE_CHECKING, BinaryIO, Callable, Iterator, List, NamedTuple, Sequence

from runyard.client.copying import BLOCK_BYTES, write_all
from runyard.protocol.batches import BATCH_BYTES, BATCH_FILES, SMALL_BYTES, split
from runyard.protocol.errors import RunyardError
from runyard.protocol.timeouts import SERVICE_AWAY_SECONDS
from runyard.runtime import names
from runyard.runtime.job import Canceled, JobError
from runyard.runtime.service import patiently

if TYPE_CHECKING:
    from runyard.runtime.node_cache import NodeCache
    from runyard.runtime.service import JobService

# Two keep the service's disk and this node's busy; more help where the way is long.
REQUESTS = 4


class Wanted(NamedTuple):
    """A file to fetch.

    Args:
        name: What the service knows it by: a digest, or a path on a datastore.
        size: Its size in bytes.
        target: Where it is to be; the folder exists.
        label: What it is called in messages.
        key: What the node's cache knows it by.
        mode: Its mode.
    """

    name: str
    size: int
    target: str
    label: str
    key: str
    mode: int = 0o644


class Origin:
    """Where files come from.

    Attributes:
        wrong: What is said of a file that `is_right` refuses.
    """

    wrong = "arrived damaged (its digest is another)"

    def batch(self, names: List[str]) -> bytes:
        """Fetch many small files, framed as `protocol.batches` says."""
        raise NotImplementedError

    def single(self, name: str, sink: BinaryIO) -> None:
        """Fetch one file into an empty file open for reading and writing."""
        raise NotImplementedError

    def is_right(self, wanted: Wanted, stream: BinaryIO) -> bool:
        """Whether the bytes of a stream, from its start, are those of the file."""
        raise NotImplementedError


class Contents(Origin):
    """What the service has stored by content.

    Args:
        service: The service.
    """

    def __init__(self, service: JobService) -> None:
        self._service = service

    def batch(self, names: List[str]) -> bytes:
        """See Origin."""
        return self._service.read_blobs(names)

    def single(self, name: str, sink: BinaryIO) -> None:
        """See Origin."""
        self._service.read_blob(name, sink)

    def is_right(self, wanted: Wanted, stream: BinaryIO) -> bool:
        """See Origin."""
        found = hashlib.sha256()
        for block in iter(lambda: stream.read(BLOCK_BYTES), b""):
            found.update(block)
        return found.hexdigest() == wanted.name


def fetch(
    wanted: Sequence[Wanted], origin: Origin, cache: NodeCache, canceled: Callable[[], bool]
) -> int:
    """Bring files to their places; give how many were fetched, the others being on the node.

    Args:
        wanted: The files.
        origin: Where those come from that the node does not keep.
        cache: What the node keeps.
        canceled: Asked between files.

    Raises:
        JobError: A file cannot be had, or arrived damaged.
        Canceled: The job was canceled meanwhile.
        OSError: The disk is full, …
    """
    missing = [each for each in wanted if not _is_here(each, cache, canceled)]
    parts = list(_parts(missing))
    stop = threading.Event()

    def bring(part: List[Wanted]) -> None:
        if stop.is_set() or canceled():
            stop.set()
            return
        try:
            _bring(part, origin)
        except BaseException:
            stop.set()
            raise
        for each in part:
            cache.keep(each.key, each.target)

    _at_once(bring, parts)
    if stop.is_set():
        raise Canceled
    cache.trim()
    return len(missing)


def _is_here(wanted: Wanted, cache: NodeCache, canceled: Callable[[], bool]) -> bool:
    if canceled():
        raise Canceled
    if not cache.copied(wanted.key, wanted.size, wanted.target):
        return False
    os.chmod(wanted.target, wanted.mode)
    return True


def _at_once(bring: Callable[[List[Wanted]], None], parts: List[List[Wanted]]) -> None:
    """Bring all parts, several at a time; raise the first error."""
    if len(parts) <= 1:
        # Most jobs: they need not wait for the import.
        for part in parts:
            bring(part)
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(REQUESTS, len(parts))) as pool:
        for _ in pool.map(bring, parts):
            pass


def _parts(files: Sequence[Wanted]) -> Iterator[List[Wanted]]:
    """What goes into one request each."""
    batch: List[Wanted] = []
    room = BATCH_BYTES
    for each in files:
        if each.size > SMALL_BYTES:
            yield [each]
            continue
        if batch and (each.size > room or len(batch) == BATCH_FILES):
            yield batch
            batch, room = [], BATCH_BYTES
        batch.append(each)
        room -= each.size
    if batch:
        yield batch


def _bring(part: List[Wanted], origin: Origin) -> None:
    if len(part) == 1 and part[0].size > SMALL_BYTES:
        _bring_one(part[0], origin)
        return
    asked = [each.name for each in part]
    try:
        answer = patiently(lambda: origin.batch(asked), SERVICE_AWAY_SECONDS)
        contents = list(split(io.BytesIO(answer).read))
    except RunyardError as error:
        kind = part[0].label.partition(" of ")[2]
        text = f"{len(part)} files of {kind} could not be fetched: {error.message}"
        raise JobError(text, names.SERVICE_ERROR) from error
    for each, content in zip(part, contents):
        if content.data is None or not origin.is_right(each, io.BytesIO(content.data)):
            # By itself it says what is the matter.
            _bring_one(each, origin)
        else:
            _write(each, content.data)


def _write(wanted: Wanted, data: bytes) -> None:
    with open(wanted.target, "wb", buffering=0) as sink:
        # On a disk that is nearly full one call may write a part, and says so by its count alone.
        write_all(sink.fileno(), data)
        # The mask of whoever started the service is not the job's matter.
        os.fchmod(sink.fileno(), wanted.mode)


def _bring_one(wanted: Wanted, origin: Origin) -> None:
    with open(wanted.target, "w+b") as sink:
        try:
            patiently(lambda: origin.single(wanted.name, sink), SERVICE_AWAY_SECONDS)
        except RunyardError as error:
            text = f"{wanted.label} could not be fetched: {error.message}"
            raise JobError(text, names.SERVICE_ERROR) from error
        sink.seek(0)
        if not origin.is_right(wanted, sink):
            text = f"{wanted.label} {origin.wrong}"
            raise JobError(text, names.SERVICE_ERROR)
    os.chmod(wanted.target, wanted.mode)
