"""Schema 0004: notes on locks; whose job submitted a run; which process logs to one."""

from typing import Any

from sqlalchemy import BigInteger, Column, String, Text


def upgrade(op: Any) -> None:
    """Add the tables of notes on locks and of beating runs, and where a run was submitted from."""
    op.create_table(
        "lock_notes",
        Column("definition", String, primary_key=True),
        Column("notes", Text, nullable=False),
    )
    op.create_table(
        "beating_runs",
        Column("run_key", BigInteger, primary_key=True, autoincrement=False),
        Column("process", String, nullable=False),
    )
    op.add_column("runs", Column("submitted_from", String))
    op.create_index("runs_submitted_from", "runs", ["workspace", "submitted_from", "key"])
