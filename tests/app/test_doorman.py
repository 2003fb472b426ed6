"""What clients get while the service is still being loaded."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator

import pytest

from runyard.protocol.errors import StorageFull
from runyard.protocol.service import About
from runyard_server.app.doorman import Doorman
from runyard_server.app.first_answers import FirstAnswers
from runyard_server.testing.yard import until

ABOUT = About("runyard", "1", "1.0")


@pytest.fixture
def listening() -> Iterator[socket.socket]:
    """A socket that listens."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        yield found


@pytest.fixture
def doorman(listening: socket.socket) -> Iterator[Doorman]:
    """A doorman at work."""
    found = Doorman(listening, FirstAnswers(ABOUT, b"s" * 32).to)
    found.start()
    yield found
    for guest in found.leave():
        guest.connection.close()


def _connect(listening: socket.socket) -> http.client.HTTPConnection:
    return http.client.HTTPConnection(*listening.getsockname(), timeout=60)


def test_the_first_question_is_answered_again_and_again(listening, doorman) -> None:
    """A client that asks which service this is need not wait until all is loaded."""
    connection = _connect(listening)
    for _ in range(3):
        connection.request("GET", "/api/v1/about")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["product"]) == (200, "runyard")
    connection.close()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("/api/v1/status", {}),
        ("/api/v1/about", {"Host": "evil.example"}),
        ("/api/v1/about", {"Origin": "http://evil.example"}),
        ("/api/v1/about", {"Content-Length": "0"}),
    ],
)
def test_all_else_waits_unread_for_the_server(listening, doorman, path, headers) -> None:
    """Also what only the gate may judge: the doorman answers nobody's web page."""
    connection = _connect(listening)
    connection.request("GET", path, headers=headers)
    until(lambda: doorman._waiting)
    (waiting,) = doorman.leave()
    assert not waiting.known
    with waiting.connection:
        assert waiting.connection.recv(1000).startswith(f"GET {path} HTTP/1.1".encode())
    connection.close()


def test_who_waits_is_told_why_there_will_be_no_service(listening, doorman) -> None:
    """With the error that any request would get, not with a connection that breaks."""
    connection = _connect(listening)
    body = b"x" * 100_000
    connection.request("POST", "/api/v1/workspaces", body)
    until(lambda: doorman._waiting)
    refusing = threading.Thread(target=doorman.refuse, args=(StorageFull("no space is left"),))
    refusing.start()
    answer = connection.getresponse()
    assert answer.status == 507
    assert json.loads(answer.read())["error"]["message"] == "no space is left"
    connection.close()
    refusing.join()
