"""One way to ask: a pool of keep-alive HTTP connections to one service.

A call names a row of `protocol.routes`. Answers become records, errors become the protocol's
errors. Every request of the protocol may be repeated without harm (creates carry an
Idempotency-Key), so a broken connection is tried again, and when nothing listens any more
`recover` is asked where the service is now. Safe to use from many threads and after a fork.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import socket
import time
from collections import deque
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Callable,
    Deque,
    Dict,
    NamedTuple,
    Optional,
    Tuple,
    Type,
    TypeVar,
    Union,
)
from urllib.parse import quote, urlencode, urlsplit

from runyard.client import ranges
from runyard.client.download import Download, RangeIgnored
from runyard.protocol import codec, escapes
from runyard.protocol.errors import (
    InvalidRequest,
    NotFound,
    RunyardError,
    ServiceUnreachable,
    TemporaryError,
    from_wire,
)
from runyard.protocol.route import STRAIGHT, Bytes, Events, Nothing, Route
from runyard.protocol.timeouts import CLIENT_TIMEOUT_SECONDS

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self

Answer = TypeVar("Answer")
Body = Union[None, bytes, "Limited"]

BLOCK_BYTES = 1 << 20
BROKEN = (ConnectionError, http.client.HTTPException, OSError)
PAUSES = (0.1, 0.4, 1.0)


class Address(NamedTuple):
    """Where a service listens, and the token it takes."""

    url: str
    token: str


class Connection:
    """A service that can be asked.

    Args:
        url: `http://host:port` or `https://…`, without the protocol's prefix.
        token: What goes into the Authorization header.
        recover: Says where the service is when nothing answers at the known place; it may start
            one. None: the service has one fixed address.
        timeout: Seconds without a byte after which a request counts as lost.
        home: The service's state folder, where this process sees it; "" elsewhere.
    """

    def __init__(
        self,
        url: str,
        token: str,
        recover: Optional[Callable[[], Address]] = None,
        timeout: float = CLIENT_TIMEOUT_SECONDS,
        home: str = "",
    ) -> None:
        self.url = url.rstrip("/")
        self.token = token
        self.timeout = timeout
        self.home = home
        self._recover = recover
        self._idle: Deque[_Kept] = deque()
        self._process = os.getpid()
        self._by_service_alone = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: Optional[Type[BaseException]],
        error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # Kept sockets would otherwise be warned about, by Python, in the user's name.
        self.close()

    def call(
        self,
        route: Route[Answer],
        *segments: str,
        body: Any = None,
        query: Any = None,
        key: Optional[str] = None,
        wait: float = 0.0,
    ) -> Answer:
        """Ask a route and give its answer.

        Args:
            route: A row of `protocol.routes`.
            segments: What stands for the braces of the route's path, in order.
            body: The record to send.
            query: The query record.
            key: The Idempotency-Key; made when the route creates something.
            wait: Seconds that the service may wait for an answer that is news, where the route
                lets it.

        Raises:
            RunyardError: The service refused, or cannot be reached.
        """
        headers = {"Accept": "application/json"}
        data = None
        if body is not None:
            data = codec.encode(body)
            headers["Content-Type"] = "application/json"
        if route.creates:
            headers["Idempotency-Key"] = key or os.urandom(16).hex()
        if wait:
            headers["Prefer"] = f"wait={wait:g}"
        target = _target(route, segments, query)
        return self._answer(route, self._patient(route.method, target, headers, data))

    def send(
        self,
        route: Route[Answer],
        *segments: str,
        data: Union[bytes, BinaryIO],
        size: int,
        query: Any = None,
    ) -> Answer:
        """Send a raw body of `size` bytes and give the answer; a stream is read from where it is.

        Args:
            route: The row of the table of routes.
            data: The body: bytes, or a stream that is read from where it is.
            size: Bytes of the body.
            query: The query's record, None for none.
            *segments: The segments of the row's path.

        Raises:
            RunyardError: The service refused, or cannot be reached.
        """
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        target = _target(route, segments, query)
        body = data if isinstance(data, bytes) else Limited(data, size)
        return self._answer(route, self._patient(route.method, target, headers, body))

    def open(
        self,
        route: Route[Any],
        *segments: str,
        query: Any = None,
        offset: int = 0,
        end: Optional[int] = None,
    ) -> Download:
        """Open a raw answer for reading, from byte `offset` on; use it in a `with` block.

        A transfer that breaks is taken up again where it stopped.

        Args:
            route: The row of the table of routes.
            query: The query's record, None for none.
            offset: The first byte that is wanted.
            end: The byte behind the last one that is wanted, which must be there; None: all.
            *segments: The segments of the row's path.

        Raises:
            RangeIgnored: An `end` is given, and whoever answers sends all there is.
        """
        target = _target(route, segments, query)
        return Download(lambda start: _tried(self._read, route.method, target, start, end), offset)

    def read(self, route: Route[Any], *segments: str, body: Any) -> bytes:
        """Ask a route with a record and give its raw answer whole; it is bounded by the request.

        Args:
            route: The row of the table of routes.
            segments: What stands for the braces of the route's path, in order.
            body: The record, or its JSON where it is at hand.

        Raises:
            RunyardError: The service refused, or cannot be reached.
        """
        headers = {"Content-Type": "application/json"}
        target = _target(route, segments, None)
        data = body if isinstance(body, bytes) else codec.encode(body)
        answer = self._patient(route.method, target, headers, data)
        content: bytes = answer.content
        return content

    def fetch(self, path: str) -> bytes:
        """Read a file that the service has beside the protocol.

        Args:
            path: Its address on the service.

        Raises:
            RunyardError: The service refused, or cannot be reached.
        """
        content: bytes = self._patient("GET", path, {}, None).content
        return content

    def stream(
        self, route: Route[Any], *segments: str, query: Any = None, timeout: float = 60.0
    ) -> Any:
        """Open a stream of server-sent events; the caller closes it.

        Args:
            route: The row of the table of routes.
            query: The query's record, None for none.
            timeout: Seconds without a byte after which it counts as broken.
            *segments: The segments of the row's path.
        """
        headers = {"Accept": "text/event-stream"}
        target = _target(route, segments, query)
        response, used = self._request(route.method, target, headers, None, timeout, reuse=False)
        response.connection = used  # closed with the stream: a stream's connection is not kept
        if response.status != http.client.OK:
            content = response.read()
            used.close()
            raise _error(response.status, content)
        return response

    def close(self) -> None:
        """Close what is idle; the connection can still be used afterwards."""
        while self._idle:
            kept = self._idle.popleft()
            if kept.is_ours():
                kept.connection.close()

    def _read(self, method: str, target: str, start: int, end: Optional[int]) -> Any:
        headers = ranges.header(start, end)
        asked = headers if self._by_service_alone else {**headers, "Prefer": STRAIGHT}
        response, connection = self._request(method, target, asked, None)
        if response.status == http.client.TEMPORARY_REDIRECT:
            response.read()
            self._give(connection, response)
            straight = self._straight(response, start, end)
            if straight is not None:
                return straight
            response, connection = self._request(method, target, headers, None)
        empty = response.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE
        if not empty and response.status not in (http.client.OK, http.client.PARTIAL_CONTENT):
            content = response.read()
            self._give(connection, response)
            raise _error(response.status, content)
        if empty:
            response.read()
        if response.status == http.client.OK and headers:
            if end is not None:
                # As behind a proxy that knows no ranges: each piece would be the whole file.
                connection.close()
                raise RangeIgnored(f"{self.url} gives no parts of files")
            ranges.skip(response, start)
        response.finished = lambda: self._give(connection, response)  # called by Download
        return response

    def _straight(self, response: Any, start: int, end: Optional[int]) -> Any:
        """Follow the service to a store that has a content; None where there is no such way."""
        from runyard.client import redirects

        version = response.getheader("ETag") or ""
        answer = redirects.followed(response.getheader("Location") or "", start, end, version)
        if answer is None:
            self._by_service_alone = True
        return answer

    def _patient(self, method: str, target: str, headers: Dict[str, str], body: Body) -> Any:
        return _tried(self._whole, method, target, headers, body)

    def _whole(self, method: str, target: str, headers: Dict[str, str], body: Body) -> Any:
        """Ask, read the whole answer and give the connection back."""
        for _ in range(2):
            response, connection = self._request(method, target, headers, body)
            try:
                response.content = response.read()
            except BROKEN:
                connection.close()
                continue
            self._give(connection, response)
            if response.status >= http.client.BAD_REQUEST:
                raise _error(response.status, response.content)
            return response
        raise ServiceUnreachable(f"the answers of {self.url} break off", {"url": self.url})

    def _request(
        self,
        method: str,
        target: str,
        headers: Dict[str, str],
        body: Body,
        timeout: Optional[float] = None,
        *,
        reuse: bool = True,
    ) -> Any:
        """Send one request and read the head of its answer, over a kept or a new connection."""
        while True:
            connection = self._take() if reuse else None
            if connection is None:
                break
            try:
                return self._exchange(connection, method, target, headers, body), connection
            except socket.timeout:
                connection.close()
                raise self._silent() from None
            except BROKEN:
                connection.close()
        return self._fresh(method, target, headers, body, timeout)

    def _fresh(
        self,
        method: str,
        target: str,
        headers: Dict[str, str],
        body: Body,
        timeout: Optional[float],
    ) -> Any:
        """Ask over a new connection; when it fails, look where the service is now and ask there."""
        for attempt in (1, 2):
            connection = self._new(timeout)
            try:
                response = self._exchange(connection, method, target, headers, body)
            except socket.timeout:
                connection.close()
                raise self._silent() from None
            except BROKEN as error:
                connection.close()
                if attempt == 1 and self._moved():
                    continue
                where = "a service runs" if self._recover else "one runs on its machine"
                raise ServiceUnreachable(
                    f"nothing answers at {self.url} ({error}); `runyard status` says whether "
                    f"{where}, `runyard serve` starts one",
                    {"url": self.url},
                ) from error
            # Another service may have got the port meanwhile, which does not know the token.
            if response.status == http.client.UNAUTHORIZED and attempt == 1 and self._moved():
                connection.close()
                continue
            return response, connection
        raise AssertionError("the second attempt returns or raises")

    def _exchange(
        self,
        connection: http.client.HTTPConnection,
        method: str,
        target: str,
        headers: Dict[str, str],
        body: Body,
    ) -> http.client.HTTPResponse:
        if isinstance(body, Limited):
            body.rewind()
        given = {**headers, "Authorization": f"Bearer {self.token}"}
        try:
            connection.request(method, target, body=body, headers=given)
        except (BrokenPipeError, ConnectionResetError):
            # The service may have refused before it read all: its answer is then still to be read.
            if connection.sock is None:
                raise
        except InvalidRequest:
            connection.close()
            raise
        return connection.getresponse()

    def _silent(self) -> ServiceUnreachable:
        return ServiceUnreachable(
            f"{self.url} did not answer within {self.timeout:.0f} s; the service's log says what "
            "it was doing",
            {"url": self.url},
        )

    def _moved(self) -> bool:
        """Find the service's present address; returns whether trying again makes sense."""
        if self._recover is None:
            return False
        try:
            address = self._recover()
        except OSError:
            return False
        self.close()
        self.url, self.token = address.url.rstrip("/"), address.token
        return True

    def _new(self, timeout: Optional[float] = None) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        host = parts.hostname or "127.0.0.1"
        wait = self.timeout if timeout is None else timeout
        if parts.scheme == "https":
            import ssl

            context = ssl.create_default_context()
            return http.client.HTTPSConnection(
                host, parts.port, timeout=wait, blocksize=BLOCK_BYTES, context=context
            )
        return http.client.HTTPConnection(host, parts.port, timeout=wait, blocksize=BLOCK_BYTES)

    def _take(self) -> Optional[http.client.HTTPConnection]:
        if self._process != os.getpid():
            # The sockets belong to the parent process; closing our copies leaves its own open.
            self._process = os.getpid()
            self.close()
        while self._idle:
            with contextlib.suppress(IndexError):  # another thread may have been quicker
                kept = self._idle.pop()
                if kept.is_ours():
                    return kept.connection
        return None

    def _give(
        self, connection: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> None:
        if response.isclosed() and connection.sock is not None:
            self._idle.append(_Kept(connection))
        else:
            connection.close()
        # Its finalizer would do that too, and swallow a Ctrl-C that comes while it does.
        response.close()

    @staticmethod
    def _answer(route: Route[Answer], response: Any) -> Answer:
        if route.answer is Nothing or response.status == http.client.NO_CONTENT:
            return Nothing()  # type: ignore[return-value]  # the marker stands for no body
        if route.answer in (Bytes, Events):
            raise TypeError(f"{route.name} is opened, not called")
        return codec.decode(route.answer, response.content)


class _Kept:
    """A connection that waits for its next request.

    The script may close descriptors that are not its own, and get the number for a file: then
    the socket is neither used nor closed, which would break that file.
    """

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection
        # Connections are also closed when the interpreter has cleared the modules.
        self._fstat = os.fstat
        self._identity = self._look()

    def is_ours(self) -> bool:
        """Whether the descriptor is still this socket's; else the socket lets go of it."""
        if self.connection.sock is None or self._look() == self._identity:
            return True
        self.connection.sock.detach()
        return False

    def _look(self) -> Optional[Tuple[int, int]]:
        try:
            found = self._fstat(self.connection.sock.fileno())
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Limited:
    """The next `size` bytes of a stream as a request body that can be sent again."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._start = stream.tell() if stream.seekable() else None
        self._size = size
        self._left = size

    def rewind(self) -> None:
        """Go back to where the body begins."""
        if self._left != self._size:
            if self._start is None:
                # Whoever gave the stream knows how to go on, or has nothing to go on with.
                raise ServiceUnreachable("the connection broke while a stream was being sent")
            self._stream.seek(self._start)
            self._left = self._size

    def read(self, size: int = -1) -> bytes:
        """Read the next bytes; a stream that ends early is an error, not a shorter body."""
        wanted = self._left if size < 0 else min(size, self._left)
        try:
            data = self._stream.read(wanted) if wanted else b""
        except OSError as error:
            # Not the network's: those are waited for, and say that nothing answers.
            raise InvalidRequest(f"the file cannot be read: {error.strerror}") from error
        if wanted and not data:
            raise InvalidRequest(
                f"the file became {self._left} bytes shorter while it was being sent"
            )
        self._left -= len(data)
        return data


def _target(route: Route[Any], segments: Any, query: Any) -> str:
    """Write the path and query of a request.

    Raises:
        InvalidRequest: A part of it cannot be written as UTF-8.
        NotFound: A part of the path can name nothing.
    """
    try:
        return _written(route, segments, query)
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            escapes.complaint(str(error.object), "what was asked for") or str(error)
        ) from None


def _written(route: Route[Any], segments: Any, query: Any) -> str:
    left = list(segments)
    parts = []
    for part in route.url.split("/"):
        if part.startswith("{"):
            value = str(left.pop(0))
            whole = part.endswith(":path}")
            if not whole and ("/" in value or value in (".", "..")):
                raise _no_name(part.strip("{}"), value)
            parts.append(quote(value, safe="/" if whole else ""))
        else:
            parts.append(part)
    if left:
        raise TypeError(f"{route.name} takes {len(segments) - len(left)} path segments: {segments}")
    asked = _query(query)
    return "/".join(parts) + (f"?{asked}" if asked else "")


def _no_name(kind: str, value: str) -> NotFound:
    """Make the error for what would lead elsewhere as a part of a path."""
    what = "compute target" if kind == "compute" else kind
    return NotFound(
        f"{value[:80]!r} names no {what}: names and ids have letters, digits, '_', '-' and '.', "
        "begin with a letter or a digit and have no '/'"
    )


def _query(query: Any) -> str:
    """Write a query record: lists repeat their name, None and booleans as in JSON."""
    if query is None:
        return ""
    pairs = []
    for name, value in codec.to_plain(query).items():
        many = value if isinstance(value, list) else [value]
        pairs += [(name, _text(item)) for item in many if item is not None]
    return urlencode(pairs)


def _text(value: Any) -> str:
    return json.dumps(value) if isinstance(value, bool) else str(value)


def _tried(ask: Callable[..., Any], *given: Any) -> Any:
    """Ask the service, and again a few times when it says that it cannot just now."""
    for pause in PAUSES:
        answer = _unless_temporary(ask, *given)
        if answer is not None:
            return answer
        time.sleep(pause)
    return ask(*given)


def _unless_temporary(ask: Callable[..., Any], *given: Any) -> Any:
    try:
        return ask(*given)
    except (ServiceUnreachable, RangeIgnored):
        raise
    except TemporaryError:
        return None


def _error(status: int, content: bytes) -> RunyardError:
    """Make the error that an answer describes."""
    try:
        body = json.loads(content.decode("utf-8"))
    except ValueError:
        body = content.decode("utf-8", "replace")
    return from_wire(status, body)
