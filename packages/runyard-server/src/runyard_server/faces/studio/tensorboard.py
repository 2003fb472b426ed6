"""The way to the service's TensorBoards: behind the studio's login, and to nothing else.

TensorBoard has no login, and a team's browsers do not reach the server's loopback. A request goes
on as HTTP/1.0, so that the answer is chunked by nobody, and without the cookie, which is not the
board's matter. Of the answer only those headers come back that say what its body is, and the
board's own policy of what its page may load; it can set no cookie.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

from starlette.responses import Response, StreamingResponse

from runyard.protocol.errors import NotFound, TemporaryError, Unauthenticated
from runyard.protocol.route import READER
from runyard_server.environments.boards import Board
from runyard_server.faces import login
from runyard_server.faces.bearer import bearer
from runyard_server.faces.exchange import Exchange

ADDRESS = "/tensorboard/{workspace}/{board}/{rest:path}"
HOST = "127.0.0.1"
FIRST_BYTE_SECONDS = 60.0
LARGEST_BODY = 1 << 20
_BLOCK = 64 << 10
_SENT = (
    "accept",
    "accept-encoding",
    "content-type",
    "if-none-match",
    "x-tensorboard-feature-flags",
)
_KEPT = (
    *("content-type", "content-encoding", "content-length", "cache-control", "etag"),
    *("content-security-policy", "x-content-type-options"),
)
_ALWAYS = {
    "referrer-policy": "no-referrer",
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
}
# TensorBoard's own page says what it may load. Another page that a board gave would be of the
# studio's origin all the same: one without a policy is shut in.
_SHUT_IN = {"content-security-policy": "sandbox; default-src 'none'"}


async def pass_on(exchange: Exchange) -> Response:
    """Answers what the page of a board asks for.

    Raises:
        Unauthenticated: The browser is not signed in.
        NotFound: There is no such board.
        TemporaryError: It does not answer yet, or no longer.
    """
    _check(exchange)
    board = exchange.parts.system.boards.find(
        exchange.segments["workspace"], exchange.segments["board"]
    )
    # The path as it came: decoded once more it might be another one.
    path = exchange.request.scope["raw_path"].decode("ascii")
    if not path.startswith(f"{board.prefix}/"):
        raise NotFound("Nothing is here.")
    query = exchange.request.scope["query_string"].decode("ascii")
    body = await exchange.body(LARGEST_BODY) if exchange.request.method == "POST" else b""
    target = f"{path}?{query}" if query else path
    try:
        async with asyncio.timeout(FIRST_BYTE_SECONDS):
            return await _ask(exchange, board, target, body)
    except (OSError, TimeoutError, ValueError, asyncio.IncompleteReadError) as error:
        raise TemporaryError(f"TensorBoard does not answer: {type(error).__name__}") from None


def _check(exchange: Exchange) -> None:
    authorization, workspace = exchange.header("authorization"), exchange.segments["workspace"]
    caller = login.identified(exchange, bearer(authorization) if authorization else "", None)
    if caller is None:
        raise Unauthenticated("sign in to the studio: runyard studio")
    if not caller.is_user:
        raise Unauthenticated("a run's token opens no TensorBoard")
    exchange.caller = caller
    login.check(exchange, caller, READER, workspace)


async def _ask(exchange: Exchange, board: Board, target: str, body: bytes) -> Response:
    if not board.port:
        raise OSError(board.state)
    reader, writer = await asyncio.open_connection(HOST, board.port)
    try:
        writer.write(_head(exchange, board, target, body) + body)
        await writer.drain()
        status, headers = _read(await reader.readuntil(b"\r\n\r\n"))
    except BaseException:
        writer.close()
        raise
    headers = {**_SHUT_IN, **headers, **_ALWAYS}
    return StreamingResponse(_rest(board, reader, writer), status, headers)


def _head(exchange: Exchange, board: Board, target: str, body: bytes) -> bytes:
    lines = [
        f"{exchange.request.method} {target} HTTP/1.0",
        f"Host: {HOST}:{board.port}",
        *(f"{name}: {value}" for name in _SENT if (value := exchange.header(name))),
    ]
    if exchange.request.method == "POST":
        lines.append(f"Content-Length: {len(body)}")
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode("latin-1")


def _read(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    status = int(first.split(" ")[1])
    pairs = [line.partition(":") for line in lines if line]
    found = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return status, {name: found[name] for name in _KEPT if name in found}


async def _rest(
    board: Board, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> AsyncIterator[bytes]:
    try:
        while block := await reader.read(_BLOCK):
            yield block
            board.touch()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
