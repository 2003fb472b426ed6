"""The tables of journals; see `store.schema`."""

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from runyard_server.store import studio_schema

metadata = studio_schema.metadata
# SQLite numbers rows by itself only for a column declared INTEGER.
_Key = BigInteger().with_variant(Integer, "sqlite")

journals = Table(
    "journals",
    metadata,
    Column("key", _Key, primary_key=True, autoincrement=True),
    Column("workspace", String, nullable=False),
    Column("name", String, nullable=False),
    Column("id", String, nullable=False),
    Column("entries", BigInteger, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("shown", BigInteger, nullable=False),
    Column("next_study", Integer, nullable=False),
    Column("next_trial", BigInteger, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    UniqueConstraint("workspace", "name"),
)

journal_entries = Table(
    "journal_entries",
    metadata,
    Column("journal_key", BigInteger, primary_key=True, autoincrement=False),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    sqlite_with_rowid=False,
)

journal_clients = Table(
    "journal_clients",
    metadata,
    Column("journal_key", BigInteger, primary_key=True, autoincrement=False),
    Column("client", String, primary_key=True),
    Column("sequence", BigInteger, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("heard_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# Optuna numbers the trials of all studies of a journal together.
journal_trials = Table(
    "journal_trials",
    metadata,
    Column("journal_key", BigInteger, primary_key=True, autoincrement=False),
    Column("trial", BigInteger, primary_key=True, autoincrement=False),
    Column("sweep_key", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_with_rowid=False,
)
