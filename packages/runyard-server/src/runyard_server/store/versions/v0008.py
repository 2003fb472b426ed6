"""Schema 0008: who is signed in to the studio, views that people keep, sources of metrics."""

from typing import Any

from sqlalchemy import BigInteger, Column, String, Text, UniqueConstraint


def upgrade(op: Any) -> None:
    """Add the tables of sessions and of views, and what wrote a series."""
    op.add_column("metric_series", Column("source", String, nullable=False, server_default=""))
    op.create_table(
        "studio_sessions",
        Column("id", String, primary_key=True),
        Column("person", String, nullable=False),
        Column("client", String, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("used_at", BigInteger, nullable=False),
        Column("ends_at", BigInteger, nullable=False),
    )
    op.create_index("runs_of_lock", "runs", ["workspace", "environment_lock", "key"])
    op.create_index("ix_studio_sessions_ends_at", "studio_sessions", ["ends_at"])
    op.create_table(
        "views",
        Column("id", String, primary_key=True),
        Column("workspace", String, nullable=False),
        Column("noun", String, nullable=False),
        Column("name", String, nullable=False),
        Column("settings", Text, nullable=False),
        Column("owner", String, nullable=False),
        Column("made_at", BigInteger, nullable=False),
        Column("changed_at", BigInteger, nullable=False),
        UniqueConstraint("workspace", "noun", "name"),
    )
