"""Keeps contents that a request is about from being collected.

The collector marks what nothing refers to, and removes it when the mark is a day old and still
there (`execution.collecting`). Whoever is told that a content is stored takes its mark away, so
that it stays for at least as long; whoever refers to one does in the same transaction (`claim`).
Marks are rows, so a service that is killed loses none.
"""

from collections.abc import Iterable

from runyard.protocol.errors import MissingBlobs, TemporaryError
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import references
from runyard_server.store.folders import Body


def hold(system: System, digests: Iterable[str]) -> None:
    """Take the marks of contents away; a write, but only where there are any.

    Args:
        system: The service's parts.
        digests: The contents.
    """
    _unmark(system, list(dict.fromkeys(digests)), also_gone=False)


def kept(system: System, digests: Iterable[str]) -> None:
    """Hold contents that were stored just now.

    Args:
        system: The service's parts.
        digests: The contents.

    Raises:
        TemporaryError: One was collected between the two; storing it again keeps it.
    """
    wanted = list(dict.fromkeys(digests))
    _unmark(system, wanted, also_gone=True)
    lost = system.blobs.missing(wanted)
    if lost:
        raise TemporaryError(f"content {lost[0][:12]}… was removed meanwhile; send it again")


def stored(system: System, body: Body) -> tuple[str, int]:
    """Store a content whose digest nobody knows yet, and hold it; give its digest and size.

    Args:
        system: The service's parts.
        body: The bytes.

    Raises:
        StorageFull: No space is left; nothing is kept.
        TemporaryError: It was collected at the same moment; storing it again keeps it.
    """
    digest, size = system.blobs.add(body)
    kept(system, [digest])
    return digest, size


def _unmark(system: System, wanted: list[str], *, also_gone: bool) -> None:
    # That one is gone has to be known to a request that saw it before, until it is stored again.
    marks = system.read(lambda work: references.marked(work.connection, wanted))
    chosen = [digest for digest, mark in marks.items() if also_gone or not mark.is_gone]
    if chosen:
        system.write(lambda work: references.unmark(work.connection, chosen))


def claim(work: Work, digests: Iterable[str]) -> None:
    """Refer to contents from now on; in the transaction that writes the reference.

    Args:
        work: The unit of work.
        digests: The contents, which were there a moment ago.

    Raises:
        MissingBlobs: Some were collected since; `details["missing"]` lists their digests.
    """
    gone = references.claim(work.connection, list(dict.fromkeys(digests)))
    if gone:
        raise MissingBlobs(
            f"{len(gone)} contents were removed meanwhile; send them, then ask again",
            {"missing": sorted(gone)},
        )
