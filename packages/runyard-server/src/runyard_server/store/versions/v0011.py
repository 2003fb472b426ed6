"""Schema 0011: what comes after the registry's history and the trash."""

from typing import Any


def upgrade(op: Any) -> None:
    """Change nothing yet."""
    del op
