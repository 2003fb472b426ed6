"""A call of an endpoint by the service itself, over the port that the gateway answers at."""

import json
import threading
import time
from http.client import HTTPConnection, HTTPException, HTTPResponse
from urllib.parse import urlsplit

from runyard.protocol.endpoints import CallEndpoint, EndpointAnswer
from runyard.protocol.errors import InvalidRequest, TemporaryError, WrongState

LONGEST_SECONDS = 60.0
LARGEST_ANSWER = 16 << 20
_DEPLOYMENT = "runyard-deployment"
_RUN_MILLISECONDS = "x-ms-run-fn-exec-ms"
_AT_ONCE = 4
# Each holds a thread that other requests need, for as long as a model takes.
_turns = threading.BoundedSemaphore(_AT_ONCE)


def call(address: str, opens: str, asked: CallEndpoint) -> EndpointAnswer:
    """Send a request and take the answer, whatever its status.

    Args:
        address: Where the endpoint answers.
        opens: Its key or token, "" where it needs none.
        asked: The request.

    Raises:
        InvalidRequest: The path is none.
        WrongState: Nobody answers there, or not in time.
        TemporaryError: Too many are being called just now.
    """
    if not asked.path.startswith("/") or not asked.path.isascii() or not asked.path.isprintable():
        raise InvalidRequest(f"path is {asked.path[:80]!r}; give one such as '/score'")
    if not _turns.acquire(blocking=False):
        raise TemporaryError(
            f"the service makes {_AT_ONCE} calls at once and all are under way; "
            f"call {address} itself"
        )
    try:
        return _sent(address, opens, asked)
    finally:
        _turns.release()


def _sent(address: str, opens: str, asked: CallEndpoint) -> EndpointAnswer:
    parts = urlsplit(address)
    line = HTTPConnection(parts.hostname or "", parts.port, timeout=LONGEST_SECONDS)
    body = None if asked.body is None else asked.body.encode()
    began = time.monotonic()
    try:
        line.request("GET" if body is None else "POST", asked.path, body, _headers(opens, asked))
        answer = line.getresponse()
        told = answer.read(LARGEST_ANSWER + 1)
    except TimeoutError:
        raise WrongState(
            f"no answer came within {LONGEST_SECONDS:.0f} s; call {address} itself, "
            "which waits longer"
        ) from None
    # Its path has a character that none may have, which is told as a ValueError.
    except (HTTPException, OSError, ValueError) as error:
        raise WrongState(f"{address} cannot be called: {error}") from None
    finally:
        line.close()
    if len(told) > LARGEST_ANSWER:
        raise WrongState(
            f"the answer has more than {LARGEST_ANSWER >> 20} MB; call {address} itself for it"
        )
    return _answer(answer, told, (time.monotonic() - began) * 1000)


def _headers(opens: str, asked: CallEndpoint) -> dict[str, str]:
    found = {"Authorization": f"Bearer {opens}"} if opens else {}
    if asked.deployment is not None:
        found[_DEPLOYMENT] = asked.deployment
    if asked.body is not None:
        found["Content-Type"] = "application/json" if _is_json(asked.body) else "text/plain"
    return found


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _answer(answer: HTTPResponse, told: bytes, milliseconds: float) -> EndpointAnswer:
    run = answer.headers.get(_RUN_MILLISECONDS)
    return EndpointAnswer(
        status=answer.status,
        body=told.decode("utf-8", "replace"),
        content_type=answer.headers.get("content-type", ""),
        milliseconds=milliseconds,
        run_milliseconds=None if run is None else float(run),
    )
