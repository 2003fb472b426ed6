"""Asks the gateway on its control socket: one JSON line each way."""

import os
import socket
from pathlib import Path
from typing import Any

import msgspec

from runyard_server.serving.table import CONTROL_SOCKET, GatewayStatus

_READ = 1 << 16


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
    return _answer(folder, asked, wait)


def load(folder: Path, version: int, patience: float) -> GatewayStatus:
    """Have the gateway read a newer table; returns once it is in force.

    Args:
        folder: The folder `serving` of the state folder.
        version: The table's version.
        patience: Seconds after which it is given up.

    Raises:
        GatewayGone: It does not answer.
    """
    return _answer(folder, {"do": "load", "version": version}, patience)


def stop(folder: Path) -> None:
    """Ask the gateway to end.

    Raises:
        GatewayGone: It does not answer.
    """
    _ask(folder, {"do": "stop"}, 5.0)


def _answer(folder: Path, asked: dict[str, Any], patience: float) -> GatewayStatus:
    try:
        return msgspec.json.decode(_ask(folder, asked, patience + 5.0), type=GatewayStatus)
    except msgspec.DecodeError as error:
        raise GatewayGone(f"its answer to {asked['do']} makes no sense: {error}") from None


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
    # By the folder's descriptor: the address of a socket has 107 bytes, and state folders may be
    # deeper than that.
    place = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        line.settimeout(5.0)
        line.connect(f"/proc/self/fd/{place}/{CONTROL_SOCKET}")
    except OSError:
        line.close()
        raise
    finally:
        os.close(place)
    return line


def _line(line: socket.socket) -> bytes:
    found = bytearray()
    while not found.endswith(b"\n"):
        chunk = line.recv(_READ)
        if not chunk:
            raise ConnectionResetError("the gateway has closed the connection")
        found += chunk
    return bytes(found)
