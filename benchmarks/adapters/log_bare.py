"""The least that keeping values can take: a buffered write, and rows of SQLite in bulk."""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from call_by_call import measured, value_of
from serve import serve

BATCH = 10_000


def written(count: int) -> dict:
    """Write each value as a line of a file, and sync it once at the end."""
    path = Path("values.txt")
    with path.open("w", buffering=1 << 16) as file:

        def settle() -> None:
            file.flush()
            os.fsync(file.fileno())

        return measured(count, lambda _, v: file.write(f"{v!r}\n"), settle, "lines", str(path))


def rows(count: int) -> dict:
    """Insert each value as a row, ten thousand to a transaction that is synced."""
    Path("rows.db").unlink(missing_ok=True)
    connection = sqlite3.connect("rows.db")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE points (number INTEGER PRIMARY KEY, value REAL, at INTEGER)")
    begun = time.perf_counter()
    for first in range(0, count, BATCH):
        some = range(first, min(first + BATCH, count))
        with connection:
            at = time.time_ns()
            values = [(number, value_of(number), at) for number in some]
            connection.executemany("INSERT INTO points VALUES (?, ?, ?)", values)
    rate = count / (time.perf_counter() - begun)
    (found,) = connection.execute("SELECT count(*) FROM points").fetchone()
    connection.close()
    if found != count:
        raise RuntimeError(f"{found} rows of {count}")
    return {"rate": rate}


serve({"written": written, "rows": rows})
