"""Who refers to contents, and which contents are marked because nobody seemed to.

Each table that has digests is named here. They are read in this order, and a part at a time: what
goes from one table to another goes to a later one, so that nothing is missed on its way.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Column, Connection, Select, Table, delete, insert, select, tuple_, update

from runyard_server.store.dataset_schema import dataset_pins, web_files
from runyard_server.store.parallel_schema import parallel_batches, parallel_runs
from runyard_server.store.prepared import Prepared
from runyard_server.store.records import Records
from runyard_server.store.registry_schema import model_files
from runyard_server.store.schema import run_files, snapshots
from runyard_server.store.tracking_schema import logged_model_files
from runyard_server.store.trash_schema import blob_marks

GONE = -1
# A logged model's files are registered as a version's.
_FILES = (
    (run_files, ("run_key", "path")),
    (logged_model_files, ("logged_key", "path")),
    (model_files, ("model_key", "path")),
    (web_files, ("workspace", "url")),
    (dataset_pins, ("workspace", "name", "version", "digest")),
    (parallel_runs, ("run_key",)),
    (parallel_batches, ("run_key", "number")),
)
_DIGEST = re.compile(r"[0-9a-f]{64}")
_ANY = Prepared(select(blob_marks.c.digest).where(blob_marks.c.digest > "").limit(1))
_MANY = 500
_PAGE = 5000


def digests(records: Records) -> Iterator[str]:
    """Every digest that something refers to, some of them more than once.

    Each part is read in a transaction of its own: a long one would keep SQLite from reusing its
    log, and what is written meanwhile is the collector's business.
    """
    for table, keys in _FILES:
        for page in _pages(records, table, keys, table.c.digest):
            yield from (digest for digest in page if digest is not None)
    for page in _pages(records, snapshots, ("workspace", "id"), snapshots.c.files, _MANY):
        for text in page:
            yield from _DIGEST.findall(text)


@dataclass(frozen=True, slots=True)
class Mark:
    """When a content was marked, and when it may go; microseconds since 1970.

    The mark of one that was removed stays for a while (`due` is GONE): a request that saw the
    content before, and refers to it only now, must hear of that.
    """

    marked_at: int
    due: int

    @property
    def is_gone(self) -> bool:
        """Whether the content was removed."""
        return self.due == GONE

    def is_over(self, begun: int) -> bool:
        """Whether a pass that began then may remove what has it: a pass sees only older marks."""
        return not self.is_gone and self.due <= begun and self.marked_at < begun


def marked(connection: Connection, wanted: Sequence[str]) -> dict[str, Mark]:
    """Those of these digests that are marked.

    Args:
        connection: The transaction's connection.
        wanted: The digests.
    """
    found: dict[str, Mark] = {}
    # Mostly nothing is marked, and each upload asks for hundreds.
    if not wanted or _ANY.row(connection) is None:
        return found
    for begin in range(0, len(wanted), _MANY):
        some = blob_marks.c.digest.in_(list(wanted[begin : begin + _MANY]))
        columns = (blob_marks.c.digest, blob_marks.c.marked_at, blob_marks.c.due)
        rows = connection.execute(select(*columns).where(some))
        found.update((digest, Mark(at, due)) for digest, at, due in rows)
    return found


def mark(connection: Connection, wanted: Iterable[str], now: int, due: int) -> None:
    """Mark contents that are not marked yet.

    Args:
        connection: The transaction's connection.
        wanted: Their digests.
        now: The time.
        due: When they may go.
    """
    rows = [{"digest": digest, "marked_at": now, "due": due} for digest in wanted]
    if rows:
        connection.execute(insert(blob_marks), rows)


def note_gone(connection: Connection, digest: str, now: int) -> None:
    """Let the mark of a content tell that it was removed.

    Args:
        connection: The transaction's connection.
        digest: The content.
        now: The time.
    """
    mine = update(blob_marks).where(blob_marks.c.digest == digest)
    connection.execute(mine.values(marked_at=now, due=GONE))


def forget_gone(connection: Connection, before: int) -> None:
    """Forget what was removed before a time.

    Args:
        connection: The transaction's connection.
        before: The time.
    """
    old = (blob_marks.c.due == GONE, blob_marks.c.marked_at < before)
    connection.execute(delete(blob_marks).where(*old))


def claim(connection: Connection, wanted: Sequence[str]) -> list[str]:
    """Take marks away in the transaction that refers to contents; give those that were removed.

    The collector removes in a transaction, too: one of the two comes first.

    Args:
        connection: The transaction's connection.
        wanted: The digests.
    """
    found = marked(connection, wanted)
    gone = [digest for digest, one in found.items() if one.is_gone]
    if found and not gone:
        unmark(connection, list(found))
    return gone


def unmark(connection: Connection, wanted: Sequence[str]) -> None:
    """Take marks away.

    Args:
        connection: The transaction's connection.
        wanted: The digests.
    """
    for begin in range(0, len(wanted), _MANY):
        some = blob_marks.c.digest.in_(list(wanted[begin : begin + _MANY]))
        connection.execute(delete(blob_marks).where(some))


def _pages(
    records: Records, table: Table, names: Sequence[str], wanted: Column[str], size: int = _PAGE
) -> Iterator[list[str]]:
    """A column of a table, page by page along its primary key."""
    keys = [table.c[name] for name in names]
    after: tuple[object, ...] | None = None
    while True:
        found = select(*keys, wanted).order_by(*keys).limit(size)
        if after is not None:
            found = found.where(tuple_(*keys) > after)
        rows = records.read(partial(_all, found))
        yield [row[-1] for row in rows]
        if len(rows) < size:
            return
        after = tuple(rows[-1][:-1])


def _all(found: Select[Any], connection: Connection) -> list[Any]:
    return list(connection.execute(found))
