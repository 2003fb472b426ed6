"""What holds for every test: loopback only, a state folder of its own, no settings of the user."""

import gc
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import pytest_socket

from runyard.protocol.service import CONNECTION_FILE, HOME_VARIABLE

if TYPE_CHECKING:
    from runyard_server.testing.postgres import Postgres

# With the last one, every process that a test starts would compile all that it imports.
_LEAKS = ("RUNYARD_", "AZUREML_", "AZ_BATCH", "TF_CONFIG", "PYTHONDONTWRITEBYTECODE")
# Before other conftests are loaded, of which some note what their processes are started with.
for _leak in [name for name in os.environ if name.startswith(_LEAKS)]:
    del os.environ[_leak]
_SHARED = "session_home"
_OTHERS = "all others"
# Rooms whose files share a service, and seconds that they take: each is one worker's, whole.
_ROOMS = {"studio": 150, "cli": 110, "hosts": 90, "slurm": 75, "sdk": 60, "mlflow": 60}
_ROOMS |= {"stores": 30, "client": 15, "optuna": 12}
# What a slow test is taken to need that does not say more.
_SLOW_SECONDS = 5
_SECONDS = 10.0
_home = pytest.StashKey[Path]()


def pytest_configure(config: pytest.Config) -> None:
    """Before any test is imported: a new RUNYARD_HOME."""
    # Nearly all that collecting makes stays to the end: the collector would walk it for nothing.
    gc.disable()
    config.stash[_home] = Path(tempfile.mkdtemp(prefix="runyard-tests-"))
    os.environ[HOME_VARIABLE] = str(config.stash[_home])
    # What one worker has started goes on when that has ended: in the folder that all share.
    told = getattr(config, "workerinput", {})
    os.environ["TESTS_SESSION"] = str(told.get(_SHARED) or config.stash[_home])
    # Python's own tools for building compile C++ with the compiler of C, too.
    for variable, compiler in {"CC": "cc", "CXX": "c++"}.items():
        os.environ[variable] = _quick(compiler, Path(os.environ["TESTS_SESSION"]))


def _quick(compiler: str, folder: Path) -> str:
    """A compiler that optimises nothing: Horovod is compiled to see that it can be."""
    program = folder / compiler
    if program.exists():
        return str(program)
    program.write_text(f'#!/bin/sh\nexec {compiler} "$@" -O0\n')
    program.chmod(0o755)
    return str(program)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, or one worker ends minutes after the others."""
    seconds: Counter[str] = Counter(_ROOMS)
    for item in items:
        slow = item.get_closest_marker("slow")
        scope = _scope(item.nodeid)
        if slow and scope not in _ROOMS:
            seconds[scope] += slow.kwargs.get("seconds", _SLOW_SECONDS)
    items.sort(key=lambda item: -seconds[_scope(item.nodeid)])


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Keep the files of a room that shares a service on one worker, and of others each file."""
    from xdist.scheduler import LoadFileScheduling

    class ByRoom(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return _scope(nodeid)

    return ByRoom(config, log) if config.getoption("dist") == "loadfile" else None


def _scope(nodeid: str) -> str:
    """What of all tests is one worker's: a room or a file."""
    file = nodeid.partition("::")[0]
    room = file.split("/")[1] if "/" in file else ""
    return room if room in _ROOMS else file


def pytest_collection_finish() -> None:
    """Have the collector look at what tests make, and at nothing of before."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Name the groups of tests that took longer than CONTRIBUTING.md allows them."""
    allowed = _budgets((config.rootpath / "CONTRIBUTING.md").read_text(encoding="utf-8"))
    spent: Counter[str] = Counter()
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport):
            group = report.nodeid.split("/")[1]
            spent[group if group in allowed else _OTHERS] += report.duration
    for group, seconds in spent.most_common():
        if seconds > allowed[group]:
            terminalreporter.write_line(
                f"over its budget: {group} took {seconds:.0f} s of a worker, {allowed[group]} are "
                "allowed (CONTRIBUTING.md); see which with --durations=20"
            )


def _budgets(text: str) -> dict[str, int]:
    """The seconds of each group in the table of CONTRIBUTING.md."""
    rows = re.findall(r"^\| (`[^|]+|all others[^|]*) \| (\d+)", text, re.MULTILINE)
    return {
        group: 60 * int(minutes)
        for names, minutes in rows
        for group in re.findall(r"`(\w+)`", names) or [_OTHERS]
    }


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hands each worker of pytest-xdist the folder that all of them share."""
    node.workerinput[_SHARED] = str(node.config.stash[_home])


@pytest.fixture(scope="session")
def session_home(pytestconfig: pytest.Config) -> Path:
    """A folder that all workers share, removed at the session's end; for state folders in it."""
    told = getattr(pytestconfig, "workerinput", {})
    return Path(told.get(_SHARED) or pytestconfig.stash[_home])


@pytest.fixture(scope="session")
def postgres(session_home: Path) -> "Postgres":
    """A PostgreSQL that all tests share, each with a database of its own; see `databases`."""
    from runyard_server.testing.databases import server

    try:
        return server(session_home)
    except RuntimeError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture(scope="session")
def browser_path() -> str:
    """The browser; a test that needs one fails where there is none, and is not skipped."""
    command = ["bash", str(Path(__file__).parents[1] / "tools/browser.sh"), "--find"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.fail(f"NO PAGE CAN BE TESTED: {found.stderr}", pytrace=False)
    return found.stdout.strip()


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the services that tests left in the session's home, and remove the home."""
    home = config.stash[_home]
    for connection_file in (home / CONNECTION_FILE, *home.glob(f"*/{CONNECTION_FILE}")):
        _stop(connection_file)
    _end_postgres(home / "postgres.json")
    # Environments of TensorFlow are a hundred thousand files: nobody waits for their end.
    gone = home.with_name(f"{home.name}.gone")
    home.rename(gone)
    remove = 'rm -rf "$1" </dev/null >/dev/null 2>&1 &'
    subprocess.run(["sh", "-c", remove, "sh", str(gone)], check=False)


def _stop(connection_file: Path) -> None:
    try:
        os.kill(json.loads(connection_file.read_text())["pid"], signal.SIGTERM)
    except (OSError, ValueError, KeyError):
        return
    until = time.monotonic() + _SECONDS
    while connection_file.exists() and time.monotonic() < until:
        time.sleep(0.02)


def _end_postgres(noted: Path) -> None:
    """End the PostgreSQL that the session has started, at once, and remove what it kept."""
    with suppress(OSError, ValueError):
        server = json.loads(noted.read_text())
        os.kill(server["pid"], signal.SIGQUIT)
        shutil.rmtree(server["folder"], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Refuse connections that leave the machine."""
    pytest_socket.socket_allow_hosts(["127.0.0.1", "::1", "localhost"], allow_unix_socket=True)
