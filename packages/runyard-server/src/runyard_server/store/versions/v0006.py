"""Schema 0006: sweeps, trials, what trials report on the way, who makes them, and journals."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)

_KEY = BigInteger().with_variant(Integer, "sqlite")


def upgrade(op: Any) -> None:
    """Add the tables of sweeps and of journals."""
    _add_sweeps(op)
    _add_trials(op)
    _add_journals(op)


def _add_sweeps(op: Any) -> None:
    op.create_table(
        "sweeps",
        Column("key", _KEY, primary_key=True, autoincrement=True),
        Column("workspace", String, nullable=False),
        Column("id", String, nullable=False),
        Column("run_key", BigInteger, nullable=False),
        Column("experiment", String, nullable=False),
        Column("name", String),
        Column("active", Boolean, nullable=False),
        Column("closed", Boolean, nullable=False),
        Column("paused", Boolean, nullable=False),
        Column("spec", Text, nullable=False),
        Column("max_trials", Integer),
        Column("parallel", Integer),
        Column("max_duration_seconds", Float),
        Column("space_size", BigInteger),
        Column("queue", Text, nullable=False),
        Column("taken", Integer, nullable=False),
        Column("next_number", Integer, nullable=False),
        Column("counts", Text, nullable=False),
        Column("best", Integer),
        Column("front", Text, nullable=False),
        Column("reason", Text, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        Column("journal_key", BigInteger),
        Column("study", Integer),
        UniqueConstraint("workspace", "id"),
        Index("sweeps_of_workspace", "workspace", "key"),
        Index("sweeps_of_experiment", "workspace", "experiment", "key"),
        Index("sweeps_active", "active", "key"),
        Index("sweeps_of_journal", "journal_key", "study"),
    )


def _add_trials(op: Any) -> None:
    op.create_table(
        "trials",
        Column("sweep_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("state", String, nullable=False),
        Column("params", Text, nullable=False),
        Column("results", Text, nullable=False),
        Column("best", Float),
        Column("last", Float),
        Column("position", BigInteger),
        Column("run_key", BigInteger),
        Column("client", String),
        Column("started_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger),
        Column("verdict", String),
        Column("reason", Text, nullable=False),
        Column("from_trial", Integer),
        Column("resumes", String),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trial_values",
        Column("sweep_key", BigInteger, primary_key=True, autoincrement=False),
        Column("first", Integer, primary_key=True, autoincrement=False),
        Column("count", Integer, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sweep_clients",
        Column("sweep_key", BigInteger, primary_key=True, autoincrement=False),
        Column("client", String, primary_key=True),
        Column("sequence", BigInteger, nullable=False),
        Column("answer", Text, nullable=False),
        sqlite_with_rowid=False,
    )


def _add_journals(op: Any) -> None:
    op.create_table(
        "journals",
        Column("key", _KEY, primary_key=True, autoincrement=True),
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
    op.create_table(
        "journal_entries",
        Column("journal_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", BigInteger, primary_key=True, autoincrement=False),
        Column("text", Text, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_clients",
        Column("journal_key", BigInteger, primary_key=True, autoincrement=False),
        Column("client", String, primary_key=True),
        Column("sequence", BigInteger, nullable=False),
        Column("first", BigInteger, nullable=False),
        Column("heard_at", BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "journal_trials",
        Column("journal_key", BigInteger, primary_key=True, autoincrement=False),
        Column("trial", BigInteger, primary_key=True, autoincrement=False),
        Column("sweep_key", BigInteger, nullable=False),
        Column("number", Integer, nullable=False),
        sqlite_with_rowid=False,
    )
