"""What holds for every test: loopback only, a state folder of its own, no settings of the user."""

import json
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
import pytest_socket

from runyard.protocol.service import CONNECTION_FILE, HOME_VARIABLE

_LEAKS = ("RUNYARD_", "AZUREML_", "AZ_BATCH", "TF_CONFIG")
_home = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported: no variable of the user's, and a new RUNYARD_HOME."""
    for name in [name for name in os.environ if name.startswith(_LEAKS)]:
        del os.environ[name]
    config.stash[_home] = Path(tempfile.mkdtemp(prefix="runyard-tests-"))
    os.environ[HOME_VARIABLE] = str(config.stash[_home])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop a service that a test left in the session's home, and remove the home."""
    home = config.stash[_home]
    _stop(home / CONNECTION_FILE)
    shutil.rmtree(home, ignore_errors=True)


def _stop(connection_file: Path) -> None:
    try:
        os.kill(json.loads(connection_file.read_text())["pid"], signal.SIGTERM)
    except (OSError, ValueError, KeyError):
        return


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Refuse connections that leave the machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
