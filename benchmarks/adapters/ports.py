"""Ports to listen at."""

from __future__ import annotations

import socket
from contextlib import ExitStack


def free_port() -> int:
    """A port that is free just now."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Different ports that are free just now."""
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in held]
