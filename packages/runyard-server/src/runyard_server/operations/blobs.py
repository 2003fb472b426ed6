"""Contents by digest: what clients send once and refer to from then on."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from itertools import pairwise

from runyard.protocol.errors import InvalidRequest, MissingBlobs, WrongState
from runyard.protocol.files import (
    BatchResult,
    BlobList,
    BlobQuery,
    FileEntry,
    MissingBlobList,
    Refusal,
)
from runyard_server.core import holding
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import BYTES, Chunks, Content, RemoteContent, System
from runyard_server.operations import batches
from runyard_server.store.arrived import Arrived
from runyard_server.store.folders import CHUNK, Body, checked, full_disk

_WHOLE = BlobQuery()


def missing(system: System, workspace: str, body: BlobList) -> MissingBlobList:
    """Which of these contents are not stored, and of which a part has come.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.
    """
    system.read(lambda work: workspace_row(work, workspace))
    # Who is told that one is there does not send it, and refers to it in a while.
    holding.hold(system, body.digests)
    absent = system.blobs.missing(body.digests)
    return MissingBlobList(absent, system.blobs.begun(absent))


def write(
    system: System, workspace: str, digest: str, body: Body, query: BlobQuery = _WHOLE
) -> None:
    """Store a content, or the rest of one whose upload broke off.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        digest: SHA-256 of the content, in hex.
        body: The bytes.
        query: Where the body begins in the content.

    Raises:
        InvalidRequest: The bytes have another digest.
        WrongState: Less than `offset` bytes have come; `details["size"]` is how many have.
        StorageFull: No space is left; nothing is kept.
    """
    system.read(lambda work: workspace_row(work, workspace))
    if query.offset and not isinstance(body, Arrived):
        _write_rest(system, digest, query.offset, body)
    else:
        system.blobs.write(digest, body)
    holding.kept(system, [digest])


def _write_rest(system: System, digest: str, offset: int, body: Body) -> None:
    """Store a content of which a few bytes lacked, so that they came in memory."""
    whole = system.blobs.draft(digest).taking(offset, hashed=True)
    if whole is None:
        raise WrongState("another upload of it is under way: send it from the start", {"size": 0})
    with closing(whole), full_disk(f"content {digest[:12]}…"):
        while chunk := body.read(CHUNK):
            whole.add(chunk)
        system.blobs.write(digest, whole)


def write_many(system: System, workspace: str, body: Body) -> BatchResult:
    """Store many small contents; what is wrong is refused by name and its neighbours are kept.

    Returns once all that is stored is on the disk.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: The contents, framed as `protocol.batches` says.

    Raises:
        InvalidRequest: The body is no batch, or was cut; what came whole is kept.
        StorageFull: No space is left.
    """
    system.read(lambda work: workspace_row(work, workspace))
    came: list[str] = []
    stored, refused = system.blobs.write_many(_noted(batches.contents(body), came))
    holding.kept(system, [digest for digest in came if digest not in refused])
    code = InvalidRequest.code
    return BatchResult(stored, [Refusal(name, code, why) for name, why in refused.items()])


def read_many(system: System, workspace: str, body: BlobList) -> Chunks:
    """Many contents in one answer; one that is not stored is said to be absent.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: Too many are asked for, or one is no digest.
    """
    system.read(lambda work: workspace_row(work, workspace))
    for digest in body.digests:
        # Before the first byte: behind that nothing can be refused any more.
        system.blobs.path(digest)
    found = zip(body.digests, system.blobs.small(body.digests), strict=True)
    return batches.answer(found, len(body.digests))


def read(system: System, workspace: str, digest: str) -> Content | RemoteContent:
    """Read a content.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        digest: SHA-256 of the content, in hex.

    Raises:
        BlobNotFound: It is not stored.
    """
    system.read(lambda work: workspace_row(work, workspace))
    return content(system, digest, system.blobs.size(digest))


def content(
    system: System, digest: str, size: int, media_type: str = BYTES
) -> Content | RemoteContent:
    """The answer that carries a content, wherever contents are.

    Args:
        system: The service's parts.
        digest: SHA-256 of the content, in hex.
        size: Its bytes.
        media_type: What it is.
    """
    place = system.blobs.local(digest)
    if place is not None:
        return Content(place, size, media_type, digest=digest)
    reading, address = partial(system.blobs.reading, digest), partial(system.blobs.address, digest)
    return RemoteContent(size, reading, media_type, digest=digest, address=address)


def checked_entries(system: System, files: list[FileEntry]) -> list[FileEntry]:
    """Entries from outside with their paths in one spelling, by path.

    Raises:
        InvalidRequest: A path is malformed or comes twice, or a size is not that of the content.
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
    """
    entries = in_order(files)
    check_contents(system, entries)
    return entries


def in_order(files: list[FileEntry]) -> list[FileEntry]:
    """Entries from outside with their paths in one spelling, by path.

    Raises:
        InvalidRequest: A path is malformed or comes twice.
    """
    entries = sorted(
        (FileEntry(checked(f.path), f.digest, f.size, f.executable) for f in files),
        key=lambda entry: entry.path,
    )
    _refuse_clashes([entry.path for entry in entries])
    return entries


def check_contents(system: System, entries: list[FileEntry]) -> None:
    """Refuse entries whose contents are not stored, or are not what they say.

    Raises:
        InvalidRequest: A size is not that of the content.
        MissingBlobs: Contents are not stored; `details["missing"]` lists their digests.
    """
    holding.hold(system, [entry.digest for entry in entries])
    sizes = _sizes(system, entries)
    for entry in entries:
        if sizes[entry.digest] != entry.size:
            raise InvalidRequest(
                f"{entry.path!r} is said to have {entry.size} bytes, and the content with its "
                f"digest has {sizes[entry.digest]}: the file changed while it was read; try again"
            )


def _noted(contents: Iterable[tuple[str, bytes]], came: list[str]) -> Iterator[tuple[str, bytes]]:
    """The same contents, whose digests are written down as they come."""
    for digest, data in contents:
        came.append(digest)
        yield digest, data


def _sizes(system: System, entries: list[FileEntry]) -> dict[str, int]:
    wanted = {entry.digest for entry in entries}
    sizes = system.blobs.sizes(wanted)
    # All that lack are told at once: whoever heard of one at a time would ask for each.
    absent = wanted - sizes.keys()
    if absent:
        raise MissingBlobs(
            f"{len(absent)} of {len(sizes) + len(absent)} contents are not stored; send them "
            "first, then ask again",
            {"missing": sorted(absent)},
        )
    return sizes


def _refuse_clashes(paths: list[str]) -> None:
    """Refuse a path that comes twice, or that is a file here and a folder there."""
    known = set(paths)
    if len(known) < len(paths):
        # They are sorted, so equal ones stand side by side.
        twice = next(a for a, b in pairwise(paths) if a == b)
        raise InvalidRequest(f"the path {twice!r} comes twice; name each file once")
    # No disk that the files come to could have both.
    seen = {""}
    for path in paths:
        above = path.rpartition("/")[0]
        # Thousands lie in few folders.
        while above not in seen:
            if above in known:
                raise InvalidRequest(f"{above!r} cannot be a file and hold {path!r}; rename one")
            seen.add(above)
            above = above.rpartition("/")[0]
