"""The OpenAPI document, made from the table of routes and the protocol's records."""

from functools import cache
from typing import Any, get_type_hints

import msgspec

from runyard.protocol import PROTOCOL
from runyard.protocol.route import ANYONE, Bytes, Events, Nothing, Route
from runyard.protocol.routes import ROUTES

_PLACE = "#/components/schemas/{name}"
_BYTES = {"schema": {"type": "string", "format": "binary"}}
_BINARY = {"application/octet-stream": _BYTES}
# A file is sent as what its name says that it is.
_ANY_BINARY = {"*/*": _BYTES}
_STATUSES = {
    "400": "The request can never succeed as it stands.",
    "401": "No token, or an unknown one.",
    "403": "The token does not reach that far, or the person's role does not.",
    "404": "What was asked for does not exist.",
    "409": "What exists stands against it.",
    "413": "The body is too large.",
    "507": "No space is left.",
}
_ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "details"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "details": {"type": "object"},
            },
        }
    },
}


@cache
def document() -> bytes:
    """The document as JSON; made once."""
    records = _records()
    _, schemas = msgspec.json.schema_components(records, ref_template=_PLACE)
    paths: dict[str, dict[str, Any]] = {}
    for route in ROUTES:
        paths.setdefault(_path(route), {})[route.method.lower()] = _operation(route)
    whole = {
        "openapi": "3.1.0",
        "info": {"title": "Runyard", "version": PROTOCOL, "license": {"name": "Apache-2.0"}},
        "paths": paths,
        "components": {
            "schemas": {**schemas, "Error": _ERROR},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    return msgspec.json.encode(whole)


def _records() -> list[Any]:
    found: dict[Any, None] = {}
    for route in ROUTES:
        for kind in (route.answer, route.body):
            if kind not in (None, Bytes, Events, Nothing):
                found[kind] = None
    return list(found)


def _path(route: Route[Any]) -> str:
    # OpenAPI has no word for a segment that takes the rest of the path.
    return route.url.replace(":path}", "}")


def _operation(route: Route[Any]) -> dict[str, Any]:
    described: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.name.split(".")[0]],
        "parameters": [*_segments(route), *_query(route), *_headers(route)],
        "responses": {**_answer(route), **_failures()},
        "x-runyard-scope": route.scope,
        "x-runyard-role": route.needs,
        "security": [] if route.scope == ANYONE else [{"token": []}],
    }
    if route.body is not None:
        described["requestBody"] = {"required": True, "content": _content(route.body)}
    return described


def _segments(route: Route[Any]) -> list[dict[str, Any]]:
    names = [part[1:-1].split(":")[0] for part in route.path.split("/") if part.startswith("{")]
    return [_parameter(name, "path", {"type": "string", "minLength": 1}) for name in names]


def _query(route: Route[Any]) -> list[dict[str, Any]]:
    if route.query is None:
        return []
    fields = msgspec.json.schema(route.query)["$defs"][route.query.__name__]["properties"]
    return [_parameter(name, "query", fields[name]) for name in get_type_hints(route.query)]


def _headers(route: Route[Any]) -> list[dict[str, Any]]:
    if not route.creates:
        return []
    schema = {"type": "string", "minLength": 1, "maxLength": 200}
    return [_parameter("Idempotency-Key", "header", schema)]


def _parameter(name: str, place: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": place, "required": place == "path", "schema": schema}


def _answer(route: Route[Any]) -> dict[str, Any]:
    if route.answer is Nothing:
        return {"204": {"description": "Done."}}
    content = _ANY_BINARY if route.answer is Bytes else _content(route.answer)
    return {"200": {"description": route.summary, "content": content}}


def _content(kind: Any) -> dict[str, Any]:
    if kind is Bytes:
        return _BINARY
    if kind is Events:
        return {"text/event-stream": {"schema": {"type": "string"}}}
    return {"application/json": {"schema": {"$ref": _PLACE.format(name=kind.__name__)}}}


def _failures() -> dict[str, Any]:
    schema = {"application/json": {"schema": {"$ref": _PLACE.format(name="Error")}}}
    return {code: {"description": text, "content": schema} for code, text in _STATUSES.items()}
