"""All faces in one ASGI application."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from runyard.protocol.errors import RunyardError
from runyard_server.core.sessions import local_name
from runyard_server.core.system import System
from runyard_server.faces.dispatch import Dispatch
from runyard_server.faces.endpoint import Endpoint
from runyard_server.faces.face import Face
from runyard_server.faces.failures import NotAllowed, translated
from runyard_server.faces.gate import Gate
from runyard_server.faces.limits import Limits
from runyard_server.faces.lingering import Lingering
from runyard_server.faces.parts import Parts, make_parts
from runyard_server.faces.streams import Feed

_READS = ("GET", "HEAD")


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
    house = _House(faces, parts)
    return Lingering(
        Gate(house, system.settings, local_name(system.secret), house.refuse)
    ), parts.feed


class _House:
    """Leads each request to the face that serves it.

    Args:
        faces: What is served.
        parts: What all requests share.
    """

    def __init__(self, faces: Sequence[Face], parts: Parts) -> None:
        self._faces = faces
        self._parts = parts
        self._dispatch = Dispatch(
            (served.row.method, served.row.url, Endpoint(face, served, parts))
            for face in faces
            for served in face.table()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or go with the server from its start to its end."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        begun = False

        async def noting(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._serve(scope, receive, noting)
        except Exception as error:
            if not begun:
                known = translated(error, f"a {scope['method']} request")
                await self.refuse(scope["path"], known)(scope, receive, send)
            # The server notes it, and closes what cannot be answered any more.
            raise

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self._parts.feed.open()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._parts.feed.close()
        self._parts.work.close()
        self._parts.transfers.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        path = scope["path"]
        found = self._dispatch.find(request.method, path)
        if found.target is not None:
            scope["path_params"] = found.segments
            answer = await found.target(request)
        elif found.allowed:
            allowed = ", ".join(found.allowed)
            error = NotAllowed(f"{path} takes {allowed}, not {request.method}")
            answer = self.refuse(path, error)
            answer.headers["Allow"] = allowed
        else:
            answer = self._missing(request)
        await answer(scope, receive, send)

    def _missing(self, request: Request) -> Response:
        path = request.scope["path"]
        owner = self._owned(path)
        if request.method in _READS and "text/html" in request.headers.get("accept", ""):
            for face in [owner] if owner else self._faces:
                page = face.missing(request)
                if page is not None:
                    return page
        return self.refuse(path, self._owner(path).unknown(path))

    def refuse(self, path: str, error: RunyardError) -> Response:
        """The answer that tells an error in the shape of the face that owns a path."""
        return self._owner(path).refuse(error)

    def _owner(self, path: str) -> Face:
        return self._owned(path) or self._faces[0]

    def _owned(self, path: str) -> Face | None:
        """The face of the longest prefix that a path begins with."""
        owned = [
            (len(p), face) for face in self._faces for p in face.prefixes if path.startswith(p)
        ]
        return max(owned, key=lambda found: found[0], default=(0, None))[1]
