"""All faces in one ASGI application.

Rows that share a path share one entry, which chooses by method; so a wrong method is told all the
right ones, whichever face they are of.
"""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Entry
from starlette.types import ASGIApp

from runyard_server.core.system import System
from runyard_server.faces.endpoint import Endpoint
from runyard_server.faces.face import Face
from runyard_server.faces.failures import NotAllowed, translated
from runyard_server.faces.gate import Gate
from runyard_server.faces.limits import Limits
from runyard_server.faces.lingering import Lingering
from runyard_server.faces.parts import Parts, make_parts
from runyard_server.faces.streams import Feed


class AnyPath(PathConvertor):
    """A path with whatever a name may hold; the toolkit's own stops at a line break."""

    regex = r"[\s\S]*"


register_url_convertor("path", AnyPath())


def create_app(system: System, limits: Limits, faces: Sequence[Face]) -> tuple[ASGIApp, Feed]:
    """Make the application.

    Args:
        system: The service's parts.
        limits: How much one client may take.
        faces: What is served; the first refuses what nobody owns.

    Returns:
        The application, and the feed of its streams: closing it ends them.

    Raises:
        ValueError: Two faces serve the same.
    """
    parts = make_parts(system, limits)
    feed = parts.feed

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        feed.open()
        yield
        feed.close()

    def owner(path: str) -> Face:
        """The face of the longest prefix that a path begins with."""
        owned = [(len(p), face) for face in faces for p in face.prefixes if path.startswith(p)]
        return max(owned, key=lambda found: found[0], default=(0, faces[0]))[1]

    async def refused(request: Request, error: Exception) -> Response:
        """Answer what no entry takes: an unknown path, or a wrong method."""
        assert isinstance(error, HTTPException)
        path = request.url.path
        if error.status_code != NotAllowed.status:
            return owner(path).refuse(owner(path).unknown(path))
        allowed = (error.headers or {}).get("Allow", "")
        answer = owner(path).refuse(NotAllowed(f"{path} takes {allowed}, not {request.method}"))
        answer.headers["Allow"] = allowed
        return answer

    async def failed(request: Request, error: Exception) -> Response:
        known = translated(error, f"a {request.method} request")
        return owner(request.url.path).refuse(known)

    starlette = Starlette(
        routes=_entries(faces, parts),
        exception_handlers={HTTPException: refused, Exception: failed},
        lifespan=lifespan,
    )
    starlette.router.redirect_slashes = False
    gate = Gate(starlette, system.settings, lambda path, error: owner(path).refuse(error))
    return Lingering(gate), feed


def _entries(faces: Sequence[Face], parts: Parts) -> list[Entry]:
    by_path: dict[str, dict[str, Endpoint]] = defaultdict(dict)
    for face in faces:
        for served in face.table():
            methods = by_path[served.row.url]
            if served.row.method in methods:
                raise ValueError(f"two rows serve {served.row.method} {served.row.url}")
            methods[served.row.method] = Endpoint(face, served, parts)
    return [
        Entry(path, _chosen(methods), methods=list(methods)) for path, methods in by_path.items()
    ]


def _chosen(methods: dict[str, Endpoint]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        return await methods[method](request)

    return endpoint
