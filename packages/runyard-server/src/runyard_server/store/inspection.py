"""Checks the database file before it is used: is it there, is it ours, is it whole?

A database that is lost or damaged must never be taken for a new, empty one: the contents beside it
would be orphans. Whoever looks at the message has to decide, so it says which file is meant, which
copies lie beside it, and what to do. Plain sqlite3, and that only where there is a database: a
client waits meanwhile, and nothing large is loaded yet.
"""

import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from runyard.protocol.errors import InvalidRequest
from runyard_server.store import versions
from runyard_server.store.home import Home

# A whole check of a database of this size takes some milliseconds.
SMALL_BYTES = 4 << 20
# A service that is ending may hold it for its last write.
_WAIT_SECONDS = 10.0


def check(home: Home) -> None:
    """Refuse a database that cannot be used as it is.

    Raises:
        InvalidRequest: It is damaged, not one of ours, not restored whole, made by a newer
            program, or missing or empty beside contents that belong to it.
    """
    if home.restoring.exists():
        raise InvalidRequest(
            f"{home.root} is being restored, or a restore of it was cut short: `runyard restore` "
            "with the same backup goes on"
        )
    file = home.database
    log = file.with_name(f"{file.name}-wal")
    if file.is_dir():
        raise InvalidRequest(f"{file} is a folder; the database belongs there: move it away")
    if not file.exists() or file.stat().st_size == 0:
        # SQLite would throw the log of an empty database away.
        if (log.exists() and log.stat().st_size > 0) or _has_contents(home):
            raise _missing(home)
        return
    import sqlite3

    try:
        tables = _look(file)
    except sqlite3.OperationalError as error:
        raise InvalidRequest(f"the database {file} cannot be opened: {error}") from None
    except sqlite3.DatabaseError as error:
        raise _damaged(home, str(error)) from None
    if not tables and _has_contents(home):
        raise _missing(home)


def newest_version() -> str:
    """The newest schema that this program knows."""
    import pkgutil

    return max(module.name for module in pkgutil.iter_modules(versions.__path__)).removeprefix("v")


def _look(file: Path) -> bool:
    """Open the database and check it; say whether it has tables.

    Raises:
        sqlite3.DatabaseError: It is damaged.
        InvalidRequest: It is not for this program.
    """
    import sqlite3

    with closing(sqlite3.connect(file, timeout=_WAIT_SECONDS)) as database:
        names = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if not names:
            return False
        if "schema_version" not in names:
            raise InvalidRequest(
                f"{file} is a database of another program; move it away, or use another "
                "RUNYARD_HOME"
            )
        found = database.execute("SELECT version FROM schema_version").fetchone()
        # All have four digits, so texts compare as numbers do.
        if found is not None and str(found[0]) > newest_version():
            raise InvalidRequest(
                f"the database {file} has schema {found[0]} and this program knows "
                f"{newest_version()}; install the newer runyard-server again or use another "
                "RUNYARD_HOME"
            )
        if found is None:
            raise sqlite3.DatabaseError("it does not say which schema it has")
        if file.stat().st_size <= SMALL_BYTES:
            (told,) = database.execute("PRAGMA quick_check(1)").fetchone()
            if told != "ok":
                raise sqlite3.DatabaseError(told)
        return True


def _has_contents(home: Home) -> bool:
    """Whether anything lies beside the database that only it can tell about."""
    # The first file found is enough: there may be millions.
    return any(True for folder in (home.blobs, home.datastores, home.run_logs) for _ in _in(folder))


def _in(folder: Path) -> Iterator[str]:
    for _, _, files in os.walk(folder):
        yield from files


def _copies(home: Home) -> str:
    file = home.database
    own = (file.name, f"{file.name}-wal", f"{file.name}-shm", f"{file.name}-journal")
    found = sorted(str(path) for path in home.root.glob(f"{file.name}*") if path.name not in own)
    if not found:
        return "no copy of it lies beside it"
    return f"beside it lies {', '.join(found)}"


def _missing(home: Home) -> InvalidRequest:
    file = home.database
    return InvalidRequest(
        f"the database {file} is missing or empty, but the state folder holds contents that it "
        f"described ({_copies(home)}). Put a copy of the database there (of the same day as the "
        f"rest), or move {home.root} away to begin anew"
    )


def _damaged(home: Home, reason: str) -> InvalidRequest:
    file = home.database
    return InvalidRequest(
        f"the database {file} is damaged: {reason} ({_copies(home)}). Nothing was changed. Move it "
        f"and {file.name}-wal away and put a copy in its place; without one try: "
        f"sqlite3 {file} .recover | sqlite3 recovered.db"
    )
