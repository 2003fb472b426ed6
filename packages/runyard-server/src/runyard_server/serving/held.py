"""Listening sockets that outlive the gateway that opened them: its parent holds each, too.

A gateway sends a socket that it opens to its parent, and the next one takes it up. Clients that
come between the two wait in the socket's queue instead of being refused.
"""

import json
import socket
from contextlib import suppress
from typing import Any

BACKLOG = 2048
_LONGEST_NOTE = 1 << 16
_OPENED, _CLOSED, _RENEW = "opened", "closed", "renew"

Address = tuple[str, int]
Sockets = dict[Address, socket.socket]


class Holder:
    """The parent's end.

    Args:
        line: The other end is the gateway's.
        sockets: What is held; changed as the gateway tells.

    Attributes:
        renewal: The command line of the gateway that is to come after this one; None: of the same.
    """

    def __init__(self, line: socket.socket, sockets: Sockets) -> None:
        self.renewal: list[str] | None = None
        self._line = line
        self._sockets = sockets

    def listen(self) -> None:
        """Take what the gateway tells, until it has ended."""
        while True:
            note, files, _, _ = socket.recv_fds(self._line, _LONGEST_NOTE, 1)
            if not note:
                return
            told = json.loads(note)
            if told["what"] == _RENEW:
                self.renewal = told["command"]
                continue
            address = (told["host"], told["port"])
            if address in self._sockets:
                self._sockets.pop(address).close()
            if files:
                self._sockets[address] = socket.socket(fileno=files[0])


class Held:
    """The gateway's end.

    Args:
        line: The other end is the parent's; None: there is none, and nothing is held.
        sockets: What the parent holds.
    """

    def __init__(self, line: socket.socket | None = None, sockets: Sockets | None = None) -> None:
        self._line = line
        self._left = dict(sockets or {})

    def open(self, host: str, port: int) -> socket.socket | str:
        """Listen at an address.

        Args:
            host: The address.
            port: Its port.

        Returns:
            The socket, or why there is none.
        """
        found = self._left.pop((host, port), None)
        if found is None:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            try:
                found = socket.create_server((host, port), family=family, backlog=BACKLOG)
            except OSError as error:
                return f"port {port} of {host} cannot be had: {error.strerror}"
            self._tell(_OPENED, [found.fileno()], host=host, port=port)
        found.setblocking(False)  # noqa: FBT003 - its only argument
        return found

    def close(self, host: str, port: int) -> None:
        """Have nobody listen at an address any more, once the gateway's own socket is closed.

        Args:
            host: The address.
            port: Its port.
        """
        self._tell(_CLOSED, [], host=host, port=port)

    def close_left(self) -> None:
        """Close what a gateway before has left and this one has not taken up."""
        left, self._left = self._left, {}
        for address, each in left.items():
            each.close()
            self.close(*address)

    def renew(self, command: list[str]) -> None:
        """Have another program come after this one."""
        self._tell(_RENEW, [], command=command)

    def _tell(self, what: str, files: list[int], **more: Any) -> None:
        # The parent may have been killed: then the gateway serves without one.
        if self._line is not None:
            with suppress(OSError):
                socket.send_fds(self._line, [json.dumps({"what": what, **more}).encode()], files)
