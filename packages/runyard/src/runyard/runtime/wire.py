"""HTTP/1.1 in as few lines and imports as an agent can live with.

`runyard.client.connection` is the full client; it costs more to import than an empty script takes
to run. An agent makes few kinds of request, with plain JSON or raw bodies, over kept connections
that are shared by its threads. When nothing answers, or somebody else does, the connection file
says where the service listens now.
"""

from __future__ import annotations

import errno
import io
import json
import socket
from typing import Any, BinaryIO, Dict, List, Optional, Tuple, Union

from runyard.protocol.errors import (
    InvalidRequest,
    RunyardError,
    ServiceUnreachable,
    TemporaryError,
    Unauthenticated,
    from_wire,
)
from runyard.protocol.timeouts import AGENT_TIMEOUT_SECONDS

BLOCK_BYTES = 1 << 20
JSON = "application/json"
_FINAL, _REFUSED = 200, 400
# One that lists thousands of missing contents is as long as that.
_REFUSAL_BYTES = 4 << 20
# What is said of a request itself, or of its token, also by who stands before the service.
_OF_REQUESTS = (400, 401, 411, 413, 414, 431)
RAW = "application/octet-stream"
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")


def quote(text: str, safe: str = "") -> str:
    """Percent-encode one segment of a path (or several, with "/" in `safe`)."""
    allowed = _UNRESERVED | frozenset(safe.encode("ascii"))
    octets = text.encode("utf-8", "surrogateescape")
    return "".join(chr(octet) if octet in allowed else f"%{octet:02X}" for octet in octets)


class Wire:
    """The service's address, and the open connections to it.

    Args:
        url: `http://host:port` or `https://…`.
        token: The run's own token.
        connection_file: Where the service says where it listens; "" if there is no such file.
        timeout: Seconds without a byte after which a request counts as lost.
    """

    def __init__(
        self,
        url: str,
        token: str,
        connection_file: str = "",
        timeout: float = AGENT_TIMEOUT_SECONDS,
    ) -> None:
        self.url = url.rstrip("/")
        self._token = token
        self._connection_file = connection_file
        self._timeout = timeout
        self._idle: List[_Line] = []

    def ask(
        self,
        method: str,
        target: str,
        body: Union[bytes, BinaryIO] = b"",
        size: Optional[int] = None,
        kind: str = JSON,
        wait: float = 0.0,
    ) -> bytes:
        """Send a request and give the whole body of the answer.

        Args:
            method: The HTTP method.
            target: Path and query, encoded.
            body: Bytes, or a file that can be rewound.
            size: Bytes of the body; needed for a file.
            kind: Content-Type of the body.
            wait: For how long the service may keep an answer back until there is a better one.

        Raises:
            RunyardError: The service refused (its own error), or cannot be reached.
        """
        sink = io.BytesIO()
        self._exchange(method, target, _Body(body, size, kind, wait), sink)
        return sink.getvalue()

    def fetch(self, target: str, sink: BinaryIO) -> None:
        """GET a raw content into an empty file open for reading and writing."""
        self._exchange("GET", target, _Body(b"", 0, ""), sink)

    def close(self) -> None:
        """Close what is open."""
        while self._idle:
            self._idle.pop().close()

    def _exchange(self, method: str, target: str, body: _Body, sink: BinaryIO) -> None:
        """Try the kept connections, then a new one, then the service's new address."""
        while self._idle:
            line = self._idle.pop()
            try:
                return self._over(line, method, target, body, sink)
            except (OSError, EOFError) as error:
                # A kept connection may have been closed by the service since: no failure yet.
                line.close()
                _raise_if_full(error)
        try:
            return self._anew(method, target, body, sink)
        except (ServiceUnreachable, Unauthenticated):
            if not self._moved():
                raise
        return self._anew(method, target, body, sink)

    def _anew(self, method: str, target: str, body: _Body, sink: BinaryIO) -> None:
        line = None
        try:
            line = _Line(self.url, self._timeout)
            self._over(line, method, target, body, sink)
        except (OSError, EOFError) as error:
            if line is not None:
                line.close()
            _raise_if_full(error)
            raise ServiceUnreachable(f"nothing answers at {self.url}: {error}") from error

    def _over(self, line: _Line, method: str, target: str, body: _Body, sink: BinaryIO) -> None:
        try:
            line.send(method, target, self._token, body)
        except RunyardError:
            # Of the local file. Half a request has gone: another would count as its rest.
            line.close()
            raise
        # A connection that broke in the middle of an answer has left a part of it.
        sink.seek(0)
        sink.truncate()
        status, keep = line.receive(sink)
        refusal = _refusal(status, sink) if status >= _REFUSED else None
        if keep:
            self._idle.append(line)
        else:
            line.close()
        if refusal is not None:
            raise refusal

    def _moved(self) -> bool:
        """Read the connection file; returns whether the service listens elsewhere now."""
        if not self._connection_file:
            return False
        try:
            with open(self._connection_file, "rb") as stream:
                url = str(json.loads(stream.read().decode("utf-8"))["url"]).rstrip("/")
        except (OSError, ValueError, KeyError, TypeError):
            return False
        # A service that is started again may listen at another port.
        moved = url != self.url
        self.url = url
        return moved


class _Body:
    """A request's body and what goes with it, sent as often as needed."""

    def __init__(
        self, data: Union[bytes, BinaryIO], size: Optional[int], kind: str, wait: float = 0.0
    ) -> None:
        self.kind = kind
        self.wait = wait
        if isinstance(data, bytes):
            self.size = len(data)
            self.data = data
            self.file: Optional[BinaryIO] = None
        else:
            assert size is not None, "a file's size must be given"
            self.size = size
            self.data = b""
            self.file = data

    def send(self, sock: socket.socket, head: bytes) -> None:
        sock.sendall(head + self.data)
        if self.file is None:
            return
        self.file.seek(0)
        left = self.size
        while left:
            block = _read(self.file, min(left, BLOCK_BYTES))
            if not block:
                raise InvalidRequest(f"a file became {left} bytes shorter while it was being sent")
            sock.sendall(block)
            left -= len(block)


def _read(file: BinaryIO, size: int) -> bytes:
    try:
        return file.read(size)
    except OSError as error:
        # Not the network's, which is waited for: a disk that fails does so for the next try, too.
        raise InvalidRequest(f"the file cannot be read: {error.strerror}") from error


class _Line:
    """One open connection."""

    def __init__(self, url: str, timeout: float) -> None:
        scheme, _, rest = url.partition("://")
        self._authority, _, prefix = rest.partition("/")
        self._prefix = f"/{prefix}" if prefix else ""
        host, port = _host_and_port(self._authority, 443 if scheme == "https" else 80)
        # As bytes: a text would have its encoding looked up, which takes as long as a request.
        octets: Any = host.encode("ascii")
        self._socket = socket.create_connection((octets, port), timeout)
        # Without it the kernel holds back the second packet of a request for up to 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if scheme == "https":
            import ssl

            context = ssl.create_default_context()
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        self._answers = self._socket.makefile("rb")

    def close(self) -> None:
        self._answers.close()
        self._socket.close()

    def send(self, method: str, target: str, token: str, body: _Body) -> None:
        lines = [
            f"{method} {self._prefix}{target} HTTP/1.1",
            f"Host: {self._authority}",
            f"Authorization: Bearer {token}",
            f"Content-Length: {body.size}",
        ]
        if body.kind:
            lines.append(f"Content-Type: {body.kind}")
        if body.wait:
            lines.append(f"Prefer: wait={body.wait:g}")
        try:
            body.send(self._socket, "\r\n".join([*lines, "", ""]).encode("ascii"))
        except (BrokenPipeError, ConnectionResetError):
            # The service may have refused before it read all; its answer can still be there.
            return

    def receive(self, sink: BinaryIO) -> Tuple[int, bool]:
        """Read an answer; give its status and whether the connection may be used again."""
        status, headers = self._head()
        # A 100 Continue, or another answer that only announces the real one.
        while status < _FINAL:
            status, headers = self._head()
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while self._chunk(sink):
                pass
        elif "content-length" in headers:
            self._copy(int(headers["content-length"]), sink)
        elif status not in (204, 304):
            self._copy_all(sink)
            return status, False
        return status, headers.get("connection", "").lower() != "close"

    def _head(self) -> Tuple[int, Dict[str, str]]:
        version, _, rest = self._line().partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not status.isdigit():
            raise EOFError("the answer is not HTTP/1.1")
        headers = {}
        for line in iter(self._line, ""):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
        return int(status), headers

    def _line(self) -> str:
        line = self._answers.readline(1 << 16)
        if not line.endswith(b"\n"):
            raise EOFError("the connection was closed")
        return line.decode("latin-1").rstrip("\r\n")

    def _chunk(self, sink: BinaryIO) -> bool:
        try:
            size = int(self._line().partition(";")[0], 16)
        except ValueError:
            raise EOFError("the answer is broken") from None
        self._copy(size, sink)
        while self._line() and not size:
            pass
        return bool(size)

    def _copy(self, size: int, sink: BinaryIO) -> None:
        while size:
            block = self._answers.read(min(size, BLOCK_BYTES))
            if not block:
                raise EOFError("the connection was closed")
            sink.write(block)
            size -= len(block)

    def _copy_all(self, sink: BinaryIO) -> None:
        sink.writelines(iter(lambda: self._answers.read(BLOCK_BYTES), b""))


def _host_and_port(authority: str, default: int) -> Tuple[str, int]:
    host, colon, port = authority.rpartition(":")
    if not colon or port.endswith("]"):
        return authority.strip("[]"), default
    return host.strip("[]"), int(port)


def _raise_if_full(error: BaseException) -> None:
    """Raise an error that means a full disk below the sink: another connection would not help."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        raise error


def _refusal(status: int, sink: BinaryIO) -> RunyardError:
    """Make the error that an answer describes, and take the answer out of the sink again.

    Raises:
        EOFError: It is no answer of the service's.
    """
    sink.seek(0)
    text = sink.read(_REFUSAL_BYTES).decode("utf-8", "replace")
    sink.seek(0)
    sink.truncate()
    try:
        body: Any = json.loads(text)
    except ValueError:
        body = text
    error = from_wire(status, body)
    is_ours = isinstance(body, dict) and isinstance(body.get("error"), dict)
    if not (is_ours or status in _OF_REQUESTS):
        # A proxy's, whose service starts again, or another program's that has the port by now. A
        # 404 of theirs says nothing of the run: it would end a job for which all is well.
        raise EOFError(f"what answers there is not the service (HTTP {status})")
    if status in (502, 503, 504) and not isinstance(error, TemporaryError):
        return TemporaryError(error.message)
    return error
