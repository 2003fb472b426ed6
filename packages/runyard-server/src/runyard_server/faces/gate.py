"""The gate in front of every request: by which name the service was called, and from which page.

A web page somewhere may make the browser of somebody here send requests to loopback. It cannot
know the token; besides, a `Host` that is not a name of this service (DNS rebinding) and an
`Origin` of another site are refused before anything is looked at. There is no CORS.
"""

import ipaddress
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from runyard.protocol.errors import Forbidden, RunyardError
from runyard_server.core.settings import LOOPBACK, Settings


class Gate:
    """Lets those requests pass that call the service by one of its names.

    Args:
        app: What is behind.
        settings: Where the service listens, and its further names.
        local: A name that browsers resolve to this machine by themselves.
        refuse: Tells an error in the shape of whichever face owns a path.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        local: str,
        refuse: Callable[[str, RunyardError], Response],
    ) -> None:
        self._app = app
        self._refuse = refuse
        self._names = frozenset(name.lower() for name in [*names(settings), local])
        self._addresses = settings.host not in LOOPBACK

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on or refuse it."""
        error = self._refusal(Headers(scope=scope)) if scope["type"] == "http" else None
        if error is None:
            await self._app(scope, receive, send)
        else:
            await self._refuse(scope["path"], error)(scope, receive, send)

    def _refusal(self, headers: Headers) -> Forbidden | None:
        host = headers.get("host", "")
        if not self._ours(host):
            return Forbidden(
                f"this service is not called {host[:200]!r}; if it is, add the name to the "
                "setting allowed_hosts"
            )
        origin = headers.get("origin")
        # Compared, not refused: browsers send it with requests of the service's own pages as well.
        if origin is not None and _place(origin) != host.lower():
            return Forbidden(f"pages of {origin[:200]!r} may not use this service")
        return None

    def _ours(self, host: str) -> bool:
        name = _name(host)
        return "*" in self._names or name in self._names or (self._addresses and _is_address(name))


def names(settings: Settings) -> Iterable[str]:
    """The names by which a service may be called.

    One that listens beyond loopback has the machine's own names too; an address in figures
    cannot be rebound, so there it is always good.
    """
    found = [*LOOPBACK, settings.host, *settings.allowed_hosts]
    if settings.host not in LOOPBACK:
        machine = socket.gethostname()
        found += [machine, machine.split(".", maxsplit=1)[0]]
    return found


def _place(origin: str) -> str:
    """Host and port of an origin in lower case, "" for `null` and other oddities."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _name(host: str) -> str:
    """The name in a Host header, without its port and an address's brackets."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
