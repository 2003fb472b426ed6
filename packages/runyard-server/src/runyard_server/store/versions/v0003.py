"""Schema 0003: programs that one node of a run has started on another."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, String, Text


def upgrade(op: Any) -> None:
    """Add the table of commands."""
    op.create_table(
        "commands",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("node", Integer, nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("key", String, nullable=False),
        Column("command", Text, nullable=False),
        Column("exit_code", Integer),
    )
