"""Collects contents that nothing refers to any more, while others upload.

A pass reads every reference there is, a part at a time, and looks at every content that is stored:

* one that nothing refers to is marked;
* one that something refers to loses its mark;
* one whose mark was there before the pass began, and is a day old, is removed, in a transaction in
  which the mark must still be there.

Whoever is told that a content is stored takes its mark away, so that it stays for another day; and
whoever refers to one takes it away in the transaction that does (`core.holding`), or hears that the
content is gone. What was referred to before it was marked is seen by the pass that would remove it,
for that begins later. So no content goes that something refers to, however long a request takes. A
kill between any two steps leaves marks, which the next pass judges anew.

References are remembered as bits: a content whose bits are set by others by chance stays until a
later pass, which looks at other digits of its digest. So ten million contents take 32 MB of memory.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass

from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import collector, references, snapshots
from runyard_server.store.collector import PassRow

DAY = 24 * 3600 * SECOND
# Sixteen bits for each content: about one in a hundred stays by chance until the next pass.
_SPACE, _LEAST, _MOST = 16, 1 << 16, 1 << 30
_DIGITS, _OFFSETS = 12, 40
_BATCH = 200


@dataclass
class Collected:
    """What a pass did: contents that were looked at, marked, and removed with their bytes."""

    seen: int = 0
    marked: int = 0
    removed: int = 0
    size: int = 0


class References:
    """A set of digests that may hold a few more than were added, in two bytes for each.

    Args:
        count: About how many there will be.
    """

    def __init__(self, count: int) -> None:
        size = min(max(1 << (_SPACE * count).bit_length(), _LEAST), _MOST)
        self._bits = bytearray(size >> 3)
        self._mask = size - 1
        # Other digits each time: who is kept by chance is not kept for ever.
        self._begin = secrets.randbelow(_OFFSETS)

    def add(self, digest: str) -> None:
        """Add a digest."""
        for place in self._places(digest):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, digest: str) -> bool:
        """Whether a digest may have been added; no means no."""
        return all(self._bits[place >> 3] >> (place & 7) & 1 for place in self._places(digest))

    def _places(self, digest: str) -> tuple[int, int]:
        begin = self._begin
        middle = begin + _DIGITS
        first = int(digest[begin:middle], 16) & self._mask
        return first, int(digest[middle : middle + _DIGITS], 16) & self._mask


def collect(system: System, grace: int = DAY) -> Collected:
    """Make one pass.

    Args:
        system: The service's parts.
        grace: How long a content stays after it was marked, in microseconds.
    """
    begun = system.clock.now_us()
    _forget_snapshots(system, begun - grace)
    system.write(lambda work: references.forget_gone(work.connection, begun - DAY))
    known = References(sum(1 for _ in system.blobs.stored()))
    for digest in references.digests(system.records):
        known.add(digest)
    done = Collected()
    for batch in _stored(system):
        _judge(system, batch, known, begun, grace, done)
    ended = system.clock.now_us()
    row = PassRow(begun, ended, done.seen, done.marked, done.removed, done.size)
    system.write(lambda work: collector.keep(work.connection, row))
    return done


def _stored(system: System) -> Iterator[list[str]]:
    batch: list[str] = []
    for digest in system.blobs.stored():
        batch.append(digest)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


def _judge(
    system: System, batch: list[str], known: References, begun: int, grace: int, done: Collected
) -> None:
    """Mark, unmark and remove contents."""
    done.seen += len(batch)
    marks = system.read(lambda work: references.marked(work.connection, batch))
    loose = [digest for digest in batch if digest not in known]
    unmarked = [digest for digest in loose if digest not in marks]
    needed = [digest for digest in marks if digest in known]
    over = [digest for digest in loose if digest in marks and marks[digest].is_over(begun)]

    def write(work: Work) -> None:
        references.unmark(work.connection, needed)
        # Who marked one in the meantime is another pass: the first mark counts.
        now_marked = references.marked(work.connection, [*unmarked, *over])
        fresh = [digest for digest in unmarked if digest not in now_marked]
        references.mark(work.connection, fresh, work.now, work.now + grace)
        gone = [digest for digest in over if now_marked.get(digest) == marks[digest]]
        # In the writer: whoever holds one either came before, or finds that it is gone.
        done.size += system.blobs.remove_many(gone)
        for digest in gone:
            references.note_gone(work.connection, digest, work.now)
        done.marked += len(fresh)
        done.removed += len(gone)

    if unmarked or needed or over:
        system.write(write)


def _forget_snapshots(system: System, before: int) -> None:
    """Remove snapshots that no run has, and that nobody has asked for since."""
    after = ("", "")
    named = system.read(lambda work: snapshots.deployed(work.connection))
    while found := _unused(system, before, after):
        loose = [each for each in found if each[1] not in named]
        if loose:
            _remove_unused(system, before, loose)
        after = found[-1]


def _unused(system: System, before: int, after: tuple[str, str]) -> list[tuple[str, str]]:
    return system.read(lambda work: snapshots.unused(work.connection, before, after, _BATCH))


def _remove_unused(system: System, before: int, chosen: list[tuple[str, str]]) -> None:
    # Looked at once more: a run may have got one since.
    system.write(lambda work: snapshots.remove_unused(work.connection, before, chosen))
