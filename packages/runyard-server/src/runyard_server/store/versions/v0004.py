"""Schema 0004: notes on locks; runs know the run whose job submitted them."""

from typing import Any

from sqlalchemy import Column, String, Text


def upgrade(op: Any) -> None:
    """Add the table of notes on locks, and where a run was submitted from."""
    op.create_table(
        "lock_notes",
        Column("definition", String, primary_key=True),
        Column("notes", Text, nullable=False),
    )
    op.add_column("runs", Column("submitted_from", String))
    op.create_index("runs_submitted_from", "runs", ["workspace", "submitted_from", "key"])
