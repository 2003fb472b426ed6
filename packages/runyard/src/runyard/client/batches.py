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
    Any,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from runyard.protocol.batches import (
    BATCH_BYTES,
    BATCH_FILES,
    SMALL_BYTES,
    Content,
    join,
    split,
)
from runyard.protocol.errors import InvalidRequest, RunyardError, from_wire
from runyard.protocol.files import BlobList, FileEntry
from runyard.protocol.routes import (
    BLOBS_MISSING,
    BLOBS_READ_MANY,
    BLOBS_WRITE_MANY,
    DATASTORES_WRITE_MANY,
)

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.route import Route


class Sized(NamedTuple):
    """A local file, the name it is to have, and its size in bytes."""

    name: str
    path: Path
    size: int


def sized(files: Iterable[Tuple[str, Path]]) -> List[Sized]:
    """Look at the sizes of local files, given as (name, path)."""
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
    """Give a small file by content, and the content.

    A file that somebody appends to meanwhile is taken as long as it was when it was looked at.
    """
    with file.path.open("rb", buffering=0) as stream:
        mode = os.fstat(stream.fileno()).st_mode
        data = stream.read(file.size)
    digest = hashlib.sha256(data).hexdigest()
    return FileEntry(file.name, digest, len(data), bool(mode & stat.S_IXUSR)), data


def store(service: WorkspaceClient, contents: Dict[str, bytes]) -> None:
    """Store small contents, given by digest, that the service does not have yet.

    Raises:
        RunyardError: The service refused.
    """
    missing = service.call(BLOBS_MISSING, body=BlobList(sorted(contents))).digests
    put(service, [Content(digest, contents[digest]) for digest in missing])


def put(service: WorkspaceClient, contents: Sequence[Content]) -> None:
    """Store small contents.

    Raises:
        InvalidRequest: The bytes have another digest.
        RunyardError: The service refused.
    """
    _write(service, BLOBS_WRITE_MANY, (), contents)


def write_files(
    service: WorkspaceClient, datastore: str, files: Sequence[Sized], query: Any
) -> None:
    """Write small files to a datastore; without `overwrite`, what is there stays.

    Args:
        service: The workspace's client.
        datastore: Its name.
        files: The files with their paths on the datastore.
        query: A WriteQuery.

    Raises:
        RunyardError: The service refused.
    """
    contents = [Content(file.name, describe(file)[1]) for file in files]
    passed = "" if query.overwrite else "already_exists"
    _write(service, DATASTORES_WRITE_MANY, (datastore,), contents, query, passed)


def _write(
    service: WorkspaceClient,
    route: Route[Any],
    segments: Sequence[str],
    contents: Sequence[Content],
    query: Any = None,
    passed: str = "",
) -> None:
    if not contents:
        return
    data = join(contents)
    result = service.send(route, *segments, data=data, size=len(data), query=query)
    refused = [each for each in result.refused if each.code != passed]
    if refused:
        first = refused[0]
        more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
        error = {"code": first.code, "message": f"{first.message}{more}"}
        details = {"refused": [each.name for each in refused]}
        raise from_wire(InvalidRequest.status, {"error": {**error, "details": details}})


def read(
    service: WorkspaceClient, route: Route[Any], segments: Sequence[str], body: Any
) -> Iterator[Content]:
    """Fetch many small contents in one answer; None as data: ask for it by itself."""
    data = memoryview(service.read(route, *segments, body=body))
    place = 0

    def take(size: int) -> bytes:
        nonlocal place
        found = bytes(data[place : place + size])
        place += size
        return found

    return split(take)


def read_blobs(service: WorkspaceClient, digests: Sequence[str]) -> Iterator[Content]:
    """Fetch many small contents by digest.

    Raises:
        RunyardError: One arrived damaged.
    """
    for content in read(service, BLOBS_READ_MANY, (), BlobList(list(digests))):
        if content.data is not None and _digest(content.data) != content.name:
            raise RunyardError(f"the content {content.name[:12]}… arrived damaged; try again")
        yield content


def _digest(data: Optional[bytes]) -> str:
    return hashlib.sha256(data or b"").hexdigest()
