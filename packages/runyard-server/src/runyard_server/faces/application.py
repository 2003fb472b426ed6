"""All of the HTTP side, put together: one ASGI application.

Rows that share a path share one entry, which chooses by method; so a wrong method is told all the
right ones.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from anyio import CapacityLimiter
from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Entry
from starlette.types import ASGIApp

from runyard.protocol import PREFIX
from runyard.protocol.errors import NotFound
from runyard.protocol.routes import ROUTES
from runyard_server.core.system import System
from runyard_server.faces import pages
from runyard_server.faces.bodies import Intake
from runyard_server.faces.failures import NotAllowed, answer, wire
from runyard_server.faces.gate import Gate
from runyard_server.faces.handlers import Handler, Parts
from runyard_server.faces.limits import Limits
from runyard_server.faces.lingering import Lingering
from runyard_server.faces.shares import Shares
from runyard_server.faces.streams import Feed

Endpoint = Callable[[Request], Awaitable[Response]]


class AnyPath(PathConvertor):
    """A path with whatever a name may hold; the toolkit's own stops at a line break."""

    regex = r"[\s\S]*"


register_url_convertor("path", AnyPath())


def create_app(system: System, limits: Limits) -> tuple[ASGIApp, Feed]:
    """Make the application.

    Args:
        system: The service's parts.
        limits: How much one client may take.

    Returns:
        The application, and the feed of its streams: closing it ends them.
    """
    feed = Feed(system)
    work, transfers = (CapacityLimiter(system.settings.request_threads) for _ in range(2))
    intake = Intake(system, transfers, limits.stall_seconds)
    parts = Parts(system, feed, work, transfers, intake, Shares(limits))

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        feed.open()
        yield
        feed.close()

    starlette = Starlette(
        routes=[*_entries(parts), *pages.entries(system, parts.work)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
        lifespan=lifespan,
    )
    starlette.router.redirect_slashes = False
    return Lingering(Gate(starlette, system.settings)), feed


def _entries(parts: Parts) -> list[Entry]:
    by_path: dict[str, dict[str, Endpoint]] = defaultdict(dict)
    for route in ROUTES:
        by_path[route.url][route.method] = Handler(route, parts)
    return [
        Entry(path, _chosen(methods), methods=list(methods)) for path, methods in by_path.items()
    ]


def _chosen(methods: dict[str, Endpoint]) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](request)

    return endpoint


async def _refused(request: Request, error: Exception) -> Response:
    """Answer what no entry takes: an unknown path, or a wrong method."""
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == NotAllowed.status:
        allowed = (error.headers or {}).get("Allow", "")
        return wire(NotAllowed(f"{path} takes {allowed}, not {request.method}"), {"Allow": allowed})
    return wire(NotFound(f"there is nothing at {path}; {PREFIX}/openapi.json lists what is"), {})


async def _failed(request: Request, error: Exception) -> Response:
    return answer(error, f"a {request.method} request")
