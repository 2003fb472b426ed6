"""TensorBoard's environment: realised like any other, from a lock that comes with the service.

Exact versions with their hashes, so that what shows people's data is what was looked at here. It
is for every Python on which a service runs.
"""

import hashlib
import platform
from pathlib import Path

from runyard.protocol.environments import LockRecord
from runyard_server.environments.environments import Environments

_LOCK = Path(__file__).parent / "tensorboard.lock"
_DIGITS = 32


def lock() -> LockRecord:
    """What exactly is installed, on the service's own Python."""
    lines, python = _LOCK.read_text("utf-8"), platform.python_version()
    digest = hashlib.sha256(f"tensorboard\0{platform.machine()}\0{python}\0{lines}".encode())
    return LockRecord(digest.hexdigest()[:_DIGITS], python, lines)


def make(environments: Environments, folder: Path) -> str:
    """Make the environment, unless it is there; give its interpreter.

    Args:
        environments: The service's environments.
        folder: Where the log of its building goes.

    Raises:
        EnvironmentFailed: The packages cannot be installed.
        IndexUnreachable: The package index does not answer.
    """
    log = folder / "tensorboard.log"
    return environments.realise(lock(), log, lambda: False).interpreter
