"""Questions of the protocols that no worker needs to hear: health, metadata, lists, statistics.

Health is told to everybody, since tools ask for it without a key; the rest only to those who may
call the endpoint.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from runyard.protocol import inference_forms as forms
from runyard.protocol import inference_paths as paths
from runyard.protocol.endpoints import MLFLOW, OPEN_INFERENCE, SCORE, TF_SERVING
from runyard.protocol.inference_forms import Served
from runyard.protocol.inference_paths import Destination
from runyard.protocol.suggestions import suggest
from runyard_server import __version__
from runyard_server.serving.endpoints import ServedEndpoint
from runyard_server.serving.pools import Pool
from runyard_server.serving.table import Endpoint

_OK, _UNAVAILABLE = 200, 503
_LARGEST_BODY = 1 << 16
# To compare longer ones with what there is would take its time.
_LONGEST_NAMED = 100
# Of a line feed and of a version, as MLflow has it.
_JSON = "application/json"


async def answer(request: Request) -> Response:
    """Answer what no other page does."""
    endpoint: ServedEndpoint = request.state.endpoint
    where = paths.find(request.scope.get("raw_path", b"").decode("latin-1"))
    row = endpoint.row
    known = where is not None and where.service in ("", row.name)
    if where is None or not known or where.protocol not in (paths.ALWAYS, *row.protocols):
        there = _asked(row)
        near = suggest(request.url.path[:_LONGEST_NAMED], there, "", few=len(there))
        text = f"there is no {request.url.path} here; {near.sentence}"
        return JSONResponse(forms.error(where.protocol if where else "", text), 404)
    if request.method not in where.methods or where.verb in paths.CALLS:
        # A worker is not called to hear of the head alone.
        taken = [m for m in where.methods if m != "HEAD" or where.verb not in paths.CALLS]
        text = f"{request.url.path} takes {' and '.join(taken)}, not {request.method}"
        allowed = {"allow": ", ".join(taken)}
        return JSONResponse(forms.error(where.protocol, text), 405, allowed)
    refusal = endpoint.refusal(request.headers.get("authorization", "").encode("latin-1"))
    if refusal and where.verb not in paths.HEALTH:
        return JSONResponse(forms.error(where.protocol, refusal, "UNAUTHENTICATED"), 401)
    return _page(endpoint, where, request.url.path, await _body(request))


def _asked(row: Endpoint) -> list[str]:
    """The paths that callers use, of the protocols that an endpoint speaks."""
    name = row.name
    by_protocol = {
        SCORE: ["/score", f"/api/v1/service/{name}/score"],
        MLFLOW: ["/invocations"],
        OPEN_INFERENCE: [f"/v2/models/{name}/infer", f"/v2/models/{name}"],
        TF_SERVING: [f"/v1/models/{name}:predict", f"/v1/models/{name}"],
    }
    spoken = [path for protocol in row.protocols for path in by_protocol[protocol]]
    return [*spoken, "/swagger.json", "/metrics", "/"]


def _page(endpoint: ServedEndpoint, where: Destination, path: str, given: bytes) -> Response:
    if where.verb == paths.PING:
        ready = any(pool.ready for pool in endpoint.pools.values())
        return Response("\n", _OK if ready else _UNAVAILABLE, media_type=_JSON)
    if where.verb == paths.MLFLOW_VERSION:
        return Response(forms.MLFLOW_ANSWERS, media_type=_JSON)
    try:
        body = msgspec.json.decode(given or b"{}", type=dict[str, Any])
    except (msgspec.DecodeError, RecursionError) as error:
        return JSONResponse(
            forms.error(where.protocol, f"the body is no JSON object: {error}"), 400
        )
    everything = [_served(endpoint, pool) for pool in endpoint.pools.values()]
    found = [_served(endpoint, pool, where.model) for pool in endpoint.named(where)]
    told, status = forms.inquiry(where, path, body, everything, found, __version__)
    return JSONResponse(told, status)


async def _body(request: Request) -> bytes:
    given = b""
    async for part in request.stream():
        given = (given + part)[:_LARGEST_BODY]
    return given


def _served(endpoint: ServedEndpoint, pool: Pool, asked: str = "") -> Served:
    """What the forms show of a deployment, under the name that was asked for."""
    row, ready, status = pool.row.serving, pool.described, pool.status()
    return Served(
        asked or (row.model_name if row else "") or endpoint.row.name,
        row.model_version if row else "1",
        ready=pool.ready,
        reason="" if pool.ready else pool.why(),
        platform=ready.platform if ready else "",
        signatures=ready.signatures if ready else {},
        requests=status.requests,
        failures=status.failures,
        run_us=pool.counts.run_us,
        last_request=status.last_request,
    )
