"""Times of the service as Python has them."""

from __future__ import annotations

import datetime as dt


def moment(text: str) -> dt.datetime:
    """Read a time of the wire, in UTC."""
    # `fromisoformat` reads no Z before Python 3.11, and whole seconds come without a fraction.
    whole = text if "." in text else text.replace("Z", ".0Z")
    return dt.datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S.%f%z")
