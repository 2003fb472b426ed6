"""Schema 0005: events and leases belong to any subject, and events have a place in their feed."""

import sqlite3
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
    text,
)

_KEY = BigInteger().with_variant(Integer, "sqlite")
_OF_NO_RUN = text("subject_kind <> 'run'")
# In the order in which things happened, as far as can be known: the old table had no such number.
_COPY = """
INSERT INTO events
  (workspace, subject_kind, subject, number, kind, time, message, status, data)
SELECT runs.workspace, 'run', runs.id, old.number, old.kind, old.time, old.message, old.status,
  old.data
FROM events_of_runs AS old JOIN runs ON runs.key = old.run_key
ORDER BY old.time, old.run_key, old.number
"""


def upgrade(op: Any) -> None:
    """Give events their subject and position; leases leave the table of runs for their own."""
    _give_events_subjects(op)
    _move_leases(op)


def _give_events_subjects(op: Any) -> None:
    op.rename_table("events", "events_of_runs")
    op.create_table(
        "events",
        Column("position", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("subject_kind", String, nullable=False),
        Column("subject", String, nullable=False),
        Column("number", Integer, nullable=False),
        Column("kind", String, nullable=False),
        Column("time", BigInteger, nullable=False),
        Column("message", Text, nullable=False),
        Column("status", String),
        Column("data", Text, nullable=False),
        UniqueConstraint("workspace", "subject_kind", "subject", "number"),
        Index("events_of_workspace", "workspace", "position"),
        Index(
            "events_of_others",
            "workspace",
            "subject_kind",
            "position",
            sqlite_where=_OF_NO_RUN,
            postgresql_where=_OF_NO_RUN,
        ),
        sqlite_autoincrement=True,
    )
    op.execute(text(_COPY))
    op.drop_table("events_of_runs")


def _move_leases(op: Any) -> None:
    op.create_table(
        "leases",
        Column("kind", String, primary_key=True),
        Column("workspace", String, primary_key=True),
        Column("subject", String, primary_key=True),
        Column("token", String, nullable=False),
        Column("until", BigInteger, nullable=False),
    )
    # An older SQLite cannot; there the columns stay, empty and never looked at.
    if sqlite3.sqlite_version_info >= (3, 35) or op.get_bind().dialect.name != "sqlite":
        op.drop_column("runs", "lease_token")
        op.drop_column("runs", "lease_until")
