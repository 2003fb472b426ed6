"""Ports of endpoints: each has one of its own, kept for its life."""

import socket
from collections.abc import Container

_TRIES = 100
# Who listens at all addresses is reached at this one.
_LOOPBACK = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - looked up


def free_port(host: str, taken: Container[int]) -> int:
    """A port that nobody listens at and no endpoint has.

    Args:
        host: The address that endpoints listen at.
        taken: The ports that other endpoints have.

    Raises:
        OSError: There is none.
    """
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
        # As the gateway binds: what only lingers after its connections is free.
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def address(host: str, port: int) -> str:
    """Where clients of this machine reach what listens at a host and a port.

    Args:
        host: The address that endpoints listen at.
        port: The port.
    """
    shown = _LOOPBACK.get(host, host)
    return f"http://[{shown}]:{port}" if ":" in shown else f"http://{shown}:{port}"
