"""One file of the service on its way to its place: whole or not at all, and gone on with.

A content is known by its digest: from a state folder that this process sees it is copied, else it
is fetched, from where an earlier download broke off, and checked. A datastore's file is known by
size and time; whoever goes on with one asks afterwards whether it is still the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, NamedTuple, Optional, Sequence

from runyard.client import local_contents
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
        _take(source, part, told)
        part.place(fetch.executable)


def _content(service: WorkspaceConnection, fetch: Fetch, part: PartFile, told: Told) -> None:
    local = local_contents.of(service)
    if local is not None and local.copy(fetch.digest, fetch.size, part.path, told):
        return
    digest = part.hashed()
    told(part.size)
    with service.open(BLOBS_READ, fetch.digest, offset=part.size) as source:
        _take(source, part, told, digest.update)
    if digest.hexdigest() != fetch.digest:
        part.restart()
        raise RunyardError(f"the content for {fetch.target} arrived damaged; try again")


def _file(service: WorkspaceConnection, fetch: Fetch, part: PartFile, told: Told) -> None:
    for _ in range(_VERSIONS):
        if _came(service, fetch, part, told):
            return
        told(-part.size)
        part.restart()
        fetch = _as_it_is(service, fetch)
    raise TemporaryError(
        f"{fetch.segments[-1]!r} is replaced again and again while it is fetched; try again when "
        "nothing writes to it"
    )


def _came(service: WorkspaceConnection, fetch: Fetch, part: PartFile, told: Told) -> bool:
    """Fetch what lacks of a file; say whether all of it is of one version."""
    begun = part.size
    told(begun)
    try:
        with service.open(fetch.route, *fetch.segments, offset=begun) as source:
            _take(source, part, told)
            went_on = begun or source.breaks
    except FileReplaced:
        return False
    # No digest would tell that the first half is of another version than the second.
    return not went_on or _as_it_is(service, fetch) == fetch


def _take(
    source: Download, part: PartFile, told: Told, hashed: Optional[Callable[[bytes], None]] = None
) -> None:
    for block in iter(lambda: source.read(BLOCK_BYTES), b""):
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
