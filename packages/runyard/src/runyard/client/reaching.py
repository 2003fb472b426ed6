"""Whether a store can be reached from here at all, asked once before a large file is begun.

A firewall mostly drops what it does not let through, and says nothing. A request would wait as long
as a slow store may take, and be tried again; by then the service could have passed the file on.
"""

from __future__ import annotations

import socket
import urllib.request
from typing import Set, Tuple
from urllib.parse import urlsplit

CONNECT_SECONDS = 5.0
_PORTS = {"http": 80, "https": 443}
_reached: Set[Tuple[str, int]] = set()


def is_reached(address: str) -> bool:
    """Whether something takes connections where an address leads."""
    parts = urlsplit(address)
    # Behind a proxy only the proxy knows.
    if parts.scheme not in _PORTS or parts.scheme in urllib.request.getproxies():
        return True
    place = (parts.hostname or "", parts.port or _PORTS[parts.scheme])
    # What could not be reached is asked again: the network may be back.
    if place not in _reached:
        try:
            socket.create_connection(place, CONNECT_SECONDS).close()
        except OSError:
            return False
        _reached.add(place)
    return True
