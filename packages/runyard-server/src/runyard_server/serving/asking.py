"""Asks the gateway on its control socket: one JSON line each way."""

import socket
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from runyard.protocol.sockets import reachable
from runyard_server.serving.table import CONTROL_SOCKET, GatewayStatus

_READ = 1 << 16
_CONNECT_SECONDS = 5.0


Told = TypeVar("Told")


class GatewayGone(Exception):
    """Nobody answers on the control socket."""


def status(folder: Path, after: int = -1, wait: float = 0.0) -> GatewayStatus:
    """The gateway's status.

    Args:
        folder: The folder `serving` of the state folder.
        after: Wait for a status with a larger serial.
        wait: Seconds to wait for it at most.

    Raises:
        GatewayGone: It does not answer.
    """
    asked = {"do": "status", "after": after, "wait": wait}
    return _told(_ask(folder, asked, wait + _CONNECT_SECONDS), GatewayStatus)


def load(folder: Path, version: int, patience: float) -> int:
    """Have the gateway read a newer table; returns the version that is in force then.

    Args:
        folder: The folder `serving` of the state folder.
        version: The table's version.
        patience: Seconds after which it is given up.

    Raises:
        GatewayGone: It does not answer.
    """
    answer = _ask(folder, {"do": "load", "version": version}, patience)
    return _told(answer, _Loaded).version


def stop(folder: Path) -> None:
    """Ask the gateway to end.

    Raises:
        GatewayGone: It does not answer.
    """
    _ask(folder, {"do": "stop"}, _CONNECT_SECONDS)


def renew(folder: Path, command: list[str]) -> None:
    """Have another program go on with what the gateway has, without a failed request.

    Args:
        folder: The folder `serving` of the state folder.
        command: The program's command line.

    Raises:
        GatewayGone: It does not answer.
    """
    _ask(folder, {"do": "renew", "command": command}, _CONNECT_SECONDS)


class _Loaded(msgspec.Struct):
    version: int


def _told(answer: bytes, kind: type[Told]) -> Told:
    try:
        return msgspec.json.decode(answer, type=kind)
    except msgspec.MsgspecError:
        # Half an answer, for example, of one that was killed while it wrote.
        raise GatewayGone(f"its answer makes no sense: {answer[:200]!r}") from None


def _ask(folder: Path, asked: dict[str, Any], patience: float) -> bytes:
    try:
        with _connected(folder) as line:
            line.settimeout(patience)
            line.sendall(msgspec.json.encode(asked) + b"\n")
            return _line(line)
    except OSError as error:
        raise GatewayGone(str(error)) from None


def _connected(folder: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(_CONNECT_SECONDS)
        with reachable(str(folder), CONTROL_SOCKET) as path:
            line.connect(path)
    except OSError:
        line.close()
        raise
    return line


def _line(line: socket.socket) -> bytes:
    found = bytearray()
    while not found.endswith(b"\n"):
        chunk = line.recv(_READ)
        if not chunk:
            raise ConnectionResetError("the gateway has closed the connection")
        found += chunk
    return bytes(found)
