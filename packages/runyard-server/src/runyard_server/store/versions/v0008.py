"""Schema 0008: what the studio keeps (sessions, views, notes), sources of metrics, more orders."""

from typing import Any

from sqlalchemy import BigInteger, Column, String, Text, UniqueConstraint

_ORDERS = {
    "runs_by_target": "target",
    "runs_by_number": "number",
    "runs_by_nodes": "node_count",
    "runs_by_type": "run_type",
}


def upgrade(op: Any) -> None:
    """Add tables of sessions and views, notes, what wrote a series, and indexes of orders."""
    op.add_column("metric_series", Column("source", String, nullable=False, server_default=""))
    op.add_column("experiments", Column("notes", Text, nullable=False, server_default=""))
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
    for name, column in _ORDERS.items():
        op.create_index(name, "runs", ["workspace", column, "key"])
