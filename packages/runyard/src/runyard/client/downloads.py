"""One file of the service on its way to its place: whole or not at all, and gone on with.

A content is known by its digest: from a state folder that this process sees it is copied, else it
is fetched, from where an earlier download broke off, and checked. A datastore's file is known by
size and time; whoever goes on with one asks afterwards whether it is still the same.
"""

from __future__ import annotations

import time
from functools import partial
from itertools import chain, islice
from typing import (
    TYPE_CHECKING,
    Any,
    Callable,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
)

from runyard.client import local_contents, pieces
from runyard.client.datastores import Datastores
from runyard.client.download import FileReplaced
from runyard.client.part_files import BLOCK_BYTES, KEPT_BYTES, PartFile
from runyard.protocol.errors import RunyardError, TemporaryError
from runyard.protocol.files import BLOBS_READ

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.client.download import Download
    from runyard.client.progress import Progress
    from runyard.client.workspace_connection import WorkspaceConnection
    from runyard.protocol.route import Route

Told = Callable[[int], None]

# Of a file that is replaced while it comes, the next one is fetched; not for ever.
_VERSIONS = 4
# After so much it is known how fast one connection is, if at least as much again is to come. On a
# machine's own network one is as fast as the client hashes, and several took a third longer; where
# one came at 21 MB/s, four came at 67.
_TRIED_BYTES = 8 << 20
_FAST_BYTES_A_SECOND = 64e6


class Fetch(NamedTuple):
    """One file to download: a raw route with its segments, and where it goes.

    Small files whose size is told are fetched together, by digest or from their datastore.
    `modified_at` is what tells versions of a datastore's file apart.
    """

    route: Route[Any]
    segments: Sequence[str]
    target: Path
    executable: bool = False
    size: int = -1
    digest: str = ""
    modified_at: str = ""


def bring(service: WorkspaceConnection, fetch: Fetch, progress: Optional[Progress] = None) -> None:
    """Write a file to its place, replacing what is there.

    Args:
        service: The workspace's connection.
        fetch: What is fetched, and its place, whose folder exists.
        progress: Told the bytes as they go, if given.

    Raises:
        RunyardError: It cannot be had, or arrived damaged.
        OSError: It cannot be written.
    """
    told: Told = untold if progress is None else progress.add
    if not (fetch.digest or fetch.modified_at):
        with service.open(fetch.route, *fetch.segments) as source:
            if source.size < KEPT_BYTES or not source.version:
                _plain(source, fetch, told)
                return
            fetch = fetch._replace(digest=source.version, size=source.size)
    version = fetch.digest or f"{fetch.size} {fetch.modified_at}"
    with PartFile(fetch.target, version) as part:
        if fetch.digest:
            _content(service, fetch, part, told)
        else:
            _file(service, fetch, part, told)
        part.place(fetch.executable)


def untold(_: int) -> None:
    """Do nothing with the bytes that came: nobody watches."""


def _plain(source: Download, fetch: Fetch, told: Told) -> None:
    with PartFile(fetch.target, "") as part:
        _take(_blocks(source), part, told)
        part.place(fetch.executable)


def _content(service: WorkspaceConnection, fetch: Fetch, part: PartFile, told: Told) -> None:
    local = local_contents.of(service)
    if local is not None and local.copy(fetch.digest, fetch.size, part.path, told):
        return
    digest = part.hashed()
    told(part.size)
    content = fetch._replace(route=BLOBS_READ, segments=(fetch.digest,))
    with service.open(BLOBS_READ, fetch.digest, offset=part.size) as source:
        is_slow = _is_slow(source, part, told, digest.update)
        if not is_slow:
            _take(_blocks(source), part, told, digest.update)
    if is_slow:
        _in_pieces(service, content, part, told, digest.update)
    if digest.hexdigest() != fetch.digest:
        part.restart()
        raise RunyardError(f"the content for {fetch.target} arrived damaged; try again")


def _file(service: WorkspaceConnection, fetch: Fetch, part: PartFile, told: Told) -> None:
    for number in range(_VERSIONS):
        if _came(service, fetch, part, told, may_be_pieces=not number):
            return
        told(-part.size)
        part.restart()
        fetch = _as_it_is(service, fetch)
    raise TemporaryError(
        f"{fetch.segments[-1]!r} is replaced again and again while it is fetched; try again when "
        "nothing writes to it"
    )


def _came(
    service: WorkspaceConnection, fetch: Fetch, part: PartFile, told: Told, may_be_pieces: bool
) -> bool:
    """Fetch what lacks of a file; say whether all of it is of one version."""
    begun = part.size
    told(begun)
    try:
        with service.open(fetch.route, *fetch.segments, offset=begun) as source:
            # Once: of a file that somebody goes on writing to, one answer alone is of one moment.
            is_slow = may_be_pieces and _is_slow(source, part, told)
            if not is_slow:
                _take(_blocks(source), part, told)
        if is_slow:
            _in_pieces(service, fetch, part, told)
        went_on = begun or source.breaks or is_slow
    except FileReplaced:
        return False
    # No digest would tell that the first half is of another version than the second.
    return not went_on or _as_it_is(service, fetch) == fetch


def _is_slow(
    source: Download,
    part: PartFile,
    told: Told,
    hashed: Optional[Callable[[bytes], None]] = None,
) -> bool:
    """Take the first of what comes; say whether the rest should come over several connections."""
    if source.size < 2 * _TRIED_BYTES:
        return False
    begun = time.monotonic()
    _take(islice(_blocks(source), _TRIED_BYTES // BLOCK_BYTES), part, told, hashed)
    return _FAST_BYTES_A_SECOND * (time.monotonic() - begun) > _TRIED_BYTES


def _in_pieces(
    service: WorkspaceConnection,
    fetch: Fetch,
    part: PartFile,
    told: Told,
    hashed: Optional[Callable[[bytes], None]] = None,
) -> None:
    """Fetch what lacks of a file several pieces at once."""
    try:
        came = pieces.in_order(partial(_piece, service, fetch), part.size, fetch.size)
        _take(chain.from_iterable(came), part, told, hashed)
    except FileReplaced:
        raise
    # No ranges are given, or a job may not open so many at once: one goes on from what has come.
    except TemporaryError:
        with service.open(fetch.route, *fetch.segments, offset=part.size) as source:
            _take(_blocks(source), part, told, hashed)


def _piece(service: WorkspaceConnection, fetch: Fetch, first: int, end: int) -> List[bytes]:
    with service.open(fetch.route, *fetch.segments, offset=first, end=end) as source:
        if source.size != end - first:
            raise FileReplaced(f"{fetch.segments[-1]!r} became shorter while it was fetched")
        return list(_blocks(source))


def _blocks(source: Download) -> Iterator[bytes]:
    return iter(lambda: source.read(BLOCK_BYTES), b"")


def _take(
    blocks: Iterable[bytes],
    part: PartFile,
    told: Told,
    hashed: Optional[Callable[[bytes], None]] = None,
) -> None:
    for block in blocks:
        part.add(block)
        if hashed is not None:
            hashed(block)
        told(len(block))


def _as_it_is(service: WorkspaceConnection, fetch: Fetch) -> Fetch:
    """Ask which version of a file there is now; of one that is gone another than was known."""
    datastore, path = fetch.segments
    for file in Datastores(service).files(datastore, path, limit=1):
        if file.path == path:
            return fetch._replace(size=file.size, modified_at=file.modified_at)
    return fetch._replace(size=-1)
