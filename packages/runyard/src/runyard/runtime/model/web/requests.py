"""Requests of HTTP/1.1 as they come: heads of bounded size, bodies with a length or in chunks."""

from __future__ import annotations

import asyncio
import re
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from runyard.protocol import inference_paths as paths
from runyard.protocol.inference_headers import HEAD_BYTES, LENGTH

# A connection at rest, and a body that does not get on, are given up after so many seconds.
REST_SECONDS, STEP_SECONDS = 75.0, 30.0
BLOCK_BYTES = 64 << 10
BAD, SLOW, LARGE, FIELDS, NOT_HERE = 400, 408, 413, 431, 501
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINE = re.compile(rb"([A-Z]{1,20}) ([!-~]+) HTTP/1\.([01])")
_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_CHUNK = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(;.*)?")


class Fault(Exception):
    """What came is no request that could be answered; the connection ends with the answer.

    Args:
        status: The HTTP status.
        message: What is wrong.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Request(NamedTuple):
    """A request.

    Args:
        method: `GET`, `POST` …
        target: The path with its query.
        headers: All headers, by lower-case name.
        kept: The last of each name.
        body: Its body.
        keeps: Whether the client would send another on this connection.
    """

    method: str
    target: str
    headers: List[Tuple[bytes, bytes]]
    kept: Dict[bytes, bytes]
    body: bytes
    keeps: bool

    @property
    def path(self) -> str:
        """The path without its query."""
        return self.target.partition("?")[0]

    @property
    def query(self) -> str:
        """The query."""
        return self.target.partition("?")[2]


async def read(
    reader: asyncio.StreamReader, write: Callable[[bytes], None], largest: int
) -> Optional[Request]:
    """The next request; None when the client has gone or says nothing.

    Args:
        reader: The connection.
        write: Sends the leave to send a body to a client that waits for it.
        largest: The most bytes of a body.

    Raises:
        Fault: What came is no request, or too large.
    """
    head = await _head(reader)
    if head is None:
        return None
    line, *rest = head.split(b"\r\n")
    found = _LINE.fullmatch(line)
    if found is None:
        raise Fault(BAD, "this is no HTTP/1.1 request")
    headers = [_header(each) for each in rest]
    kept = dict(headers)
    size = _size(headers, kept, largest)
    if size != 0 and kept.get(b"expect", b"").lower() == b"100-continue":
        write(_CONTINUE)
    body = await _body(reader, size, largest)
    target = found.group(2)
    if not target.startswith(b"/"):
        target = paths.origin_form(target)
    said = kept.get(b"connection", b"").lower()
    keeps = b"close" not in said and (found.group(3) == b"1" or b"keep-alive" in said)
    method = found.group(1).decode("ascii")
    return Request(method, target.decode("ascii"), headers, kept, body, keeps)


async def _head(reader: asyncio.StreamReader) -> Optional[bytes]:
    try:
        found = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), REST_SECONDS)
    except asyncio.LimitOverrunError:
        told = f"the request line and headers are above {HEAD_BYTES >> 10} kB"
        raise Fault(FIELDS, told) from None
    except (asyncio.IncompleteReadError, asyncio.TimeoutError):
        return None
    return found[:-4].lstrip(b"\r\n")


def _header(line: bytes) -> Tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    value = value.strip(b" \t")
    if not colon or _NAME.fullmatch(name) is None or _CONTROL.search(value):
        raise Fault(BAD, "a header makes no sense")
    return name.lower(), value


def _size(headers: List[Tuple[bytes, bytes]], kept: Dict[bytes, bytes], largest: int) -> int:
    """The bytes of the body; -1: it comes in chunks."""
    coding = kept.get(b"transfer-encoding")
    if coding is not None:
        if LENGTH in kept:
            raise Fault(BAD, "a body has a length or comes in chunks, not both")
        if coding.lower() != b"chunked":
            raise Fault(NOT_HERE, "of transfer encodings only chunked is known")
        return -1
    lengths = {value for name, value in headers if name == LENGTH}
    if not lengths:
        return 0
    length = lengths.pop()
    if lengths or not length.isdigit():
        raise Fault(BAD, "the content-length makes no sense")
    if int(length) > largest:
        raise too_large(largest)
    return int(length)


def too_large(largest: int) -> Fault:
    """The refusal of a body that is above the limit."""
    return Fault(LARGE, f"the body is above {largest} bytes, the most that is taken")


async def _body(reader: asyncio.StreamReader, size: int, largest: int) -> bytes:
    if size >= 0:
        return await _exactly(reader, size)
    parts, total = [], 0
    while True:
        found = _CHUNK.fullmatch(await _line(reader))
        if found is None:
            raise Fault(BAD, "a chunk of the body has no size")
        count = int(found.group(1), 16)
        if not count:
            break
        total += count
        if total > largest:
            raise too_large(largest)
        parts.append(await _exactly(reader, count))
        if await _line(reader):
            raise Fault(BAD, "a chunk of the body is longer than its size")
    while await _line(reader):
        pass  # trailers tell nothing that is asked for
    return b"".join(parts)


async def _exactly(reader: asyncio.StreamReader, size: int) -> bytes:
    """So many bytes, as long as they get on."""
    parts = []
    while size:
        try:
            part = await asyncio.wait_for(reader.read(min(size, BLOCK_BYTES)), STEP_SECONDS)
        except asyncio.TimeoutError:
            raise Fault(SLOW, f"nothing of the body came within {STEP_SECONDS:g} s") from None
        if not part:
            raise ConnectionResetError("the client has gone within a body")
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


async def _line(reader: asyncio.StreamReader) -> bytes:
    try:
        line = await asyncio.wait_for(reader.readuntil(b"\r\n"), STEP_SECONDS)
    except asyncio.LimitOverrunError:
        raise Fault(BAD, "a chunk of the body has no size") from None
    except asyncio.IncompleteReadError:
        raise ConnectionResetError("the client has gone within a body") from None
    except asyncio.TimeoutError:
        raise Fault(SLOW, f"nothing of the body came within {STEP_SECONDS:g} s") from None
    return line[:-2]
