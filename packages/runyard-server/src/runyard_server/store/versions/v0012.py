"""Schema 0012: what comes after datasets and priorities."""

from typing import Any


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    del op
