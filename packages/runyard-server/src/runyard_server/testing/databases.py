"""The database that a test's service has: SQLite, or PostgreSQL where that is wanted.

`TESTS_ON=postgresql` has all that is made of the parts in `testing` work on a real PostgreSQL,
which the session starts once (`server`), and so has each service of `services`. One that a client
starts has it where the client has `variables_of`. Without it each has a file in its state folder.
"""

import fcntl
import json
import os
import subprocess
import tempfile
from functools import cache
from pathlib import Path

from sqlalchemy import select

from runyard.protocol.service import DATABASE_VARIABLE
from runyard_server.store.home import Home
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.schema import metadata
from runyard_server.testing.postgres import Postgres, PostgresServer

SERVER = "postgres.json"
TEMPLATE = "runyard_template"
SESSION_VARIABLE = "TESTS_SESSION"
_made: dict[Path, str] = {}
# Whoever asks first may be a test that has gone elsewhere.
_BEGUN_IN = Path.cwd()


def is_postgresql() -> bool:
    """Whether all is tried on PostgreSQL."""
    return os.environ.get("TESTS_ON") == "postgresql"


def use(root: Path, url: str) -> None:
    """Have `url_of` give this database for a state folder, of a server that the test may end."""
    _made[Home(root).root] = url


def variables_of(root: Path) -> dict[str, str]:
    """What a service of a state folder is started with, so that it has the database of `url_of`."""
    return {DATABASE_VARIABLE: url_of(Home(root))} if is_postgresql() else {}


def url_of(home: Home) -> str:
    """The URL of the database of a state folder: the same each time for the same folder."""
    if not is_postgresql():
        # To make its 150 tables and indexes takes five times as long as to copy an empty one.
        if not home.database.exists():
            home.database.write_bytes(_empty())
        return sqlite_url(home.database)
    if home.root not in _made:
        session = Path(os.environ[SESSION_VARIABLE])
        _made[home.root] = server(session).new_database(TEMPLATE)
    return _made[home.root]


@cache
def _empty() -> bytes:
    """A file that has the tables, as `Records` makes it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "empty.db")
        Records(sqlite_url(file)).close()
        return file.read_bytes()


def file_of(folder: Path) -> str:
    """The URL of the file of a state folder, for tests of how SQLite goes about it."""
    return sqlite_url(Home(folder).database)


def rows(records: Records) -> str:
    """All rows of all tables as one text, for what must not be in it, or must."""
    tables = metadata.sorted_tables
    return records.read(lambda c: repr([c.execute(select(each)).all() for each in tables]))


def server(session: Path) -> Postgres:
    """The session's PostgreSQL, with a template that has the tables; the first who asks starts it.

    Args:
        session: The folder that all of the session share; `SERVER` there says where it is.

    Raises:
        RuntimeError: There is no PostgreSQL on this machine, or it does not start.
    """
    noted = session / SERVER
    with (session / f"{SERVER}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if noted.exists():
            return Postgres(Path(json.loads(noted.read_text("utf-8"))["folder"]))
        # Not in the session's own folder, which the user that runs it may not enter.
        started = PostgresServer(Path(tempfile.mkdtemp(prefix="runyard-pg-")), programs())
        noted.write_text(json.dumps({"folder": str(started.folder), "pid": started.pid}), "utf-8")
        started.execute("postgres", f"CREATE DATABASE {TEMPLATE}")
        Records(started.url(TEMPLATE)).close()
        started.leave()
    return started


def programs() -> Path:
    """Where PostgreSQL's programs are.

    Raises:
        RuntimeError: There are none; says what to do.
    """
    folders = (_BEGUN_IN, *_BEGUN_IN.parents)
    script = next(path for each in folders if (path := each / "tools/postgres.sh").exists())
    found = subprocess.run(
        ["bash", str(script), "--find"], capture_output=True, text=True, check=False
    )
    if found.returncode:
        raise RuntimeError(f"NO TEST OF POSTGRESQL CAN BE RUN: {found.stderr}")
    return Path(found.stdout.strip())
