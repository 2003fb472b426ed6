"""Whether the service of a state folder is there, which a connection file alone does not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client import home as homes
from runyard.protocol.errors import RunyardError
from runyard.protocol.service import PRODUCT
from runyard.protocol.timeouts import ABOUT_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.protocol.service import About
    from runyard.protocol.service import Connection as ConnectionRecord


def running(home: Path) -> Optional[ConnectionRecord]:
    """What the connection file says, if a Runyard service answers there."""
    record = homes.read_connection(homes.connection_file(home))
    if record is None:
        return None
    try:
        answers = getattr(_about(record.url), "product", "") == PRODUCT
    except RunyardError:
        return None
    return record if answers else None


def _about(url: str) -> About:
    from runyard.client.connection import Connection
    from runyard.client.service import Service

    # Without the token: the file may be old, and the port another program's by now.
    with Connection(url, "", timeout=ABOUT_SECONDS) as connection:
        return Service(connection).about()
