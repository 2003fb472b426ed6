"""Schema 0004: what users should know of how a definition came to its lock."""

from typing import Any

from sqlalchemy import Column, String, Text


def upgrade(op: Any) -> None:
    """Add the table of notes on locks."""
    op.create_table(
        "lock_notes",
        Column("definition", String, primary_key=True),
        Column("notes", Text, nullable=False),
    )
