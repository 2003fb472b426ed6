"""Schema 0013: what pipelines of later years add."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Text,
    UniqueConstraint,
)


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    _add_schedules(op)


def _add_schedules(op: Any) -> None:
    op.create_table(
        "schedules",
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
        Column("active", Boolean, nullable=False),
        Column("pipeline", String, nullable=False),
        Column("endpoint", String, nullable=False),
        Column("experiment", String, nullable=False),
        Column("spec", Text, nullable=False),
        Column("anchor", BigInteger, nullable=False),
        Column("due_at", BigInteger),
        Column("last_key", BigInteger),
        Column("last_at", BigInteger),
        Column("reason", Text, nullable=False),
        Column("runs_for", String, nullable=False),
        Column("created_at", BigInteger, nullable=False),
        UniqueConstraint("workspace", "id"),
        Index("schedules_of_workspace", "workspace", "key"),
        Index("schedules_of_pipeline", "workspace", "pipeline", "key"),
        Index("schedules_of_endpoint", "workspace", "endpoint", "key"),
        Index("schedules_active", "workspace", "active", "key"),
        Index("schedules_due", "active", "due_at"),
    )
    op.create_table(
        "schedule_runs",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("schedule", String, nullable=False),
        Index("schedule_runs_of_schedule", "schedule", "run_key"),
    )
    op.create_table(
        "schedule_files",
        Column("workspace", String, primary_key=True),
        Column("schedule", String, primary_key=True),
        Column("name", String, primary_key=True),
        Column("version", String, nullable=False),
    )
