"""The door to the database."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import text

from runyard.protocol.errors import InternalError, StorageFull, TemporaryError
from runyard_server.store import experiments, sqlite
from runyard_server.store.records import Connection, Records, sqlite_url


@pytest.fixture
def records(url: str) -> Iterator[Records]:
    opened = Records(url)
    yield opened
    opened.close()


def add(connection: Connection, name: str) -> str:
    return experiments.ensure(connection, "default", name, 1).id


def names(records: Records) -> list[str]:
    return sorted(records.read(lambda c: experiments.names(c, "default", 10_000)))


def hold(records: Records) -> threading.Event:
    """Occupy the writer until the event is set, so that the writes that follow share a batch."""
    entered, leave = threading.Event(), threading.Event()

    def work(_connection: Connection) -> None:
        entered.set()
        leave.wait(60)

    threading.Thread(target=records.write, args=(work,)).start()
    entered.wait(60)
    return leave


def test_a_failing_write_takes_back_only_itself(records: Records) -> None:
    """One request's error does not undo what others in the same commit have written."""

    def fail(connection: Connection) -> None:
        add(connection, "half")
        raise ValueError("mine")

    leave = hold(records)
    with ThreadPoolExecutor(20) as pool:
        good = [pool.submit(records.write, lambda c, n=f"e{n}": add(c, n)) for n in range(5)]
        bad = pool.submit(records.write, fail)
        good += [pool.submit(records.write, lambda c, n=f"e{n}": add(c, n)) for n in range(5, 10)]
        leave.set()
        with pytest.raises(ValueError, match="mine"):
            bad.result()
        assert len({write.result() for write in good}) == 10
    assert names(records) == [f"e{n}" for n in range(10)]
    with pytest.raises(ValueError, match="mine"):
        records.write(fail)
    assert len(names(records)) == 10


def test_what_was_written_is_there_after_a_crash(url: str) -> None:
    """`write` returns when the change is on the disk: another connection sees it at once."""
    first = Records(url)
    first.write(lambda c: add(c, "kept"))
    second = Records(url)
    assert names(second) == ["kept"]
    first.close()
    second.close()


def test_a_read_sees_one_moment(records: Records) -> None:
    """A list and its count agree, whatever is written in between."""
    records.write(lambda c: add(c, "a"))

    def work(connection: Connection) -> tuple[int, int]:
        before = len(experiments.names(connection, "default", 10))
        records.write(lambda c: add(c, "b"))
        return before, len(experiments.names(connection, "default", 10))

    assert records.read(work) == (1, 1)
    assert names(records) == ["a", "b"]


def test_a_full_database_is_said_and_later_writes_work(tmp_path: Path) -> None:
    """When the disk is full nobody is told that a lost write was kept."""
    records = Records(sqlite_url(tmp_path / "runyard.db"))

    def limit(connection: Connection, pages: int) -> None:
        connection.execute(text(f"PRAGMA max_page_count={pages}"))

    def fill(connection: Connection) -> None:
        for number in range(500):
            add(connection, f"{number}-" + "x" * 4000)

    used = records.read(lambda c: c.execute(text("PRAGMA page_count")).scalar_one())
    records.write(lambda c: limit(c, used + 5))
    leave = hold(records)
    with ThreadPoolExecutor(3) as pool:
        writes = [
            pool.submit(records.write, lambda c: add(c, "before")),
            pool.submit(records.write, fill),
            pool.submit(records.write, lambda c: add(c, "after")),
        ]
        leave.set()
        errors = [write.exception() for write in writes]
    kept = {
        name for name, error in zip(("before", "fill", "after"), errors, strict=True) if not error
    }
    assert isinstance(errors[1], StorageFull)
    assert set(names(records)) == kept
    with pytest.raises(StorageFull):
        records.write(fill)
    records.write(lambda c: limit(c, 100_000))
    records.write(lambda c: add(c, "later"))
    assert "later" in names(records)
    records.close()


def test_closing_finishes_what_waits(url: str) -> None:
    """A service that stops loses no write that it has taken."""
    records = Records(url)
    leave = hold(records)
    with ThreadPoolExecutor(8) as pool:
        writes = [pool.submit(records.write, lambda c, n=f"e{n}": add(c, n)) for n in range(8)]
        while records._waiting.qsize() < len(writes):
            time.sleep(0.001)
        closing = pool.submit(records.close)
        leave.set()
        closing.result()
        assert len({write.result() for write in writes}) == 8
    with pytest.raises(TemporaryError, match="stopping"):
        records.write(lambda c: add(c, "late"))
    again = Records(url)
    assert len(names(again)) == 8
    again.close()


def test_a_database_that_is_damaged_while_it_is_used_is_told(tmp_path: Path) -> None:
    """Each request says so and what to do, instead of an unknown fault of the service."""
    file = tmp_path / "runyard.db"
    records = Records(sqlite_url(file))
    for number in range(300):
        records.write(lambda c, number=number: add(c, f"experiment-{number}"))
    records.close()
    content = file.read_bytes()
    file.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
    with pytest.raises(InternalError, match="damaged"):
        damaged = Records(sqlite_url(file))
        try:
            names(damaged)
        finally:
            damaged.close()


def test_another_program_that_writes_is_waited_for(tmp_path: Path) -> None:
    """A write that has read first is not refused because somebody else's came in between."""
    path = tmp_path / "r.db"
    records = Records(sqlite_url(path))
    statement = "INSERT INTO experiments (workspace, name, id, created_at) VALUES "
    refused = []

    def work(connection: Connection) -> None:
        experiments.names(connection, "default", 10)
        with closing(sqlite3.connect(path, timeout=0)) as other:
            try:
                other.execute(f"{statement} ('default', 'theirs', 'x', 1)")
                other.commit()
            except sqlite3.OperationalError as error:
                refused.append(str(error))
        add(connection, "ours")

    records.write(work)
    assert names(records) == ["ours"]
    assert refused == ["database is locked"]
    records.close()


def test_another_program_that_goes_on_writing_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As something to try again: what gives up for good would end runs over it."""
    monkeypatch.setattr(sqlite, "_BUSY_MILLISECONDS", 50)
    path = tmp_path / "r.db"
    records = Records(sqlite_url(path))
    with closing(sqlite3.connect(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TemporaryError, match="another program has been writing"):
            records.write(lambda c: add(c, "ours"))
    assert records.write(lambda c: add(c, "ours"))
    records.close()
