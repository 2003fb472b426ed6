"""Finding the gateway: a Unix socket on the service's machine, else TCP where the service says.

Who dials tries for ever. The first tries follow quickly, because a gateway that is started again is
there within a second, and requests wait for its replicas.
"""

from __future__ import annotations

import json
import os
import socket
import time
from dataclasses import replace
from typing import Callable, Dict, NamedTuple, Optional, Tuple

from runyard.protocol import sockets
from runyard.protocol.errors import RunyardError
from runyard.protocol.frames import ERROR, HELLO, WELCOME, WORKER, Hello, Welcome
from runyard.runtime import names
from runyard.runtime.model import begun
from runyard.runtime.model.line import Frame, Line, frame, meta
from runyard.runtime.wire import Wire, quote

# As `runyard_server.serving.table` has them.
SERVING_FOLDER, WORKER_SOCKET = "serving", "workers.sock"
# Requests wait at a gateway that has just come back, so for a minute it is dialed every 40 ms.
QUICK_SECONDS, QUICK_PAUSE, LONGEST_PAUSE = 60.0, 0.04, 1.0
ANSWER_SECONDS = 10.0


class Identity(NamedTuple):
    """Who this replica is, from the environment of the run's process."""

    workspace: str
    run: str
    token: str
    url: str
    connection_file: str

    @classmethod
    def of(cls, environment: Dict[str, str]) -> Identity:
        """Read it."""
        get = environment.get
        return cls(
            get(names.WORKSPACE_VARIABLE, ""),
            get(names.RUN_ID_VARIABLE, ""),
            get("AZUREML_RUN_TOKEN") or get(names.TOKEN_VARIABLE, ""),
            get(names.URL_VARIABLE) or get("AZUREML_SERVICE_ENDPOINT", ""),
            get(names.CONNECTION_VARIABLE, ""),
        )


class Refusal(Exception):
    """The gateway is there and does not take this replica, or not yet."""


class Dialer:
    """Calls the gateway.

    Args:
        identity: Who calls.
        role: `frames.SUPERVISOR` or `frames.WORKER`.
    """

    def __init__(self, identity: Identity, role: str) -> None:
        self._identity = identity
        self._hello = Hello(role, identity.workspace, identity.run, identity.token, pid=os.getpid())
        self._address: Optional[Tuple[str, int]] = None

    def dial(self, ended: Callable[[], bool]) -> Optional[Tuple[Line, Optional[Welcome]]]:
        """A connection that the gateway has welcomed, however long that takes.

        Args:
            ended: Whether to give up.
        """
        began, pause = time.monotonic(), QUICK_PAUSE
        while not ended():
            try:
                return self.once()
            except (OSError, EOFError, ValueError, RunyardError, Refusal):
                # It may have another port when it is back, so the service is asked anew.
                self._address = None
            if time.monotonic() - began > QUICK_SECONDS:
                pause = min(LONGEST_PAUSE, 2 * pause)
            time.sleep(pause)
        return None

    def once(self) -> Tuple[Line, Optional[Welcome]]:
        """Connect and be welcomed; None in the place of settings that the gateway does not tell.

        Raises:
            Refusal: The gateway says no.
            OSError: Nobody is there.
        """
        sock = self._connect()
        sock.settimeout(ANSWER_SECONDS)
        line = Line(sock)
        try:
            line.send(frame(HELLO, 0, self._greeting(line)))
            first, *others = line.receive()
            welcome = _welcome(first)
        except BaseException:
            line.close()
            raise
        # From here on one that says nothing has nothing to say.
        sock.settimeout(None)
        # Calls may have come together with the welcome.
        line.unread(others)
        return line, welcome

    def _greeting(self, line: Line) -> Hello:
        if self._hello.role != WORKER:
            return self._hello
        line.mark = begun.make(self._folder())
        if line.mark is None:
            return self._hello
        return replace(self._hello, mark=os.path.basename(line.mark.path))

    def _folder(self) -> str:
        """Where the gateway's sockets are, "" where it is on another machine."""
        file = self._identity.connection_file
        return os.path.join(os.path.dirname(file), SERVING_FOLDER) if file else ""

    def _connect(self) -> socket.socket:
        folder = self._folder()
        if folder:
            return _connect_unix(folder)
        if self._address is None:
            self._address = self._ask()
        sock = socket.create_connection(self._address, ANSWER_SECONDS)
        # Each small answer would be held back until the one before it is acknowledged.
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A machine that has gone without a word is noticed within two minutes.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 6)):
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        return sock

    def _ask(self) -> Tuple[str, int]:
        """Ask the service where the gateway is."""
        wire = Wire(self._identity.url, self._identity.token, timeout=ANSWER_SECONDS)
        try:
            return gateway_of(wire, self._identity)
        finally:
            wire.close()


def _welcome(first: Frame) -> Optional[Welcome]:
    if first.kind == ERROR:
        raise Refusal(bytes(first.body or first.meta).decode("utf-8", "replace"))
    if first.kind != WELCOME:
        raise Refusal(f"the gateway answered with a frame of kind {first.kind}")
    return meta(Welcome, first.meta) if first.meta else None


def gateway_of(wire: Wire, identity: Identity) -> Tuple[str, int]:
    """The row `endpoints.gateway`: host and port; a gateway without a host is the service's."""
    target = f"{names.PREFIX}/workspaces/{quote(identity.workspace)}/gateway"
    found = json.loads(wire.ask("GET", target).decode("utf-8"))
    try:
        host, port = str(found["host"]), int(found["port"] or 0)
    except (KeyError, TypeError, ValueError):
        # A proxy, or another program at the service's port; a thread that dies of it dials no more.
        raise Refusal(f"{identity.url} does not answer as the service does") from None
    if not port:
        raise Refusal("the gateway takes no replicas from other machines")
    return host or _host(identity.url), port


def _host(url: str) -> str:
    authority = url.partition("://")[2].partition("/")[0]
    host, colon, port = authority.rpartition(":")
    return (host if colon and port.isdigit() else authority).strip("[]")


def _connect_unix(folder: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with sockets.reachable(folder, WORKER_SOCKET) as path:
            sock.connect(path)
    except BaseException:
        sock.close()
        raise
    return sock
