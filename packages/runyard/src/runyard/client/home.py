"""The state folder as clients see it: where it is, and what its connection file says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Mapping, Optional

from runyard.client.private import make_folder
from runyard.protocol import codec
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.service import CONNECTION_FILE, DEFAULT_HOME, HOME_VARIABLE, Connection


def locate(environ: Optional[Mapping[str, str]] = None) -> Path:
    """The state folder: RUNYARD_HOME, else `~/.runyard`; it need not exist."""
    given = (os.environ if environ is None else environ).get(HOME_VARIABLE)
    return Path(given or DEFAULT_HOME).expanduser().absolute()


def make(home: Path) -> None:
    """Make the state folder and its folder of logs; the service tightens what was there."""
    make_folder(home / "logs")


def open_private(path: Path, flags: int) -> int:
    """Open a file of the state folder; a new one is for its owner alone."""
    return os.open(str(path), flags | os.O_CREAT, 0o600)


def read_connection(path: Path) -> Optional[Connection]:
    """Read a connection file; None if there is none or it makes no sense."""
    try:
        return codec.decode(Connection, path.read_bytes())
    except (OSError, InvalidRequest):
        return None


def connection_file(home: Path) -> Path:
    """The place of a home's connection file."""
    return home / CONNECTION_FILE
