"""Hints are read as they come, however the network cuts them."""

from __future__ import annotations

import json
import select
import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

from runyard.client.connection import Connection
from runyard.client.workspace import WorkspaceClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runyard.client.hints import HintReader
    from runyard.protocol.stream import Hint

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
PLAIN = HEAD + b"Connection: close\r\n\r\n"


def _frame(subject: str) -> bytes:
    plain = {"topic": "runs", "kind": "event", "subject": subject}
    return b": comment\n\ndata: " + json.dumps(plain).encode() + b"\n\n"


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


class Peer:
    """A service that sends what a test tells it to."""

    def __init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.sock: Any = None

    def open(self, *first: bytes) -> HintReader:
        """Let a client open the stream, and send it the first pieces with the head."""
        thread = threading.Thread(target=self._accept, args=(b"".join(first),))
        thread.start()
        service = WorkspaceClient(Connection(self.url, "t"), "w")
        try:
            return service.hints.follow(["runs"])
        finally:
            thread.join()

    def _accept(self, first: bytes) -> None:
        self.sock, _ = self.listening.accept()
        self.sock.recv(1 << 16)
        self.sock.sendall(first)


@pytest.fixture
def peer() -> Iterator[Peer]:
    """A service."""
    found = Peer()
    yield found
    found.listening.close()
    if found.sock is not None:
        found.sock.close()


def _subjects(hints: list[Hint]) -> list[str]:
    return [hint.subject for hint in hints]


def test_hints_that_come_with_the_head_are_not_waited_for(peer: Peer) -> None:
    """`select` tells nothing of bytes that were read already."""
    with peer.open(CHUNKED, _chunk(_frame("a")), _chunk(_frame("b"))) as reader:
        if not reader.early:
            select.select([reader], [], [], 5)
        assert _subjects(reader.read()) == ["a", "b"]
        assert not reader.early


def test_frames_may_be_cut_anywhere(peer: Peer) -> None:
    """Within a size, between chunks, within a frame: each hint is told once and whole."""
    data = b"".join(_chunk(_frame(name)[:7]) + _chunk(_frame(name)[7:]) for name in "abc")
    found: list[str] = []
    with peer.open(CHUNKED) as reader:
        for place in range(0, len(data), 5):
            peer.sock.sendall(data[place : place + 5])
            assert select.select([reader], [], [], 5)[0]
            found += _subjects(reader.read())
    assert found == ["a", "b", "c"]


@pytest.mark.parametrize("head", [CHUNKED, PLAIN])
def test_an_end_is_an_error(peer: Peer, head: bytes) -> None:
    """Whoever follows opens it again: the stream of a workspace has no end of its own."""
    end = _chunk(b"") if head == CHUNKED else b""
    with peer.open(head) as reader:
        peer.sock.sendall((_chunk(_frame("a")) if head == CHUNKED else _frame("a")) + end)
        peer.sock.close()
        with pytest.raises(ConnectionError):
            while True:
                reader.read()
