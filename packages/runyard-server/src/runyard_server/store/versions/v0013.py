"""Schema 0013: what pipelines of later years add."""

from typing import Any


def upgrade(op: Any) -> None:
    """Take the steps, in any order."""
    del op
