"""Requests to /score, and what of an answer is compared with the reference server's.

`reference.json` holds the answers of azureml-inference-server-http; `compare_reference.py` asks the
real server and fails where the file is not what it says.
"""

import http.client
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SCRIPTS = Path(__file__).parent / "scripts"
RECORDED = Path(__file__).parent / "reference.json"
JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PLAIN, SCHEMA, RAW = "plain", "schema", "raw"

# Where we differ, because it is better for somebody.
DIFFERENCES = {
    "plain: form": "curl's default content type empties the body there; here the script gets it",
    "plain: OPTIONS": "ids and x-ms-run-function-failed are told only of what a run has answered",
    "schema: not UTF-8": "500 there, though the request is at fault; here 400",
}
_ECHOED = ("x-request-id", "x-ms-request-id", "x-ms-client-request-id", "traceid", "x-pot")
_ERROR = 400


@dataclass(frozen=True)
class Asked:
    """A request: `script` says which of SCRIPTS serves it."""

    script: str
    name: str
    body: bytes = b""
    method: str = "POST"
    path: str = "/score"
    headers: dict[str, str] = field(default_factory=lambda: JSON)

    @property
    def key(self) -> str:
        """Its name among all."""
        return f"{self.script}: {self.name}"


def _json(script: str, name: str, value: Any, **more: Any) -> Asked:
    return Asked(script, name, json.dumps(value).encode(), **more)


def _get(script: str, name: str, path: str) -> Asked:
    return Asked(script, name, method="GET", path=path, headers={})


def _ids(name: str, **ids: str) -> Asked:
    given = {each.replace("_", "-"): value for each, value in ids.items()}
    return Asked(PLAIN, name, b"{}", headers={**JSON, **given})


REQUESTS = [
    _json(PLAIN, "object", {"a": 1}),
    _json(PLAIN, "list", [1, 2]),
    _json(PLAIN, "string", "x"),
    Asked(PLAIN, "no JSON", b"hello"),
    Asked(PLAIN, "empty"),
    Asked(PLAIN, "not ASCII", '{"x": "ü"}'.encode()),
    *(
        _json(PLAIN, f"returns {kind}", {"kind": kind})
        for kind in ("none", "tuple", "nan", "text", "bytes", "date", "object")
    ),
    _json(PLAIN, "raises", {"raise": "no"}),
    Asked(PLAIN, "not UTF-8", b"\xff\xfe"),
    _json(PLAIN, "no type", {"a": 1}, headers={}),
    Asked(PLAIN, "text type", b"hi", headers={"Content-Type": "text/plain"}),
    _json(PLAIN, "form", {"a": 1}, headers=FORM),
    _get(PLAIN, "query", "/score?a=1&b=x&c=1&c=2"),
    _get(PLAIN, "no query", "/score"),
    _get(PLAIN, "JSON in query", "/score?a=%5B1%5D&b=true&c=%22s%22&d="),
    Asked(PLAIN, "OPTIONS", method="OPTIONS"),
    *(Asked(PLAIN, each, b"{}", method=each) for each in ("PUT", "DELETE", "PATCH")),
    _get(PLAIN, "home", "/"),
    Asked(PLAIN, "home by POST", b"{}", path="/"),
    _get(PLAIN, "unknown path", "/nothing"),
    _ids("ids", x_request_id="r1", x_ms_client_request_id="c1", TraceId="t1"),
    _ids("request id of v1", x_ms_request_id="m1"),
    _ids("both request ids", x_ms_request_id="m1", x_request_id="r1"),
    _ids("client's id", x_ms_client_request_id="c1"),
    _ids("long client's id", x_ms_client_request_id="c" * 101),
    _ids("long id", x_request_id="c" * 101),
    *(
        _get(PLAIN, f"swagger{query}", f"/swagger.json{query}")
        for query in ("", "?version=2", "?version=3", "?version=3.1", "?version=9")
    ),
    _json(SCHEMA, "fields", {"data": [[1, 2]], "factor": 3.0}),
    _json(SCHEMA, "default", {"data": [[1, 2]]}),
    _json(SCHEMA, "another field", {"data": [[1, 2]], "x": 1}),
    _json(SCHEMA, "no type", {"data": [[1, 2]]}, headers={}),
    _json(SCHEMA, "charset", {"data": [[1, 2]]}, headers={"Content-Type": "application/json; a=b"}),
    _json(SCHEMA, "JSON of a kind", {"data": []}, headers={"Content-Type": "application/a+json"}),
    Asked(SCHEMA, "bad JSON", b"{"),
    Asked(SCHEMA, "empty"),
    Asked(SCHEMA, "not UTF-8", b"\xff"),
    _json(SCHEMA, "no object", [1]),
    _json(SCHEMA, "missing field", {"factor": 1.0}),
    _json(SCHEMA, "wrong field", {"data": "x"}),
    _get(SCHEMA, "query", "/score?data=%5B%5B1,2%5D%5D"),
    *(_get(SCHEMA, f"swagger {each}", f"/swagger.json?version={each}") for each in ("2", "3")),
    Asked(RAW, "bytes", b"abc", headers={}),
    _get(RAW, "query", "/score?a=1"),
    Asked(RAW, "status and header", b"teapot"),
    Asked(RAW, "JSON", b"json"),
    Asked(RAW, "raises", b"raise"),
]


def ask(port: int, asked: Asked) -> dict[str, Any]:
    """Send a request to a server of this machine; what is compared of the answer.

    Args:
        port: The server's.
        asked: The request.
    """
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        line.request(asked.method, asked.path, asked.body or None, asked.headers)
        told = line.getresponse()
        return _compared(asked, told.status, told.headers, told.read())
    finally:
        line.close()


def _compared(asked: Asked, status: int, headers: Any, body: bytes) -> dict[str, Any]:
    kind = headers.get_content_type()
    found: dict[str, Any] = {"status": status}
    if body:
        found["type"] = kind
    if asked.path.startswith("/score") and status not in (404, 405, 431):
        found["failed"] = headers.get("x-ms-run-function-failed")
        found["ids"] = {name: headers[name] for name in _ECHOED if headers.get(name)}
        for name in ("x-request-id", "x-ms-request-id"):
            if len(found["ids"].get(name, "")) == len("fb73d6ce-14b3-4317-89b5-1117fb3856d6"):
                found["ids"][name] = "a new one"
    if kind == "application/json" and status >= _ERROR:
        # The texts are of each server's own; that there is one is what clients rely on.
        found["body"] = sorted(json.loads(body)) if body else None
    elif asked.path.startswith("/swagger"):
        found["body"] = _outline(json.loads(body))
    else:
        found["body"] = body.decode("utf-8", "replace")
    return found


def _outline(document: dict[str, Any]) -> dict[str, Any]:
    """What generators of clients read of an OpenAPI document."""
    schemas = document.get("definitions") or document.get("components", {}).get("schemas", {})
    return {
        "version": document.get("swagger") or document.get("openapi"),
        "paths": {path: sorted(each) for path, each in document["paths"].items()},
        "schemas": {
            name: sorted(schemas[name].get("properties", {}))
            for name in ("ServiceInput", "ServiceOutput")
        },
        "example": schemas["ServiceInput"].get("example"),
    }
