"""Rows of batches: who has which, how they went, and where what they returned is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from runyard.protocol.parallel import GIVEN, WAITING
from runyard_server.store.parallel_schema import parallel_batches, parallel_runs
from runyard_server.store.prepared import Prepared


@dataclass(frozen=True, slots=True)
class ParallelRow:
    """One row of `parallel_runs`: the list of a run's batches, and how all of them stand."""

    run_key: int
    digest: str
    batches: int
    next: int = 0
    done: int = 0
    failed: int = 0
    items: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row of `parallel_batches`; `errors` are its items without a result."""

    run_key: int
    number: int
    state: str
    node: int
    attempt: int
    tries: int = 0
    errors: int = 0
    digest: str | None = None
    start: int = 0
    size: int = 0
    reason: str = ""


_RUN_NAMES = tuple(f.name for f in fields(ParallelRow))
_BATCH_NAMES = tuple(f.name for f in fields(BatchRow))
_BATCHES = select(*(parallel_batches.c[name] for name in _BATCH_NAMES))
_MINE = parallel_batches.c.run_key == bindparam("of_run")
_FIND = Prepared(
    select(*(parallel_runs.c[name] for name in _RUN_NAMES)).where(
        parallel_runs.c.run_key == bindparam("of_run")
    )
)
_CHANGE = Prepared(update(parallel_runs).where(parallel_runs.c.run_key == bindparam("of_run")))
_BATCH = Prepared(_BATCHES.where(_MINE, parallel_batches.c.number == bindparam("numbered")))
_IN_STATE = Prepared(_BATCHES.where(_MINE, parallel_batches.c.state == bindparam("in_state")))
_OF_NODE = Prepared(
    _BATCHES.where(
        _MINE,
        parallel_batches.c.state == GIVEN,
        parallel_batches.c.node == bindparam("of_node"),
    )
)
_ADD = Prepared(insert(parallel_batches))
_CHANGE_BATCH = Prepared(
    update(parallel_batches).where(_MINE, parallel_batches.c.number == bindparam("numbered"))
)


def find(connection: Connection, key: int) -> ParallelRow | None:
    """How the batches of a run stand; None while there is no list of them."""
    row = _FIND.row(connection, {"of_run": key})
    return None if row is None else ParallelRow(*row)


def add(connection: Connection, row: ParallelRow) -> None:
    """Add the list of a run's batches."""
    connection.execute(insert(parallel_runs), {name: getattr(row, name) for name in _RUN_NAMES})


def change(connection: Connection, row: ParallelRow) -> None:
    """Write how the batches of a run stand now."""
    told = {name: getattr(row, name) for name in _RUN_NAMES if name != "run_key"}
    _CHANGE.run(connection, {"of_run": row.run_key, **told})


def batch(connection: Connection, key: int, number: int) -> BatchRow | None:
    """A batch that was given out, None of one that was not.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        number: The batch.
    """
    row = _BATCH.row(connection, {"of_run": key, "numbered": number})
    return None if row is None else BatchRow(*row)


def given_to(connection: Connection, key: int, node: int) -> list[BatchRow]:
    """The batches that a node has.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        node: Number of the node within the run.
    """
    return [BatchRow(*row) for row in _OF_NODE.rows(connection, {"of_run": key, "of_node": node})]


def given(connection: Connection, key: int) -> list[BatchRow]:
    """The batches that any node has."""
    rows = _IN_STATE.rows(connection, {"of_run": key, "in_state": GIVEN})
    return [BatchRow(*row) for row in rows]


def waiting(connection: Connection, key: int, most: int) -> list[BatchRow]:
    """Some of the batches that are to be tried again.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        most: At most so many.
    """
    mine = (parallel_batches.c.run_key == key, parallel_batches.c.state == WAITING)
    found = _BATCHES.where(*mine).limit(most)
    return [BatchRow(*row) for row in connection.execute(found)]


def add_batches(connection: Connection, rows: Sequence[BatchRow]) -> None:
    """Add batches that are given out for the first time."""
    _ADD.run_many(connection, [{n: getattr(row, n) for n in _BATCH_NAMES} for row in rows])


def change_batches(connection: Connection, rows: Iterable[BatchRow]) -> None:
    """Write how batches stand now."""
    names = [name for name in _BATCH_NAMES if name not in ("run_key", "number")]
    _CHANGE_BATCH.run_many(
        connection,
        [
            {"of_run": row.run_key, "numbered": row.number, **{n: getattr(row, n) for n in names}}
            for row in rows
        ],
    )


def faulty(connection: Connection, key: int, most: int) -> list[BatchRow]:
    """The first batches with errors.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        most: At most so many.
    """
    mine = (parallel_batches.c.run_key == key, parallel_batches.c.errors > 0)
    found = _BATCHES.where(*mine).order_by(parallel_batches.c.number).limit(most)
    return [BatchRow(*row) for row in connection.execute(found)]


def results(
    connection: Connection, key: int, after: int, most: int
) -> list[tuple[int, str, int, int]]:
    """Number, content, start and size of what batches have returned, in their order.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        after: Those above this number.
        most: At most so many.
    """
    mine = (parallel_batches.c.run_key == key, parallel_batches.c.number > after)
    told = (parallel_batches.c[name] for name in ("number", "digest", "start", "size"))
    found = select(*told).where(*mine, parallel_batches.c.digest.is_not(None))
    rows: list[Any] = list(
        connection.execute(found.order_by(parallel_batches.c.number).limit(most))
    )
    return [(int(n), str(digest), int(at), int(size)) for n, digest, at, size in rows]


def forget(connection: Connection, key: int) -> None:
    """Forget the batches of a run that has ended; what they returned may be collected."""
    for table in (parallel_batches, parallel_runs):
        connection.execute(delete(table).where(table.c.run_key == key))
