"""Messages between a node's process and its workers: lines of JSON, over a pair of sockets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Dict, List, Optional

if TYPE_CHECKING:
    import socket

Message = Dict[str, Any]
_BYTES = 1 << 16


class Channel:
    """One end.

    Args:
        sock: The socket.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._rest = b""

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
        """Wait for the next message; None when the other end is gone."""
        while b"\n" not in self._rest:
            if not self._read():
                return None
        line, _, self._rest = self._rest.partition(b"\n")
        found: Message = json.loads(line.decode("ascii"))
        return found

    def arrived(self) -> Optional[List[Message]]:
        """The messages that are there, after one wait for bytes; None when the other end is gone.

        A selector tells of bytes alone: a message that had come with another one would lie here.
        """
        if not self._read():
            return None
        *lines, self._rest = self._rest.split(b"\n")
        return [json.loads(line.decode("ascii")) for line in lines]

    def _read(self) -> bool:
        try:
            found = self._socket.recv(_BYTES)
        except OSError:
            return False
        self._rest += found
        return bool(found)

    def close(self) -> None:
        """Close it."""
        self._socket.close()
