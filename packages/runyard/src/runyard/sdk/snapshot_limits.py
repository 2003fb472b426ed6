"""How large a snapshot may be."""

from __future__ import annotations

from typing import Callable, List

DEFAULT = 2_000_000_000
SNAPSHOT_MAX_SIZE_BYTES = DEFAULT

_others: List[Callable[[], int]] = []


def heed(other: Callable[[], int]) -> None:
    """Have another place asked for the limit; what it says counts unless it is the default."""
    _others.append(other)


def limit() -> int:
    """The number of bytes above which a source folder is refused."""
    said = [given for given in (other() for other in _others) if given != DEFAULT]
    return said[0] if said else SNAPSHOT_MAX_SIZE_BYTES
