"""Runyard's own protocol as a face: tokens in a header, and one shape for all errors."""

from collections.abc import Sequence

import msgspec
from starlette.responses import Response

from runyard.protocol import PREFIX
from runyard.protocol.errors import NotFound, RunyardError, to_wire
from runyard.protocol.route import ANYONE, Bytes, Route
from runyard.protocol.routes import ROUTES
from runyard_server.core.tokens import Caller
from runyard_server.faces import failures
from runyard_server.faces.exchange import Exchange
from runyard_server.faces.face import Face, Served
from runyard_server.faces.native import access, openapi
from runyard_server.faces.native.handlers import Handler

# Not in the protocol's table: it tells what is.
DOCUMENT: Route[Bytes] = Route(
    "openapi.get", "GET", "/openapi.json", Bytes, "This document.", scope=ANYONE, passive=True
)


class NativeFace(Face):
    """The protocol's table of routes.

    Errors are a status and `{"error": {"code", "message", "details"}}`.
    """

    prefixes = (PREFIX,)

    def table(self) -> Sequence[Served]:
        """The protocol's rows, and the document that describes them."""
        rows = [Served(row, Handler(row).answer) for row in ROUTES]
        return [*rows, Served(DOCUMENT, _document)]

    def identify(self, exchange: Exchange) -> Caller | None:
        """Whose token the Authorization header has, or whose browser asks."""
        row = exchange.row
        assert isinstance(row, Route)
        return access.identify(exchange, row)

    def refuse(self, error: RunyardError) -> Response:
        """The protocol's JSON."""
        content = msgspec.json.encode(to_wire(error))
        headers = failures.headers(error)
        return Response(content, error.status, headers, media_type="application/json")

    def unknown(self, path: str) -> RunyardError:
        """Where to read what there is."""
        return NotFound(f"there is nothing at {path}; {DOCUMENT.url} lists what is")


async def _document(_exchange: Exchange) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    return Response(openapi.document(), headers=headers, media_type="application/json")
