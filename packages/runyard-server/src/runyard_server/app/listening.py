"""The socket that the service listens on, opened before anything else is made."""

import errno
import socket

from runyard_server.app.ending import PORT_TAKEN, Ending
from runyard_server.operations.settings import Settings
from runyard_server.service.gate import LOOPBACK

SERVE_PORT = 8420
ANY = ("0.0.0.0", "::")  # noqa: S104 - the names of "everywhere", listened at only when asked


def bind(settings: Settings, *, embedded: bool) -> socket.socket:
    """Open the socket.

    Args:
        settings: Where to listen.
        embedded: Whether any free port will do when none is set.

    Raises:
        Ending: The port is taken, or the address is not this machine's.
    """
    port = settings.port
    if port is None:
        port = 0 if embedded else SERVE_PORT
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    # Named as TCP: asyncio turns Nagle's algorithm off only then, and with it each answer on a
    # kept connection would wait 40 ms for the client's acknowledgement.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((settings.host, port))
        found.listen(1024)
    except (OSError, OverflowError) as error:
        found.close()
        raise _failure(settings.host, port, error) from error
    return found


def url(found: socket.socket, host: str) -> str:
    """Give the address by which clients on this machine reach the socket."""
    port = found.getsockname()[1]
    if host in ANY:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def warning(settings: Settings) -> str | None:
    """Give what to say when others than this machine can reach the service."""
    if settings.host in LOOPBACK:
        return None
    return (
        f"note: listening at {settings.host} without TLS: whoever can read the network can read "
        "the token. Put a proxy with TLS in front, or keep to a network you trust. Clients "
        "elsewhere need RUNYARD_URL and RUNYARD_TOKEN (`runyard status` shows both)"
    )


def _failure(host: str, port: int, error: Exception) -> Ending:
    reason = getattr(error, "strerror", None) or str(error)
    if getattr(error, "errno", None) == errno.EADDRINUSE:
        reason = "another program has it"
    return Ending(
        PORT_TAKEN,
        f"cannot listen at {host}, port {port}: {reason}. Choose another with --port (0 takes a "
        "free one)",
    )
