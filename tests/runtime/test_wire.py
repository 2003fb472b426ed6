"""HTTP as small as an agent needs it."""

import errno
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from runyard.protocol.errors import (
    InternalError,
    InvalidRequest,
    RunNotFound,
    ServiceUnreachable,
    TemporaryError,
)
from runyard.runtime.service import patiently
from runyard.runtime.wire import Wire, quote


class Script:
    """Answers each request with the next of the given texts; "" closes the connection."""

    def __init__(self, *answers: bytes) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._answers = list(answers)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._answers:
            connection, _ = self._listener.accept()
            self.connections += 1
            with connection, connection.makefile("rb") as stream:
                while self._answers and self._answer(connection, stream):
                    pass
        self._listener.close()

    def _answer(self, connection: socket.socket, stream: io.BufferedReader) -> bool:
        head = b"".join(iter(stream.readline, b"\r\n"))
        if not head:
            return False
        size = int(head.lower().partition(b"content-length:")[2].split()[0])
        self.requests.append(head + b"\r\n" + stream.read(size))
        answer = self._answers.pop(0)
        connection.sendall(answer)
        return bool(answer) and b"connection: close" not in answer.lower()

    def close(self) -> None:
        self._thread.join(5)


@pytest.fixture
def script() -> Iterator[list[Script]]:
    """Makes scripted servers."""
    made: list[Script] = []
    yield made
    for server in made:
        server.close()


def answer(body: bytes, status: str = "200 OK", head: str = "") -> bytes:
    length = f"Content-Length: {len(body)}\r\n"
    return f"HTTP/1.1 {status}\r\n{length}{head}\r\n".encode() + body


def serve(script: list[Script], *answers: bytes) -> Script:
    script.append(Script(*answers))
    return script[-1]


def test_a_connection_is_kept(script):
    """Two requests go over one connection, with token and body."""
    server = serve(script, answer(b"one"), answer(b"two"))
    wire = Wire(server.url, "secret")
    assert wire.ask("POST", "/x", b"{}") == b"one"
    assert wire.ask("GET", "/y") == b"two"
    wire.close()
    assert server.connections == 1
    assert b"Authorization: Bearer secret\r\n" in server.requests[0]
    assert server.requests[0].endswith(b"\r\n\r\n{}")


def test_a_closed_connection_is_opened_again(script):
    """A service that was restarted between two requests is not noticed by the caller."""
    server = serve(script, answer(b"one", head="Connection: close\r\n"), answer(b"two"))
    wire = Wire(server.url, "t")
    assert wire.ask("GET", "/") == b"one"
    assert wire.ask("GET", "/") == b"two"
    wire.close()
    assert server.connections == 2


def test_chunked_answers_and_interim_ones_are_read(script):
    """Streams without a length, and a `100 Continue` before, are part of HTTP/1.1."""
    chunked = (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n"
    )
    server = serve(script, chunked, answer(b"after"))
    wire = Wire(server.url, "t")
    assert wire.ask("GET", "/") == b"abcde"
    assert wire.ask("GET", "/") == b"after"
    wire.close()


def test_a_file_is_sent_whole_each_time(script):
    """A body that is a file begins anew when the connection broke."""
    server = serve(script, b"", answer(b"stored"))
    wire = Wire(server.url, "t")
    body = io.BytesIO(b"z" * 3_000_000)
    with pytest.raises(ServiceUnreachable):
        wire.ask("PUT", "/", body, 3_000_000)
    assert wire.ask("PUT", "/", body, 3_000_000) == b"stored"
    wire.close()
    assert all(request.endswith(b"z" * 1000) for request in server.requests)
    assert len(server.requests[0]) == len(server.requests[1])


def test_a_file_that_fails_is_no_matter_of_the_network(script):
    """What no other connection mends is told at once, where the network is waited for for a day."""
    server = serve(script, b"", b"")
    wire = Wire(server.url, "t")
    with (
        Path("/proc/self/mem").open("rb", buffering=0) as unreadable,
        pytest.raises(InvalidRequest, match="cannot be read"),
    ):
        wire.ask("PUT", "/", unreadable, 10)
    with pytest.raises(InvalidRequest, match="became 10 bytes shorter"):
        wire.ask("PUT", "/", io.BytesIO(b"z" * 10), 20)


class Full(io.BytesIO):
    """A file on a full disk."""

    def write(self, _: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def test_a_full_disk_is_not_waited_for_like_a_service(script):
    """A run whose node has no room for its data fails at once and says so, not after an hour."""
    wire = Wire(serve(script, answer(b"content")).url, "t")
    with pytest.raises(OSError, match="No space left"):
        patiently(lambda: wire.fetch("/", Full()), 1.0)
    wire.close()


def test_a_fetch_leaves_no_part_of_an_error(script, tmp_path):
    """A refusal does not end up in the file that was asked for."""
    refused = json.dumps({"error": {"code": "internal", "message": "oops"}}).encode()
    server = serve(script, answer(refused, "500 Oops"), answer(b"content"))
    wire = Wire(server.url, "t")
    with (tmp_path / "file").open("w+b") as sink:
        with pytest.raises(InternalError, match="oops"):
            wire.fetch("/", sink)
        wire.fetch("/", sink)
    wire.close()
    assert (tmp_path / "file").read_bytes() == b"content"


def test_a_gateways_trouble_is_temporary(script):
    """A proxy's 502 without our JSON is tried again, not taken for the service's last word."""
    server = serve(script, answer(b"<html>", "502 Bad Gateway"))
    wire = Wire(server.url, "t")
    with pytest.raises(TemporaryError):
        wire.ask("GET", "/")
    wire.close()


def test_what_another_says_of_a_run_is_not_believed(script, tmp_path):
    """Who has the port by now knows no run, which must end none; the service is elsewhere."""
    other = serve(script, answer(b"404 page not found", "404 Not Found"))
    gone = json.dumps({"error": {"code": "run_not_found", "message": "gone"}}).encode()
    service = serve(script, answer(b"here"), answer(gone, "404 Not Found"))
    place = tmp_path / "service.json"
    place.write_text(json.dumps({"url": service.url}))
    wire = Wire(other.url, "t", str(place))
    assert wire.ask("POST", "/report", b"{}") == b"here"
    with pytest.raises(RunNotFound):
        wire.ask("POST", "/report", b"{}")
    wire.close()


def test_a_moved_service_is_found(script, tmp_path):
    """When nothing listens any more the connection file is read."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
    server = serve(script, answer(b"here"))
    place = tmp_path / "service.json"
    place.write_text(json.dumps({"url": server.url}))
    wire = Wire(gone, "t", str(place))
    assert wire.ask("GET", "/") == b"here"
    wire.close()


def test_nothing_there_is_said_so():
    """Without a service and without a connection file the error names the address."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}"
    with pytest.raises(ServiceUnreachable, match=gone):
        Wire(gone, "t").ask("GET", "/")


@pytest.mark.parametrize(
    ("text", "safe", "quoted"),
    [("a b", "", "a%20b"), ("a/b", "", "a%2Fb"), ("a/b", "/", "a/b"), ("ä?#", "", "%C3%A4%3F%23")],
)
def test_paths_are_encoded(text, safe, quoted):
    """Names with spaces, slashes and question marks arrive as they are."""
    assert quote(text, safe) == quoted
