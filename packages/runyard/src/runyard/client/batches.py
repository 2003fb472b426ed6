"""Many small files in few requests: put together, sent and fetched; see `protocol.batches`.

A batch is read from disk, asked after, and sent while it is in memory, so that no file is read
twice. What is stored already is not sent: a transfer that broke off goes on where it was.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import (
    TYPE_CHECKING,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from runyard.client.blobs import Blobs
from runyard.client.datastores import Datastores
from runyard.protocol.batches import (
    BATCH_BYTES,
    BATCH_FILES,
    SMALL_BYTES,
    Content,
    join,
    split,
)
from runyard.protocol.errors import InvalidRequest, RunyardError, from_wire
from runyard.protocol.files import FileEntry

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.files import BatchResult


class Sized(NamedTuple):
    """A local file, the name it is to have, and its size in bytes."""

    name: str
    path: Path
    size: int


def sized(files: Iterable[Tuple[str, Path]]) -> List[Sized]:
    """Read the sizes of local files, given as (name, path)."""
    return [Sized(name, path, path.stat().st_size) for name, path in files]


def groups(sizes: Sequence[int]) -> Tuple[List[List[int]], List[int]]:
    """Divide files into batches of small ones and single large ones.

    Args:
        sizes: In bytes; below zero for what must go by itself, whatever its size.

    Returns:
        The places in `sizes` of each batch, and of what goes by itself.
    """
    batches: List[List[int]] = []
    single: List[int] = []
    room = 0
    for place, size in enumerate(sizes):
        if not 0 <= size <= SMALL_BYTES:
            single.append(place)
            continue
        if not batches or size > room or len(batches[-1]) == BATCH_FILES:
            batches.append([])
            room = BATCH_BYTES
        batches[-1].append(place)
        room -= size
    return batches, single


def describe(file: Sized) -> Tuple[FileEntry, bytes]:
    """Describe a small file by content, and read the content.

    A file that somebody appends to meanwhile is taken as long as it was when it was looked at.
    """
    # The size is known: one read without a buffer between.
    with file.path.open("rb", buffering=0) as stream:
        mode = os.fstat(stream.fileno()).st_mode
        data = stream.read(file.size)
    digest = hashlib.sha256(data).hexdigest()
    return FileEntry(file.name, digest, len(data), bool(mode & stat.S_IXUSR)), data


def store(service: WorkspaceConnection, contents: Dict[str, bytes]) -> None:
    """Store small contents, given by digest, that the service does not have yet.

    Raises:
        RunyardError: The service refused.
    """
    missing = Blobs(service).missing(sorted(contents))
    put(service, [Content(digest, contents[digest]) for digest in missing])


def put(service: WorkspaceConnection, contents: Sequence[Content]) -> None:
    """Store small contents.

    Raises:
        InvalidRequest: The bytes have another digest.
        RunyardError: The service refused.
    """
    _write(contents, Blobs(service).write_many)


def write_files(
    service: WorkspaceConnection, datastore: str, files: Sequence[Sized], overwrite: bool
) -> None:
    """Write small files to a datastore; without `overwrite`, what is there stays.

    Args:
        service: The workspace's client.
        datastore: Its name.
        files: The files with their paths on the datastore.
        overwrite: Whether they replace what is there.

    Raises:
        RunyardError: The service refused.
    """
    contents = [Content(file.name, describe(file)[1]) for file in files]
    # What is there already is meant to stay, so its refusal is none.
    datastores, passed = Datastores(service), "" if overwrite else "already_exists"
    _write(contents, lambda data: datastores.write_many(datastore, data, overwrite), passed)


def _write(
    contents: Sequence[Content], send: Callable[[bytes], BatchResult], passed: str = ""
) -> None:
    if not contents:
        return
    result = send(join(contents))
    refused = [each for each in result.refused if each.code != passed]
    if refused:
        first = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        error = {"code": first.code, "message": f"{first.message}{more}"}
        details = {"refused": [each.name for each in refused]}
        raise from_wire(InvalidRequest.status, {"error": {**error, "details": details}})


def _taken_apart(answer: bytes) -> Iterator[Content]:
    data = memoryview(answer)
    place = 0

    def take(size: int) -> bytes:
        nonlocal place
        found = bytes(data[place : place + size])
        place += size
        return found

    return split(take)


def read_files(
    service: WorkspaceConnection, datastore: str, paths: Sequence[str]
) -> Iterator[Content]:
    """Fetch many small files of a datastore; None as data: ask for it by itself.

    Args:
        service: The workspace's connection.
        datastore: Name of the datastore.
        paths: The files' paths on the datastore.
    """
    return _taken_apart(Datastores(service).read_many(datastore, paths))


def read_blobs(service: WorkspaceConnection, digests: Sequence[str]) -> Iterator[Content]:
    """Fetch many small contents by digest; None as data: ask for it by itself.

    Raises:
        RunyardError: One arrived damaged.
    """
    for content in _taken_apart(Blobs(service).read_many(digests)):
        if content.data is not None and _digest(content.data) != content.name:
            raise RunyardError(f"the content {content.name[:12]}… arrived damaged; try again")
        yield content


def _digest(data: Optional[bytes]) -> str:
    return hashlib.sha256(data or b"").hexdigest()
