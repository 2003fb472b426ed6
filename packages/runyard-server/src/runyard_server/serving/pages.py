"""What the gateway answers itself: health, documents, figures, and what the protocols ask."""

import ipaddress
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runyard.protocol import inference_forms as forms
from runyard.protocol import inference_paths as paths
from runyard.protocol.endpoints import SCORE
from runyard_server.serving import cors, exposition, inquiries, metrics
from runyard_server.serving.endpoints import ServedEndpoint

_OK, _UNKNOWN, _NOT_FOUND, _UNAVAILABLE = 200, 401, 404, 503
_SWAGGERS = ("2", "3", "3.1")

Page = Callable[[ServedEndpoint, Request], Response]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer one request, for all endpoints: which one is in the request's state.

    Args:
        scope: See ASGI.
        receive: See ASGI.
        send: See ASGI.
    """
    request = Request(scope, receive)
    endpoint: ServedEndpoint = request.state.endpoint
    where = paths.find(scope["raw_path"].decode("latin-1"))
    response = await _answer(endpoint, where, request)
    codes = endpoint.tally(where.protocol if where is not None else "").codes
    codes[response.status_code] = codes.get(response.status_code, 0) + 1
    await response(scope, receive, send)


async def _answer(
    endpoint: ServedEndpoint, where: paths.Destination | None, request: Request
) -> Response:
    if request.method == "OPTIONS" and where is not None:
        return _options(endpoint, where, request)
    page = _PAGES.get(where.verb) if where is not None else None
    if page is not None and where is not None and request.method in where.methods:
        response = page(endpoint, request)
    else:
        response = await inquiries.answer(request)
    origin = request.headers.get("origin")
    if origin is not None:
        response.raw_headers.extend(cors.lines(endpoint.row.origins, origin.encode("latin-1")))
    return response


def _options(endpoint: ServedEndpoint, where: paths.Destination, request: Request) -> Response:
    """What may be asked; a browser asks so before it sends a request from another page."""
    response = Response(headers={"allow": ", ".join((*where.methods, "OPTIONS"))})
    origin = request.headers.get("origin", "").encode("latin-1")
    if origin:
        asked = request.headers.get("access-control-request-headers", "").encode("latin-1")
        response.raw_headers.extend(cors.preflight(endpoint.row.origins, origin, asked))
    return response


def _home(endpoint: ServedEndpoint, _request: Request) -> Response:
    pools = endpoint.pools.values()
    if any(pool.ready for pool in pools):
        return Response("Healthy", media_type="text/html")
    text = "; ".join(pool.why() for pool in pools) or "the endpoint has no deployment"
    return Response(text, _UNAVAILABLE, {"retry-after": "1"}, "text/plain")


def _swagger(endpoint: ServedEndpoint, request: Request) -> Response:
    refusal = _refusal(endpoint, request)
    if refusal is not None:
        return refusal
    asked = request.query_params.get("version", "2")
    order = sorted(endpoint.pools.values(), key=lambda pool: pool.row.name != endpoint.row.default)
    described = next((pool.described for pool in order if pool.described is not None), None)
    if described is None:
        return _json(_UNAVAILABLE, forms.error(SCORE, "no replica is ready to describe itself"))
    if asked not in described.swagger:
        there = ", ".join(name for name in _SWAGGERS if name in described.swagger) or "none"
        told = f"there is no document of version {asked[:20]}; there is {there}"
        return _json(_NOT_FOUND, forms.error(SCORE, told))
    return _json(_OK, described.swagger[asked])


def _metrics(endpoint: ServedEndpoint, request: Request) -> Response:
    refusal = None if _is_near(request) else _refusal(endpoint, request)
    if refusal is not None:
        return refusal
    prometheus = request.url.path.startswith("/monitoring")
    told = metrics.exposition([endpoint], openmetrics=not prometheus)
    kind = exposition.PROMETHEUS if prometheus else exposition.OPENMETRICS
    return Response(told, headers={"content-type": kind})


def _refusal(endpoint: ServedEndpoint, request: Request) -> Response | None:
    refusal = endpoint.refusal(request.headers.get("authorization", "").encode("latin-1"))
    if not refusal:
        return None
    response = _json(_UNKNOWN, forms.error(SCORE, refusal))
    response.headers["www-authenticate"] = "Bearer"
    return response


def _is_near(request: Request) -> bool:
    """Whether the client is on this machine."""
    return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback


def _json(status: int, value: object) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")


_PAGES: dict[str, Page] = {
    paths.HOME: _home,
    paths.SWAGGER: _swagger,
    paths.METRICS: _metrics,
}
