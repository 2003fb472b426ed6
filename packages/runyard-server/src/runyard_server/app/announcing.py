"""Announces where the service is to local clients: the connection file, and the starter's pipe.

The connection file is written by rename. A client that started the service waits at a pipe instead
of looking for the file again and again: it gets the same content as soon as the service answers.
"""

import json
import os
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from runyard.protocol.service import READY_VARIABLE, Connection

MODE = 0o600


def write_connection(file: Path, connection: Connection) -> None:
    """Write the connection file, whole or not at all."""
    temporary = file.with_name(f".{file.name}.{os.urandom(4).hex()}")
    # The mode is given as it is made: the file holds the token, and a chmod would come too late.
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
            json.dump(asdict(connection), opened, indent=2)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)


def remove_connection(file: Path, pid: int) -> None:
    """Remove the connection file if it is that process's."""
    with suppress(OSError, ValueError, KeyError, TypeError):
        # Another service's, where somebody put a new folder in place of the claimed one.
        if json.loads(file.read_text("utf-8"))["pid"] == pid:
            file.unlink()


def tell_starter(connection: Connection) -> None:
    """Write the connection into the pipe of the client that started this process, if one did."""
    # Taken out, for whatever the service starts inherits the rest and has another file there.
    number = os.environ.pop(READY_VARIABLE, "")
    if not number.isdecimal():
        return
    # The client may be gone, or the variable may come from somewhere else altogether.
    with suppress(OSError), os.fdopen(int(number), "wb") as pipe:
        pipe.write(json.dumps(asdict(connection)).encode() + b"\n")
