"""Times and addresses of the service, as v1 shows them."""

from __future__ import annotations

import datetime as dt
from typing import Optional
from urllib.parse import urlsplit


def time_of(text: str) -> Optional[dt.datetime]:
    """Read a time of the service; None for ""."""
    if not text:
        return None
    # `fromisoformat` reads no Z before Python 3.11.
    whole = text if "." in text else text.replace("Z", ".0Z")
    return dt.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S.%f%z")


def localhost(address: str) -> str:
    """The address as this machine's own name has it."""
    port = urlsplit(address).port
    return f"http://localhost:{port}" if port else ""
