"""A port to listen at."""

from __future__ import annotations

import socket


def free_port() -> int:
    """Give a port that is free just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
