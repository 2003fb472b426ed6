"""Answers at the door while the rest of the service is still being loaded.

Loading everything takes many times as long as starting Python. Whoever asks what is known already
(`first_answers`) gets the answer at once; all others wait, their requests unread in the kernel,
until the server takes their connections over.
"""

import json
import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from runyard.protocol.errors import RunyardError, to_wire
from runyard_server.app.first_answers import Answer

MOST_WAITING = 256
LARGEST_HEAD = 1 << 14
REFUSAL_SECONDS = 0.5
_END = b"\r\n\r\n"
_HEAD = (
    b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n"
)


class Guest(NamedTuple):
    """A connection that is handed over, and whether a good token has been shown on it."""

    connection: socket.socket
    known: bool


class Doorman:
    """Serves a listening socket until somebody takes over.

    Args:
        listening: The socket; listens already.
        answer: Answers a request, given its head; None leaves it to who takes over.
    """

    def __init__(self, listening: socket.socket, answer: Callable[[bytes], Answer | None]) -> None:
        self._listening = listening
        self._answer = answer
        self._selector = selectors.DefaultSelector()
        self._waiting: list[socket.socket] = []
        self._known: set[socket.socket] = set()
        self._stirred, self._stir = socket.socketpair()
        # A client that has gone between `select` and `accept` must not block all others.
        listening.settimeout(0)
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._stirred, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="doorman", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def leave(self) -> list[Guest]:
        """Stop; the open connections, whose requests are still unread; twice gives none."""
        if self._stir.fileno() < 0:
            return []
        # The end of one socket makes its pair readable, which ends `select`.
        self._stir.close()
        self._thread.join()
        own = (self._listening, self._stirred)
        open_ones = [key.fileobj for key in self._selector.get_map().values()]
        found = [one for one in open_ones if isinstance(one, socket.socket) and one not in own]
        self._selector.close()
        self._stirred.close()
        waiting, self._waiting = self._waiting, []
        return [Guest(one, one in self._known) for one in (*waiting, *found)]

    def refuse(self, error: RunyardError) -> None:
        """Stop, and tell whoever waits why there will be no service."""
        body = json.dumps(to_wire(error)).encode()
        answer = _HEAD % (error.status, b"Error", len(body)) + body
        for connection, _ in self.leave():
            with connection, suppress(OSError):
                connection.settimeout(REFUSAL_SECONDS)
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                # Closed with bytes unread, a connection is reset, and the answer is lost with it.
                while connection.recv(LARGEST_HEAD):
                    pass

    def _serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._stirred:
                    return
                if key.fileobj is self._listening:
                    self._accept()
                elif isinstance(key.fileobj, socket.socket):
                    self._look(key.fileobj)

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self._listening.accept()
            connection.settimeout(0)
            self._selector.register(connection, selectors.EVENT_READ)
        if len(self._waiting) + len(self._selector.get_map()) > MOST_WAITING:
            # The kernel holds on to whoever comes now.
            self._selector.unregister(self._listening)

    def _look(self, connection: socket.socket) -> None:
        """Answer what can be answered; leave any other request as it is for the server."""
        try:
            # Looked at, not taken: what is not answered here the server must find in the kernel.
            seen = connection.recv(LARGEST_HEAD, socket.MSG_PEEK)
            head, end, _ = seen.partition(_END)
            answer = self._answer(head) if end else None
            if not seen:
                self._forget(connection)
            elif answer is None:
                # Unread bytes would make each `select` return at once.
                self._selector.unregister(connection)
                self._waiting.append(connection)
            else:
                # A next request may be behind it already.
                connection.recv(len(head) + len(end))
                connection.sendall(_HEAD % (200, b"OK", len(answer.body)) + answer.body)
                if answer.known:
                    self._known.add(connection)
        except OSError:
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        self._known.discard(connection)
        connection.close()
