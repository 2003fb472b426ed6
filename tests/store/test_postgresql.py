"""What PostgreSQL brings beside the records: a server that comes and goes, several processes."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import Float, insert, literal, select
from sqlalchemy.exc import DBAPIError

from runyard.protocol.errors import (
    InternalError,
    InvalidRequest,
    RunyardError,
    StorageFull,
    TemporaryError,
)
from runyard_server.store import experiments, functions, named, postgresql, schema, usage
from runyard_server.store.expressions import Entries
from runyard_server.store.leader import Channel
from runyard_server.store.records import Connection, Records
from runyard_server.store.schema import metric_series, run_tags
from runyard_server.testing.clocks import of_an_idle_machine
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


def name_of(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


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


def test_a_server_that_is_started_again_is_waited_for(own_server: PostgresServer) -> None:
    """Who reads then is a script that asks how its run is: it must not end with it."""
    records = Records(own_server.new_database())
    records.write(lambda c: add(c, "before"))
    own_server.stop()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(names, records)
        time.sleep(0.5)
        own_server.start()
        assert waiting.result() == ["before"]
    records.close()


def test_a_server_that_stays_away_is_told(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads and writes say that they may be tried again, and are right when it is back."""
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 1.0)
    records = Records(own_server.new_database())
    records.write(lambda c: add(c, "before"))
    own_server.stop()
    try:
        begun = time.monotonic()
        # The second one no longer waits for what the first one has waited for in vain.
        for _ in range(10):
            with pytest.raises(TemporaryError, match="cannot be reached now"):
                names(records)
        assert time.monotonic() - begun < of_an_idle_machine(5)
    finally:
        own_server.start()
    assert names(records) == ["before"]
    records.write(lambda c: add(c, "later"))
    assert names(records) == ["before", "later"]
    records.close()


def test_sessions_that_the_server_ends_are_replaced(postgres: Postgres) -> None:
    """What lay in the pool is not used any more, and what was acknowledged is there."""
    url = postgres.new_database(TEMPLATE)
    records = Records(url)
    writers = Writers(records)
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    for _ in range(5):
        time.sleep(0.1)
        postgres.execute("postgres", end)
    before = len(writers.kept)
    until = time.monotonic() + 60
    while len(writers.kept) < before + 20 and time.monotonic() < until:
        time.sleep(0.02)
    writers.end()
    assert len(writers.kept) >= before + 20
    assert all(isinstance(error, TemporaryError) for error in writers.refused)
    assert set(writers.kept) <= set(names(records))
    records.close()


def test_a_server_without_room_is_told(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where others have all connections, requests may be tried again, and a start says why not."""
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 0.2)
    url = as_guest(postgres, postgres.new_database(TEMPLATE), "full", "CONNECTION LIMIT 2")
    records = Records(url)
    records.write(lambda c: add(c, "a"))

    def within(connection: Connection) -> list[str]:
        # The writer has the one of both, this reader the other.
        assert experiments.names(connection, "default", 9) == ["a"]
        with pytest.raises(TemporaryError, match="too many connections"):
            names(records)
        with pytest.raises(InvalidRequest, match=r"cannot be used: .*too many connections"):
            Records(url)
        records.write(lambda c: add(c, "b"))
        return experiments.names(connection, "default", 9)

    assert records.read(within) == ["a"]
    assert names(records) == ["a", "b"]
    records.close()


def test_who_reads_waits_for_a_connection_that_becomes_free(postgres: Postgres) -> None:
    """A server with few connections makes a busy service slower, and refuses nobody."""
    url = as_guest(postgres, postgres.new_database(TEMPLATE), "few", "CONNECTION LIMIT 2")
    records = Records(url)
    records.write(lambda c: add(c, "a"))
    with ThreadPoolExecutor(1) as pool:

        def within(connection: Connection) -> Future[list[str]]:
            experiments.names(connection, "default", 9)
            waiting = pool.submit(names, records)
            time.sleep(0.3)
            assert not waiting.done()
            return waiting

        assert records.read(within).result() == ["a"]
    records.close()


def test_who_listens_may_be_idle_and_who_tells_is_heard(postgres: Postgres) -> None:
    """Neither a limit for forgotten sessions nor a session that was ended costs a notice."""
    url = postgres.new_database(TEMPLATE)
    limit = f"ALTER DATABASE {name_of(url)} SET idle_session_timeout = '100ms'"
    postgres.execute("postgres", limit)
    records = Records(url)
    listens, tells = Channel(records.engine, "one"), Channel(records.engine, "two")
    begun = threading.Event()
    heard = listens.hear(lambda: False, begun.set)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, heard)
        assert begun.wait(60)
        time.sleep(0.4)
        tells.send(["a topic"])
        assert waiting.result() == ["a topic"]
    heard.close()  # type: ignore[attr-defined]  # a generator
    end = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name_of(url)}'"
    postgres.execute("postgres", end)
    tells.send(["another"])
    tells.close()
    records.close()


def test_what_a_user_may_not_do_is_told(postgres: Postgres) -> None:
    """A user who may make no tables hears who may."""
    url = as_guest(postgres, postgres.new_database(), "guest")
    # As it is since PostgreSQL 15.
    postgres.execute(name_of(url), "REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    with pytest.raises(InvalidRequest, match="GRANT USAGE, CREATE ON SCHEMA public") as refused:
        Records(url)
    assert "CREATE TABLE" not in refused.value.message


def as_guest(postgres: Postgres, url: str, name: str, *options: str) -> str:
    """The URL of a database for a user who is no administrator.

    Args:
        postgres: The server.
        url: The database.
        name: The user, who is made.
        *options: What is said of the user; with any, all tables are theirs to use.
    """
    postgres.execute("postgres", f"CREATE ROLE {name} LOGIN {' '.join(options)}")
    if options:
        for kind in ("TABLES", "SEQUENCES"):
            granted = f"GRANT ALL ON ALL {kind} IN SCHEMA public TO {name}"
            postgres.execute(name_of(url), granted)
    return url.replace("runyard@", f"{name}@")


def test_a_wrong_password_is_told(
    own_server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once, and is not in what is said; the right one opens."""
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 600.0)
    rules = own_server.folder / "data" / "pg_hba.conf"
    rules.write_text("local all locked scram-sha-256\n" + rules.read_text())
    own_server.execute("postgres", "SELECT pg_reload_conf()")
    own_server.execute("postgres", "CREATE ROLE locked LOGIN SUPERUSER PASSWORD 'right'")
    url = own_server.new_database()
    with pytest.raises(InvalidRequest, match="password authentication failed") as refused:
        Records(url.replace("runyard@", "locked:geheim@"))
    assert "geheim" not in refused.value.message
    Records(url.replace("runyard@", "locked:right@")).close()


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


def test_texts_within_json_are_found_as_they_are(records: Records) -> None:
    """One tag with a NUL does not fail the search through the tags of all."""
    texts = ["a\0b", "\0\0", "\\\0", "\\u0000", "\\\\u0000\0", "\U000f0000", "plain"]
    text = msgspec.json.encode({"tag": "", **dict.fromkeys(texts, "x")}).decode()
    entries = Entries(literal(text)).table_valued("key", "value")
    found = records.read(lambda c: c.execute(select(entries.c.key)).scalars().all())
    assert sorted(found) == sorted(["tag", *texts])


def test_a_database_with_habits_of_its_own_changes_nothing(postgres: Postgres) -> None:
    """What an administrator has set for old programs must not change texts, patterns, numbers."""
    url = postgres.new_database(TEMPLATE)
    for habit in ("standard_conforming_strings = off", "extra_float_digits = 0"):
        postgres.execute("postgres", f"ALTER DATABASE {name_of(url)} SET {habit}")
    records = Records(url)
    records.write(lambda c: [add(c, name) for name in ("a_b", "a\\b", "axb")])
    third = literal(1 / 3, Float)
    assert records.read(lambda c: c.execute(select(third)).scalar_one()) == 1 / 3
    name = schema.experiments.c.name
    for pattern in (r"a\_b", r"a\\b"):
        fits = select(name).where(functions.like(name, pattern))
        found = records.read(lambda c, fits=fits: c.execute(fits).scalars().all())
        assert found == [pattern.replace("\\", "", 1)]
    records.close()


def test_a_statement_that_makes_no_sense_is_not_tried_again(records: Records) -> None:
    """A fault of ours is told as one: whoever is told to try again would do so for ever."""
    with pytest.raises(DBAPIError, match="2 placeholders"):
        records.read(lambda c: c.exec_driver_sql("SELECT %s, %s", (1,)))


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


@pytest.mark.parametrize(
    ("state", "error", "said"),
    [
        ("40001", TemporaryError, "try again"),
        ("40P01", TemporaryError, "try again"),
        ("25P03", TemporaryError, "try again"),
        ("25006", TemporaryError, "try again"),
        ("58030", InternalError, "look at its log and its disk"),
        ("XX001", InternalError, "look at its log and its disk"),
    ],
)
def test_what_the_server_reports_is_told(
    records: Records, state: str, error: type[RunyardError], said: str
) -> None:
    """What passes by itself may be tried again; for what does not it is said where to look."""
    fails = f"DO $$ BEGIN RAISE EXCEPTION 'as it is' USING ERRCODE = '{state}'; END $$"
    with pytest.raises(error, match=said) as told:
        records.write(lambda c: c.exec_driver_sql(fails))
    assert "as it is" in told.value.message
    records.write(lambda c: add(c, "later"))
    assert names(records) == ["later"]


def test_a_session_that_may_not_wait_is_told(postgres: Postgres) -> None:
    """An administrator's limit for sessions that do nothing ends one, and not the service."""
    url = postgres.new_database(TEMPLATE)
    limit = f"ALTER DATABASE {name_of(url)} SET idle_in_transaction_session_timeout = '100ms'"
    postgres.execute("postgres", limit)
    records = Records(url)

    def slowly(connection: Connection) -> None:
        experiments.names(connection, "default", 9)
        time.sleep(0.5)
        experiments.names(connection, "default", 9)

    with pytest.raises(TemporaryError, match="try again"):
        records.read(slowly)
    assert names(records) == []
    records.close()


def test_a_server_that_is_gone_without_a_word_is_given_up(postgres: Postgres) -> None:
    """The kernel asks after it, for else it would wait for hours; the address may say otherwise."""
    url = postgres.new_database(TEMPLATE)
    for more, idle in (("", "4"), ("&keepalives_idle=30", "30")):
        records = Records(url + more)
        driver = records.engine.raw_connection()
        asked = driver.dbapi_connection.info.get_parameters()  # type: ignore[union-attr]
        assert (asked["keepalives_idle"], asked["tcp_user_timeout"]) == (idle, "8000")
        driver.close()
        records.close()


def test_what_cannot_be_used_is_told_without_its_password(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A wrong address is refused at once at the start, and its password is in no message."""
    monkeypatch.setattr(postgresql, "PATIENCE_SECONDS", 600.0)
    postgres.execute("postgres", "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    addresses = {
        postgres.url("missing"): "CREATE DATABASE",
        postgres.url("missing").replace("runyard@", "nobody@"): 'role "nobody" does not exist',
        postgres.url("latin") + "&bogus=1": "bogus",
        postgres.url("latin"): "UTF8",
        "postgresql://me:geheim@/": "names no database",
        "mysql://me:geheim@db/x": "must be postgresql://",
    }
    for url, said in addresses.items():
        with pytest.raises(InvalidRequest) as refused:
            Records(url)
        assert said in refused.value.message
        assert "geheim" not in refused.value.message
