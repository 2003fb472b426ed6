"""Messages between a node's process and its workers: lines of JSON, over a pair of sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, Optional

if TYPE_CHECKING:
    import socket

Message = Dict[str, Any]


class Channel:
    """One end.

    Args:
        sock: The socket.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._lines = sock.makefile("rb")

    def fileno(self) -> int:
        """For a selector."""
        return self._socket.fileno()

    def send(self, message: Message) -> None:
        """Send a message.

        Raises:
            OSError: Nobody is at the other end.
        """
        # In ASCII, where half a pair of surrogates, as names of files have them, is no error.
        self._socket.sendall(json.dumps(message).encode("ascii") + b"\n")

    def receive(self) -> Optional[Message]:
        """The next message; None when the other end is gone."""
        try:
            line = self._lines.readline()
        except OSError:
            return None
        # What a process that was killed had written half is nobody's word.
        found: Optional[Message] = json.loads(line.decode("ascii")) if line[-1:] == b"\n" else None
        return found

    def close(self) -> None:
        """Close it."""
        self._lines.close()
        self._socket.close()
