"""Schema 0012: what comes after datasets and priorities."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    PrimaryKeyConstraint,
    String,
    false,
    text,
)


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _let_runs_be_archived(op)
    _add_stars(op)
    _keep_the_collectors_pass(op)
    _number_datasets(op)


def _let_runs_be_archived(op: Any) -> None:
    op.add_column("runs", Column("archived", Boolean, nullable=False, server_default=false()))
    op.create_index("runs_by_archived", "runs", ["workspace", "archived", "key"])
    op.create_index("runs_by_priority", "runs", ["workspace", "priority", "key"])


def _add_stars(op: Any) -> None:
    op.create_table(
        "stars",
        Column("workspace", String, nullable=False),
        Column("person", String, nullable=False),
        Column("kind", String, nullable=False),
        Column("name", String, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        PrimaryKeyConstraint("workspace", "person", "kind", "name"),
    )


def _keep_the_collectors_pass(op: Any) -> None:
    op.create_table(
        "collector_pass",
        Column("began_at", BigInteger, nullable=False),
        Column("ended_at", BigInteger, nullable=False),
        Column("seen", BigInteger, nullable=False),
        Column("marked", BigInteger, nullable=False),
        Column("removed", BigInteger, nullable=False),
        Column("size", BigInteger, nullable=False),
        PrimaryKeyConstraint("began_at"),
    )


def _number_datasets(op: Any) -> None:
    """Keep the highest number that a dataset's name ever had; no version takes it again."""
    op.add_column("dataset_names", Column("numbered", Integer, nullable=False, server_default="0"))
    op.execute(text("UPDATE dataset_names SET numbered = latest"))
