"""Raw answers: a file, whole or a range of it, read in threads in steps of up to a megabyte.

A stored content has its digest as ETag. A file that still grows is never cached, and ends where
it ended when the request came. `Range` is served for one range; several are answered as none.
"""

import re
from collections.abc import AsyncIterator
from functools import partial

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from runyard.protocol.batches import SMALL_BYTES
from runyard.protocol.route import STRAIGHT
from runyard_server.core.system import Chunks, Content, RemoteContent
from runyard_server.faces.threads import Threads
from runyard_server.store.folders import Reading

STEP = 1 << 20
_RANGE = re.compile(r"bytes=(?:(?P<first>\d{1,18})-(?P<last>\d{0,18})|-(?P<suffix>\d{1,18}))")
# What a browser would run or render on the service's own address is sent as plain bytes or text.
_SAFE = re.compile(r"(image/(?!svg)[\w.+-]+|text/plain|application/(json|octet-stream))\b.*")
# What a browser may show at the file's own address; all else it is told to keep as a file.
_SHOWN = re.compile(r"(image/|text/plain\b|application/json\b).*")


async def answer(request: Request, content: Content | RemoteContent, threads: Threads) -> Response:
    """The answer that carries a content, as the request's headers ask for it.

    Args:
        request: The request, for its headers.
        content: The content.
        threads: Read the file.
    """
    headers = _headers(content)
    etag = headers.get("ETag")
    if etag and _matches(request.headers.get("if-none-match", ""), etag):
        return Response(status_code=304, headers=headers)
    wanted = _wanted(request, etag)
    span = _span(wanted, content.size) if wanted else (0, content.size)
    if span is None:
        headers["Content-Range"] = f"bytes */{content.size}"
        return Response(status_code=416, headers=headers)
    first, end = span
    if wanted:
        headers["Content-Range"] = f"bytes {first}-{end - 1}/{content.size}"
    headers["Content-Length"] = str(end - first)
    status = 206 if wanted else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers)
    # Opened before the answer begins: what replaces the file later does not mix with it.
    if isinstance(content, RemoteContent) and _goes_straight(request, content):
        address = await threads.run(content.address)
        if address:
            headers |= {"Location": address, "Cache-Control": "no-store", "Content-Length": "0"}
            headers.pop("Content-Range", None)
            return Response(status_code=307, headers=headers)
    file = await threads.run(partial(content.open, first, end))
    return StreamingResponse(_chunks(file, end - first, threads), status, headers)


def _goes_straight(request: Request, content: RemoteContent) -> bool:
    """Whether a client fetches a large file from its store, where it is told the address."""
    # Only who says so: a browser would send its request to an origin that does not know it.
    return content.size > SMALL_BYTES and STRAIGHT in request.headers.get("prefer", "")


def kept(answer: Response) -> Response:
    """The same answer for a browser that is signed in: what it could do more than show is a file.

    Jobs write these files. One that somebody is led to by a link must never become a page.
    """
    if not _SHOWN.fullmatch(answer.headers.get("content-type", "")):
        answer.headers["Content-Disposition"] = "attachment"
    return answer


def made(answer: Chunks, threads: Threads) -> Response:
    """The answer that is made while it is sent."""
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
    if answer.name:
        headers["Content-Disposition"] = f'attachment; filename="{answer.name}"'
    return StreamingResponse(_made(answer, threads), 200, headers, "application/octet-stream")


async def _made(answer: Chunks, threads: Threads) -> AsyncIterator[bytes]:
    # With a default, for a thread cannot hand StopIteration to a future.
    while chunk := await threads.run(partial(next, answer.chunks, b"")):
        yield chunk


def _headers(content: Content | RemoteContent) -> dict[str, str]:
    safe = _SAFE.fullmatch(content.media_type)
    headers = {
        "Content-Type": content.media_type if safe else "application/octet-stream",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store" if content.live else "private, no-cache",
    }
    if content.digest and not content.live:
        headers["ETag"] = f'"{content.digest}"'
    return headers


def _matches(given: str, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in given.split(",")]
    return etag in tags or "*" in tags


def _wanted(request: Request, etag: str | None) -> re.Match[str] | None:
    """The one range to serve, if it is of the content that the client has a part of."""
    condition = request.headers.get("if-range")
    if condition is not None and condition != etag:
        return None
    return _RANGE.fullmatch(request.headers.get("range", ""))


def _span(wanted: re.Match[str], size: int) -> tuple[int, int] | None:
    """First and end byte of what is asked for, None if it lies outside."""
    if wanted["suffix"]:
        first, end = max(0, size - int(wanted["suffix"])), size
    else:
        first = int(wanted["first"])
        end = min(int(wanted["last"]) + 1, size) if wanted["last"] else size
    return (first, end) if first < end else None


async def _chunks(file: Reading, left: int, threads: Threads) -> AsyncIterator[bytes]:
    """Read a file to its announced end; one that became shorter breaks the answer off."""
    with file:
        while left > 0:
            chunk = await threads.run(partial(file.read, min(STEP, left)))
            if not chunk:
                raise EOFError(f"a file became {left} bytes shorter while it was being read")
            left -= len(chunk)
            yield chunk
