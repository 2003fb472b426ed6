"""Times and addresses of the service, as v1 shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional
from urllib.parse import urlsplit

from runyard.sdk import times

if TYPE_CHECKING:
    import datetime as dt


def time_of(text: str) -> Optional[dt.datetime]:
    """Read a time of the service; None for ""."""
    return times.moment(text) if text else None


def localhost(address: str) -> str:
    """The address as this machine's own name has it."""
    port = urlsplit(address).port
    return f"http://localhost:{port}" if port else ""
