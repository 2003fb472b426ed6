"""Schema 0002: runs of several processes, one row for each of their nodes."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, Text


def upgrade(op: Any) -> None:
    """Add the table of gangs."""
    # Spelt out, here and in all steps: the schema goes on, and a step must do what it did.
    op.create_table(
        "gang_nodes",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("node", Integer, primary_key=True, autoincrement=False),
        Column("joined", Text),
        Column("tasks", Text),
    )
