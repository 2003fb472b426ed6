"""What PostgreSQL brings beside the records: a server that comes and goes, several processes."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from runyard.protocol.errors import InvalidRequest, RunyardError, StorageFull, TemporaryError
from runyard_server.store import experiments, named, postgresql, usage
from runyard_server.store.records import Connection, Records
from runyard_server.store.schema import metric_series, run_tags
from runyard_server.testing.databases import TEMPLATE, programs
from runyard_server.testing.postgres import Postgres, PostgresServer


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgresServer]:
    """A server that a test may end, which syncs as those outside of tests do."""
    import tempfile

    folder = Path(tempfile.mkdtemp(prefix="runyard-pg-"))
    with PostgresServer(folder, programs(), durable=True) as started:
        yield started


@pytest.fixture
def records(postgres: Postgres) -> Iterator[Records]:
    opened = Records(postgres.new_database(TEMPLATE))
    yield opened
    opened.close()


def add(connection: Connection, name: str) -> str:
    return experiments.ensure(connection, "default", name, 1).id


def names(records: Records) -> list[str]:
    return records.read(lambda c: experiments.names(c, "default", 10_000))


class Writers:
    """Threads that write one experiment after the other, and know what was acknowledged."""

    def __init__(self, records: Records) -> None:
        self._records = records
        self._over = threading.Event()
        self.kept: list[str] = []
        self.refused: list[Exception] = []
        self._threads = [threading.Thread(target=self._write, args=(n,)) for n in range(4)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _write(self, number: int) -> None:
        count = 0
        while not self._over.is_set():
            name = f"e{number}-{count}"
            count += 1
            try:
                self._records.write(lambda c, name=name: add(c, name))
            except RunyardError as error:
                self.refused.append(error)
            else:
                self.kept.append(name)


@pytest.mark.parametrize("way", ["restart", "kill"])
def test_a_server_that_goes_and_comes_loses_nothing(own_server: PostgresServer, way: str) -> None:
    """What was acknowledged is there, what was refused may be tried again, and all goes on."""
    records = Records(own_server.new_database())
    writers = Writers(records)
    try:
        for _ in range(2):
            time.sleep(0.3)
            getattr(own_server, way if way == "restart" else "kill")()
            if way == "kill":
                own_server.start()
        before = len(writers.kept)
        until = time.monotonic() + 60
        while len(writers.kept) < before + 20 and time.monotonic() < until:
            time.sleep(0.05)
    finally:
        writers.end()
    assert len(writers.kept) >= before + 20
    assert all(isinstance(error, TemporaryError) for error in writers.refused)
    assert set(writers.kept) <= set(names(records))
    records.close()


def test_a_server_that_stays_away_is_told(own_server: PostgresServer) -> None:
    """Reads and writes say that they may be tried again, and are right when it is back."""
    records = Records(own_server.new_database())
    records.write(lambda c: add(c, "before"))
    own_server.stop()
    try:
        with pytest.raises(TemporaryError, match="cannot be reached now"):
            names(records)
    finally:
        own_server.start()
    assert names(records) == ["before"]
    records.write(lambda c: add(c, "later"))
    assert names(records) == ["before", "later"]
    records.close()


def test_one_process_alone_writes(postgres: Postgres) -> None:
    """Of two that serve one database the second reads what the first writes, and follows it."""
    url = postgres.new_database(TEMPLATE)
    first, second = Records(url), Records(url)
    first.write(lambda c: add(c, "a"))
    assert names(second) == ["a"]
    with pytest.raises(TemporaryError, match="another service process writes"):
        second.write(lambda c: add(c, "b"))
    first.close()
    second.write(lambda c: add(c, "b"))
    assert names(second) == ["a", "b"]
    second.close()


def test_texts_come_back_as_they_were(records: Records) -> None:
    """Also with the letter that PostgreSQL's texts cannot have, and the one that stands for it."""
    texts = ["", "a\0b", "\0", "\U000f0000", "\U000f00000", "\U000f0000\0001", "ö😀", "'%(x)s\\"]
    given = {f"t{number}": text for number, text in enumerate(texts)}
    records.write(lambda c: named.put(c, run_tags, 1, given))
    assert records.read(lambda c: named.read(c, run_tags, [1]))[1] == given


def test_texts_have_the_order_of_their_letters(records: Records) -> None:
    """Lists are ordered as those of SQLite are, whatever the language of the server."""
    given = ["a", "B", "Ö", "_", "a b", "ab", "😀", "\uffff"]
    for name in given:
        records.write(lambda c, name=name: add(c, name))
    assert names(records) == sorted(given)


def test_long_texts_are_kept_and_found(records: Records) -> None:
    """An index of PostgreSQL has no more than 2,704 bytes of a row, and a note has more."""
    import secrets

    note = secrets.token_hex(20_000)
    records.write(lambda c: named.put(c, run_tags, 1, {"note": note, "other": note[:300]}))
    assert records.read(lambda c: named.read(c, run_tags, [1]))[1]["note"] == note


def test_numbers_are_as_large_as_in_a_file(records: Records) -> None:
    """A count beyond 32 bits is kept; one beyond 64 is refused with what the limit is."""

    def put(connection: Connection, count: int) -> None:
        row = {"run_key": 1, "name": str(count), "kind": "scalar", "count": count}
        connection.execute(insert(metric_series), row)

    records.write(lambda c: put(c, 2**40))
    count = select(metric_series.c.count)
    assert records.read(lambda c: c.execute(count).scalar_one()) == 2**40
    with pytest.raises(InvalidRequest, match="64 bits"):
        records.write(lambda c: put(c, 2**70))


def test_what_it_takes_is_told(records: Records) -> None:
    """`runyard storage` counts a database that is no file."""
    assert records.read(lambda c: usage.of_database(c, Path("nowhere"))).size > 1_000_000


def test_a_full_disk_is_told(records: Records) -> None:
    """The server's word for it becomes ours, and later writes work."""
    full = "DO $$ BEGIN RAISE EXCEPTION 'no space' USING ERRCODE = 'disk_full'; END $$"
    with pytest.raises(StorageFull):
        records.write(lambda c: c.exec_driver_sql(full))
    records.write(lambda c: add(c, "later"))
    assert names(records) == ["later"]


def test_what_cannot_be_used_is_told_without_its_password(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address is refused when the service starts, and its password is in no message."""
    # A server that is starting says the same, and is waited for.
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 0.2)
    postgres.execute("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    addresses = {
        postgres.url("missing"): "missing",
        postgres.url("latin"): "UTF8",
        "postgresql://me:geheim@/": "names no database",
        "mysql://me:geheim@db/x": "must be postgresql://",
    }
    for url, said in addresses.items():
        with pytest.raises(InvalidRequest) as refused:
            Records(url)
        assert said in refused.value.message
        assert "geheim" not in refused.value.message
