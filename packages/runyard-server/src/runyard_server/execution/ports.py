"""Ports of endpoints: each has one of its own, kept for its life."""

import socket

from runyard_server.core.work import Work
from runyard_server.store import endpoints

_TRIES = 100


def free_port(work: Work, host: str) -> int:
    """A port that nobody listens at and no endpoint has.

    Args:
        work: The unit of work.
        host: The address that endpoints listen at.

    Raises:
        OSError: There is none.
    """
    taken = endpoints.ports(work.connection)
    for _ in range(_TRIES):
        with socket.socket(_family(host)) as trial:
            trial.bind((host, 0))
            port = int(trial.getsockname()[1])
        if port not in taken:
            return port
    raise OSError("no port is free for the endpoint")


def is_free(host: str, port: int) -> bool:
    """Whether nobody listens at a port.

    Args:
        host: The address that endpoints listen at.
        port: The port.
    """
    with socket.socket(_family(host)) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
