"""Answers at the door while the rest of the service is still being loaded.

Loading everything takes several times as long as starting Python. Whoever only asks which service
this is (`service.about`, a client's first question) gets the answer at once; all others wait, their
requests unread in the kernel, until the server takes their connections over.
"""

import json
import selectors
import socket
import threading
from contextlib import suppress

from runyard.protocol import PREFIX
from runyard.protocol.errors import RunyardError, to_wire
from runyard_server.operations.settings import LOOPBACK

MOST_WAITING = 256
LARGEST_HEAD = 1 << 14
REFUSAL_SECONDS = 0.5
_END = b"\r\n\r\n"
_HEAD = (
    b"HTTP/1.1 %d %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
    b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n\r\n"
)


class Doorman:
    """Serves a listening socket until somebody takes over.

    Args:
        listening: The socket; listens already.
        about: The body of the answer to `service.about`.
    """

    def __init__(self, listening: socket.socket, about: bytes) -> None:
        self._listening = listening
        self._about = _HEAD % (200, b"OK", len(about)) + about
        self._request = f"GET {PREFIX}/about HTTP/1.1\r\n".encode()
        self._selector = selectors.DefaultSelector()
        self._waiting: list[socket.socket] = []
        self._stirred, self._stir = socket.socketpair()
        listening.settimeout(0)
        self._selector.register(listening, selectors.EVENT_READ)
        self._selector.register(self._stirred, selectors.EVENT_READ)
        self._thread = threading.Thread(target=self._serve, name="doorman", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def leave(self) -> list[socket.socket]:
        """Stop; the open connections, whose requests are still unread; twice gives none."""
        if self._stir.fileno() < 0:
            return []
        self._stir.close()
        self._thread.join()
        own = (self._listening, self._stirred)
        open_ones = [key.fileobj for key in self._selector.get_map().values()]
        found = [one for one in open_ones if isinstance(one, socket.socket) and one not in own]
        self._selector.close()
        self._stirred.close()
        waiting, self._waiting = self._waiting, []
        return [*waiting, *found]

    def refuse(self, error: RunyardError) -> None:
        """Stop, and tell whoever waits why there will be no service."""
        body = json.dumps(to_wire(error)).encode()
        answer = _HEAD % (error.status, b"Error", len(body)) + body
        for connection in self.leave():
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
        """Answer `about`; leave any other request as it is for the server."""
        try:
            head = connection.recv(LARGEST_HEAD, socket.MSG_PEEK)
            if not head:
                self._selector.unregister(connection)
                connection.close()
            elif head.startswith(self._request) and _END in head and _is_local(head):
                connection.recv(head.index(_END) + len(_END))
                connection.sendall(self._about)
            else:
                self._selector.unregister(connection)
                self._waiting.append(connection)
        except OSError:
            self._selector.unregister(connection)
            connection.close()


def _is_local(head: bytes) -> bool:
    """Whether a request names this machine and comes from no web page; the gate judges others."""
    lines = head.partition(_END)[0].lower().decode("latin-1").split("\r\n")[1:]
    headers = dict(line.partition(":")[::2] for line in lines)
    name = headers.get("host", "").strip().rpartition(":")[0]
    return name.strip("[]") in LOOPBACK and "origin" not in headers
