"""Schema 0014: what workspaces, datasets and drafts of pipelines add."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _add_drafts(op)
    _pin_datasets(op)
    _find_lost_nodes(op)
    _add_days(op)


def _pin_datasets(op: Any) -> None:
    pinned = Column("pinned", Boolean, nullable=False, server_default=false())
    op.add_column("dataset_versions", pinned)
    op.create_table(
        "dataset_pins",
        Column("workspace", String, nullable=False),
        Column("name", String, nullable=False),
        Column("version", Integer, nullable=False),
        Column("digest", String, nullable=False),
        PrimaryKeyConstraint("workspace", "name", "version", "digest"),
    )


def _add_drafts(op: Any) -> None:
    op.create_table(
        "pipeline_drafts",
        Column(
            "key",
            BigInteger().with_variant(Integer, "sqlite"),
            primary_key=True,
            autoincrement=True,
        ),
        Column("workspace", String, nullable=False),
        Column("id", String, nullable=False),
        Column("name", String, nullable=False),
        Column("description", Text, nullable=False),
        Column("experiment", String, nullable=False),
        Column("continue_on_failure", Boolean, nullable=False),
        Column("spec", Text, nullable=False),
        Column("summary", Text, nullable=False),
        Column("last_run", String),
        Column("created_by", String, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        UniqueConstraint("workspace", "id"),
        Index("pipeline_drafts_of_workspace", "workspace", "key"),
    )


def _find_lost_nodes(op: Any) -> None:
    """A start looks for them, and read every node of every run there ever was."""
    is_lost = text("state = 'lost'")
    op.create_index("job_nodes_lost", "job_nodes", ["run_key"], sqlite_where=is_lost)


def _add_days(op: Any) -> None:
    """Let workspaces have a day, of which packages are."""
    op.add_column("workspaces", Column("as_of", String, nullable=False, server_default=""))
