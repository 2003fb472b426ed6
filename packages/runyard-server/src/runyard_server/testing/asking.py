"""Asks an application without a network: for tests that put faces together themselves."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlsplit

from starlette.types import ASGIApp

from runyard_server.faces.endpoint import KNOWN


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def ask(
    app: ASGIApp,
    method: str,
    target: str,
    body: bytes = b"",
    headers: Mapping[str, str] | None = None,
    known: Callable[[], None] = lambda: None,
) -> Answer:
    """Send one request and wait for the whole answer.

    Args:
        app: The application.
        method: The HTTP method.
        target: Path and query, as on the request line.
        body: The body, sent at once.
        headers: In lower case; Host and Content-Length are added.
        known: Called when the application has found out who asks.
    """
    return asyncio.run(_asked(app, method, target, body, headers or {}, known))


def ask_at_once(app: ASGIApp, target: str, count: int) -> list[Answer]:
    """Get the same so many times, all on their way at once.

    Args:
        app: The application.
        target: Path and query.
        count: How many requests.
    """

    async def together() -> list[Answer]:
        several = (_asked(app, "GET", target, b"", {}, lambda: None) for _ in range(count))
        return await asyncio.gather(*several)

    return asyncio.run(together())


async def _asked(
    app: ASGIApp,
    method: str,
    target: str,
    body: bytes,
    headers: Mapping[str, str],
    known: Callable[[], None],
) -> Answer:
    parts = urlsplit(target)
    # By a name that the gate lets pass.
    given = {"host": "localhost", "content-length": str(len(body)), **headers}
    scope = {
        "type": "http",
        "method": method,
        "path": unquote(parts.path),
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
        "state": {KNOWN: known},
    }
    sent: list[Any] = []
    await _serve(app, scope, body, sent)
    told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return Answer(sent[0]["status"], told, b"".join(part.get("body", b"") for part in sent[1:]))


async def _serve(app: ASGIApp, scope: Any, body: bytes, sent: list[Any]) -> None:
    given = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if given:
            return given.pop()
        # The client stays: a disconnect would end a stream.
        return await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
