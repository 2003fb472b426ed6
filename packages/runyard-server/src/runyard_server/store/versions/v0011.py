"""Schema 0011: what comes after the registry's history and the trash."""

from typing import Any

from sqlalchemy import BigInteger, Column, Integer, text

_PLACE = text('coalesce(place, "key" * 1048576)')


def upgrade(op: Any) -> None:
    """Add to runs their priority and their place in a queue."""
    _add_priority(op)


def _add_priority(op: Any) -> None:
    op.add_column("runs", Column("priority", Integer, nullable=False, server_default="0"))
    op.add_column("runs", Column("place", BigInteger))
    op.drop_index("runs_of_target", "runs")
    in_turn = [text("priority DESC"), _PLACE, "key"]
    op.create_index("runs_of_target", "runs", ["workspace", "target", "active", *in_turn])
