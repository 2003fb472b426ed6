"""The socket that the service listens on, opened before anything else is made."""

import errno
import socket
from contextlib import suppress
from pathlib import Path

from runyard_server.app.ending import PORT_TAKEN, Ending
from runyard_server.core.settings import LARGEST_PORT, LOOPBACK, Settings

SERVE_PORT = 8420
ANY = ("0.0.0.0", "::")  # noqa: S104 - the names of "everywhere", listened at only when asked


def bind(settings: Settings, last: Path, *, embedded: bool) -> socket.socket:
    """Open the socket.

    Args:
        settings: Where to listen.
        last: The file that remembers the last port of an embedded service: addresses that were
            printed then go on being right.
        embedded: Whether any free port will do when none is set.

    Raises:
        Ending: The port is taken, or the address is not this machine's.
    """
    port = settings.port
    if port is None and embedded:
        return _remembered(settings.host, last)
    return _open(settings.host, SERVE_PORT if port is None else port)


def _remembered(host: str, last: Path) -> socket.socket:
    """Listen at the port of the last time if nobody else has it now, else at any; note which."""
    number = 0
    with suppress(OSError, ValueError):
        number = int(last.read_text("ascii"))
    try:
        found = _open(host, number if 0 < number <= LARGEST_PORT else 0)
    except Ending:
        found = _open(host, 0)
    port = found.getsockname()[1]
    if port != number:
        # Without a note the next start takes another port, and works.
        with suppress(OSError):
            last.write_text(str(port), "ascii")
    return found


def _open(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Named as TCP: asyncio turns Nagle's algorithm off only then, and with it each answer on a
    # kept connection would wait 40 ms for the client's acknowledgement.
    found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    # Linux keeps the port for a minute after the last connection, also from the next service.
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind((host, port))
        found.listen(1024)
    except (OSError, OverflowError) as error:
        found.close()
        raise _failure(host, port, error) from error
    return found


def url(found: socket.socket, host: str) -> str:
    """The address by which clients on this machine reach the socket."""
    port = found.getsockname()[1]
    if host in ANY:
        host = "::1" if ":" in host else "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def warning(settings: Settings) -> str | None:
    """What to say when others than this machine can reach the service."""
    if settings.host in LOOPBACK:
        return None
    return (
        f"note: listening at {settings.host} without TLS: whoever can read the network can read "
        "the token. Put a proxy with TLS in front, or keep to a network you trust. Clients "
        "elsewhere need RUNYARD_URL and RUNYARD_TOKEN; the token is in service.json of the state "
        "folder"
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
