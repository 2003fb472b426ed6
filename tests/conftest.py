"""What holds for every test: loopback only, a state folder of its own, no settings of the user."""

import json
import os
import shutil
import signal
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
import pytest_socket

from runyard.protocol.service import CONNECTION_FILE, HOME_VARIABLE

# With the last one, every process that a test starts would compile all that it imports.
_LEAKS = ("RUNYARD_", "AZUREML_", "AZ_BATCH", "TF_CONFIG", "PYTHONDONTWRITEBYTECODE")
_SHARED = "session_home"
_SECONDS = 10.0
_home = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Before anything is imported: no variable of the user's, and a new RUNYARD_HOME."""
    for name in [name for name in os.environ if name.startswith(_LEAKS)]:
        del os.environ[name]
    config.stash[_home] = Path(tempfile.mkdtemp(prefix="runyard-tests-"))
    os.environ[HOME_VARIABLE] = str(config.stash[_home])


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files of slow tests, or one worker ends minutes after the others."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hands each worker of pytest-xdist the folder that all of them share."""
    node.workerinput[_SHARED] = str(node.config.stash[_home])


@pytest.fixture(scope="session")
def session_home(pytestconfig: pytest.Config) -> Path:
    """A folder that all workers share, removed at the session's end; for state folders in it."""
    told = getattr(pytestconfig, "workerinput", {})
    return Path(told.get(_SHARED) or pytestconfig.stash[_home])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the services that tests left in the session's home, and remove the home."""
    home = config.stash[_home]
    for connection_file in (home / CONNECTION_FILE, *home.glob(f"*/{CONNECTION_FILE}")):
        _stop(connection_file)
    shutil.rmtree(home, ignore_errors=True)


def _stop(connection_file: Path) -> None:
    try:
        os.kill(json.loads(connection_file.read_text())["pid"], signal.SIGTERM)
    except (OSError, ValueError, KeyError):
        return
    until = time.monotonic() + _SECONDS
    while connection_file.exists() and time.monotonic() < until:
        time.sleep(0.02)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Refuse connections that leave the machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
