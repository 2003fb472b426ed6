"""Which answer a request gets: a call of the worker, or what is known without it."""

from __future__ import annotations

import json
import sys
import time
import uuid
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Tuple
from urllib.parse import parse_qs

from runyard.protocol import codec
from runyard.protocol import inference_forms as forms
from runyard.protocol import inference_paths as paths
from runyard.protocol.endpoints import SCORE
from runyard.protocol.frames import Answer, Call, Ready
from runyard.protocol.inference_forms import Served
from runyard.protocol.inference_headers import (
    CLIENT_ID,
    IDS,
    LONGEST_ID,
    MS_ID,
    OURS,
    REQUEST_ID,
    SECRET,
    TOLD,
    TRACE,
    TYPE,
)
from runyard.runtime.model.web.desk import Unanswered
from runyard.runtime.model.web.requests import BAD, FIELDS
from runyard.runtime.model.web.responses import (
    JSON,
    NOT_ALLOWED,
    NOT_FOUND,
    OK,
    UNAVAILABLE,
    Response,
    refusal,
    told,
)

if TYPE_CHECKING:
    from runyard.protocol.inference_paths import Destination
    from runyard.protocol.serving import WorkerSpec
    from runyard.runtime.model.web.desk import Desk
    from runyard.runtime.model.web.requests import Request

HEALTHY = b"Healthy"
FAILED = 500
TIMEOUT = 504
_SWAGGERS = ("2", "3", "3.1")
_METRICS = "text/plain; version=0.0.4; charset=utf-8"
_FIRST_VERSION = "1"


class Site:
    """What answers requests.

    Args:
        spec: What is served.
        desk: Has calls answered.
        explains: Whether callers may know what a script raised.
    """

    def __init__(self, spec: WorkerSpec, desk: Desk, explains: bool) -> None:
        self._spec = spec
        self._desk = desk
        self._explains = explains
        only = spec.models[0] if spec.models else None
        self._model = only.name if only else spec.endpoint
        self._version = str(only.version) if only else _FIRST_VERSION
        # By protocol and HTTP status.
        self._counts: Dict[Tuple[str, int], int] = {}
        self._calls = self._failures = self._run_us = 0
        self._last = 0.0

    async def answer(self, request: Request) -> Response:
        """Answer a request.

        Args:
            request: The request.
        """
        where = paths.find(request.path)
        protocol = where.protocol if where is not None else ""
        if where is None:
            found = refusal("", NOT_FOUND, f"there is no {request.path} here")
        elif request.method == "OPTIONS":
            found = Response(OK, kind="", headers=(("allow", _listed(where, "OPTIONS")),))
        elif request.method not in where.methods or (
            request.method == "HEAD" and where.verb in paths.CALLS
        ):
            taken = _listed(where).replace(", ", " and ")
            text = f"{request.path} takes {taken}, not {request.method}"
            found = refusal(protocol, NOT_ALLOWED, text, (("allow", _listed(where)),))
        elif where.verb in paths.CALLS:
            found = await self._call(request, where)
        else:
            found = self._page(request, where)
        key = (protocol or "none", found.status)
        self._counts[key] = self._counts.get(key, 0) + 1
        return found

    async def _call(self, request: Request, where: Destination) -> Response:
        for name in IDS:
            if len(request.kept.get(name, b"")) > LONGEST_ID:
                text = f"the header {name.decode('ascii')} is above {LONGEST_ID} characters"
                return refusal(where.protocol, FIELDS, text)
        if not self._is_of(where):
            unknown = forms.unknown_model(where.protocol, where.named(), [self._served()])
            return told(unknown, NOT_FOUND)
        try:
            answer, body = await self._desk.ask(
                lambda ready: self._meta(request, where, ready), request.body
            )
        except Unanswered as error:
            found = _unanswered(where.protocol, error)
            self._count(failed=True, run_us=0)
        else:
            found = _answered(where.protocol, answer, body)
            self._count(failed=answer.failed or answer.status >= FAILED, run_us=answer.run_us)
        found.headers += _ids(request)
        return found

    def _count(self, *, failed: bool, run_us: int) -> None:
        self._calls += 1
        self._failures += failed
        self._run_us += run_us
        self._last = time.time()

    def _meta(self, request: Request, where: Destination, ready: Ready) -> bytes:
        """What the worker is told of a call; nothing where all of it is as usual."""
        whole = ready.headers or ready.input == "raw"
        # To a script that takes text the type means nothing.
        as_is = ready.input == "text" or request.kept.get(TYPE) == JSON.encode("ascii")
        plain = where.verb == paths.SCORES and request.method == "POST"
        if plain and as_is and not whole and self._explains:
            return b""
        headers = {
            name.decode("latin-1"): value.decode("latin-1")
            for name, value in request.headers
            if (name not in SECRET if whole else name in TOLD)
        }
        version = self._version if where.protocol != SCORE else ""
        call = Call(
            where.protocol,
            where.verb,
            request.method,
            request.target,
            headers,
            where.model,
            version,
            explain=self._explains,
        )
        return codec.encode(call)

    def _page(self, request: Request, where: Destination) -> Response:
        pages: Dict[str, Callable[[Request], Response]] = {
            paths.HOME: self._home,
            paths.SWAGGER: self._swagger,
            paths.METRICS: self._metrics,
            paths.PING: self._ping,
            paths.MLFLOW_VERSION: _mlflow_version,
        }
        page = pages.get(where.verb)
        return self._inquiry(request, where) if page is None else page(request)

    def _inquiry(self, request: Request, where: Destination) -> Response:
        given: Any = _object(request.body)
        if given is None:
            return refusal(where.protocol, BAD, "the body is no JSON object")
        everything = [self._served()]
        found = [self._served(where.model)] if self._is_of(where) else []
        value, status = forms.inquiry(where, request.path, given, everything, found, _version())
        return told(value, status)

    def _ping(self, _request: Request) -> Response:
        return Response(OK if self._desk.ready else UNAVAILABLE, b"\n")

    def _home(self, _request: Request) -> Response:
        if self._desk.ready is not None:
            return Response(OK, HEALTHY, "text/html")
        text = self._desk.why().encode("utf-8", "replace")
        return Response(UNAVAILABLE, text, "text/plain", (("retry-after", "1"),))

    def _swagger(self, request: Request) -> Response:
        if self._desk.ready is None:
            return refusal(SCORE, UNAVAILABLE, self._desk.why(), (("retry-after", "1"),))
        documents = self._desk.ready.swagger
        asked = parse_qs(request.query).get("version", ["2"])[0]
        if asked not in documents:
            there = ", ".join(name for name in _SWAGGERS if name in documents) or "none"
            text = f"there is no document of version {asked[:20]}; there is {there}"
            return refusal(SCORE, NOT_FOUND, text)
        return told(documents[asked])

    def _served(self, asked: str = "") -> Served:
        """What the forms show, under the name that was asked for."""
        ready = self._desk.ready
        return Served(
            asked or self._model,
            self._version,
            ready=ready is not None,
            reason="" if ready else self._desk.why(),
            platform=ready.platform if ready else "",
            signatures=ready.signatures if ready else {},
            requests=self._calls,
            failures=self._failures,
            run_us=self._run_us,
            last_request=self._last,
        )

    def _is_of(self, where: Destination) -> bool:
        """Whether a path names this model, or none."""
        if where.label not in {"", self._spec.deployment}:
            return False
        names = {"", self._model, self._spec.endpoint}
        return where.model in names and where.version in {"", self._version}

    def _metrics(self, _request: Request) -> Response:
        at = f'endpoint="{self._spec.endpoint}",deployment="{self._spec.deployment}"'
        lines = [
            "# HELP runyard_requests_total Requests that were answered, by protocol and status.",
            "# TYPE runyard_requests_total counter",
        ]
        for (protocol, status), count in sorted(self._counts.items()):
            labels = f'{{{at},protocol="{protocol}",code="{status}"}}'
            lines.append(f"runyard_requests_total{labels} {count}")
        ready = int(self._desk.ready is not None)
        lines += [
            "# HELP runyard_workers Replicas by state.",
            "# TYPE runyard_workers gauge",
            f'runyard_workers{{{at},state="ready"}} {ready}',
        ]
        return Response(OK, "\n".join((*lines, "")).encode("utf-8"), _METRICS)


def _version() -> str:
    # Importing it by name would be importing the SDK, which a worker needs nothing of.
    return str(vars(sys.modules["runyard"])["__version__"])


def _mlflow_version(_request: Request) -> Response:
    return Response(OK, forms.MLFLOW_ANSWERS.encode("ascii"))


def _listed(where: Destination, *more: str) -> str:
    # A worker is not called to hear of the head alone.
    methods = [m for m in where.methods if m != "HEAD" or where.verb not in paths.CALLS]
    return ", ".join((*methods, *more))


def _object(body: bytes) -> Any:
    """The JSON object of a body, an empty one of none; None where it is something else."""
    try:
        found = json.loads((body or b"{}").decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _answered(protocol: str, answer: Answer, body: bytes) -> Response:
    found = Response(answer.status, bytes(body), kind="")
    names = [name.lower() for name in answer.headers]
    found.headers = [(k, v) for k, v in answer.headers.items() if k.lower() not in OURS]
    if "content-type" not in names:
        found.headers.append(("content-type", JSON))
    if protocol == SCORE:
        found.headers += [
            ("x-ms-run-function-failed", str(answer.failed)),
            ("x-ms-run-fn-exec-ms", f"{answer.run_us / 1000:.3f}"),
            ("x-ms-server-version", "runyard"),
        ]
    return found


def _unanswered(protocol: str, error: Unanswered) -> Response:
    found = refusal(protocol, error.status, error.message)
    if error.retry_after:
        found.headers.append(("retry-after", str(error.retry_after)))
    if error.status == TIMEOUT:
        found.headers.append(("x-ms-run-function-failed", "True"))
    return found


def _ids(request: Request) -> List[Tuple[str, str]]:
    """The ids of a request; of v1's two each stands for the other where that is missing."""
    kept = {name: request.kept[name].decode("latin-1") for name in IDS if name in request.kept}
    own = kept.get(REQUEST_ID) or str(uuid.uuid4())
    client = kept.get(CLIENT_ID) or kept.get(MS_ID)
    found = [("x-request-id", own), ("x-ms-request-id", kept.get(MS_ID) or client or own)]
    if client:
        found.append(("x-ms-client-request-id", client))
    if TRACE in kept:
        found.append(("TraceId", kept[TRACE]))
    return found
