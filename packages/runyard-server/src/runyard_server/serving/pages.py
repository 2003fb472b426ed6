"""What the gateway answers itself: health, metadata, metrics, and what is not there."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from runyard_server.serving import inquiries
from runyard_server.serving.endpoints import ServedEndpoint

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]


def make_app() -> Starlette:
    """The application, for all endpoints: which one is in the request's state."""
    routes = [
        Route("/", _health, methods=["GET"]),
        Route("/{path:path}", inquiries.answer, methods=_METHODS),
    ]
    return Starlette(routes=routes, exception_handlers={404: _absent, 405: _wrong_method})


def _endpoint(request: Request) -> ServedEndpoint:
    endpoint: ServedEndpoint = request.state.endpoint
    return endpoint


async def _health(request: Request) -> Response:
    if any(pool.ready for pool in _endpoint(request).pools.values()):
        return PlainTextResponse("Healthy", media_type="text/html")
    return PlainTextResponse("no replica is ready", 503, {"retry-after": "1"}, "text/html")


async def _absent(request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": f"there is no {request.url.path} here"}, 404)


async def _wrong_method(request: Request, _error: Exception) -> Response:
    return JSONResponse({"message": f"{request.url.path} does not take {request.method}"}, 405)
