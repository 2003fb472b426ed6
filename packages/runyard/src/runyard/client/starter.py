"""Starts the embedded service, once, however many clients ask at the same time.

The starter holds `starting.lock`, starts the service detached (new session, in the state folder)
with one end of a pipe, and waits there for what the service writes once it answers. The pipe also
ends with a child that dies, which is reported at once with the end of what it wrote. The service
itself holds `service.lock` for its life, so even a start by hand at the same moment leaves one.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import select
import subprocess
import sys
import time
from typing import IO, TYPE_CHECKING, Dict, Iterator, List, NamedTuple, Optional

from runyard.client import holder
from runyard.client import home as homes
from runyard.client.interpreter import service_command
from runyard.client.presence import running
from runyard.protocol import codec
from runyard.protocol.errors import ServiceUnreachable
from runyard.protocol.service import (
    HOME_VARIABLE,
    READY_VARIABLE,
    SERVICE_LOG,
    START_LOCK,
)
from runyard.protocol.service import Connection as ConnectionRecord
from runyard.protocol.timeouts import SILENT_START_SECONDS, START_SECONDS

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.protocol.service import Connection

SILENT_PAUSE = 0.1
POLL_SECONDS = 0.1
TAIL_BYTES = 4000
OUTPUT_FILE = "starting.log"
OWN_WORDS = "runyard: "


class Child(NamedTuple):
    """A service being started, the file its output goes to, and the pipe it tells its address."""

    process: subprocess.Popen[bytes]
    output: Path
    ready: int


def start(home: Path) -> Connection:
    """Start the service of a state folder, or find the one that somebody else starts just now.

    Raises:
        ServiceUnreachable: It cannot be found, died, or did not listen in time; with its last
            lines.
    """
    if sys.platform == "win32":
        raise ServiceUnreachable("the service runs on Linux and macOS; on Windows use WSL")
    _make(home)
    with _locked(home / START_LOCK):
        # Looked for again under the lock: the one who held it may have started the service.
        found = running(home) or _present(home)
        if found is not None:
            return found
        child = _launch(home)
        try:
            return _wait(home, child)
        finally:
            os.close(child.ready)


def _make(home: Path) -> None:
    try:
        homes.make(home)
    except OSError as error:
        raise ServiceUnreachable(
            f"the state folder {home} cannot be made: {error.strerror or error}; set "
            f"{HOME_VARIABLE} to a folder on a local disk that you may write"
        ) from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock that lets one client start at a time."""
    import fcntl

    try:
        handle = os.fdopen(homes.open_private(path, os.O_WRONLY), "w")
    except OSError as error:
        raise ServiceUnreachable(f"{path} cannot be written: {error.strerror or error}") from error
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
        except OSError as error:
            raise ServiceUnreachable(
                f"{path.parent} is on a file system without locks ({error.strerror or error}); "
                f"set {HOME_VARIABLE} to a folder on a local disk"
            ) from error
        yield


def _present(home: Path) -> Optional[Connection]:
    """Wait for the service that holds the folder and does not answer yet; None: nobody holds it.

    It may be starting, ending, or waking up with the laptop.
    """
    deadline = time.monotonic() + SILENT_START_SECONDS
    while holder.is_held(home):
        found = running(home)
        if found is not None:
            return found
        if time.monotonic() > deadline:
            found_holder = holder.find(home)
            who = f" (process {found_holder.pid})" if found_holder is not None else ""
            raise ServiceUnreachable(
                f"a service{who} holds {home} but does not answer; its log is in "
                f"{home / 'logs'}. `runyard stop --force` ends it; runs go on"
            )
        time.sleep(SILENT_PAUSE)
    return None


def _launch(home: Path) -> Child:
    command = service_command()
    output = home / "logs" / OUTPUT_FILE
    with contextlib.suppress(FileNotFoundError):
        # Of a service that was killed: an older version tells by this file alone that it is ready.
        homes.connection_file(home).unlink()
    ready, told = os.pipe()
    try:
        with os.fdopen(homes.open_private(output, os.O_WRONLY | os.O_TRUNC), "wb") as log:
            return Child(_spawn(command, home, log, told), output, ready)
    except OSError as error:
        os.close(ready)
        raise ServiceUnreachable(
            f"the service could not be started with {' '.join(command)}: {error.strerror or error}"
        ) from error
    finally:
        # Closed here, so that the pipe ends with the child and its death is seen at once.
        os.close(told)


def _spawn(command: List[str], home: Path, log: IO[bytes], told: int) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command,
        cwd=str(home),
        env={**_environment(home, command), READY_VARIABLE: str(told)},
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        # Ctrl-C in this terminal must not reach it: the service outlives its starter.
        start_new_session=True,
        pass_fds=(told,),
    )


def _environment(home: Path, command: List[str]) -> Dict[str, str]:
    """What the service inherits: nothing that would make it a job, or another Python's path."""
    dropped = ("RUNYARD_URL", "RUNYARD_TOKEN", "RUNYARD_RUN_ID", "RUNYARD_SPOOL")
    given = {k: v for k, v in os.environ.items() if k not in dropped and k[:8] != "AZUREML_"}
    if command[0] != sys.executable:
        # Made for this interpreter: another one would import modules of the wrong version.
        for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"):
            given.pop(name, None)
    given[HOME_VARIABLE] = str(home)
    return given


def _wait(home: Path, child: Child) -> Connection:
    deadline = time.monotonic() + START_SECONDS
    # Needed next, and this process has nothing else to do while the other one starts.
    importlib.import_module("runyard.client.connection")
    while time.monotonic() < deadline:
        found = _told(child) or _older(home)
        if found is not None:
            _detach(child)
            return found
        if child.process.poll() is not None:
            # It may have died because another one, started by hand, took the folder first.
            other = _present(home)
            if other is not None:
                return other
            raise _died(home, child)
    _detach(child)
    raise ServiceUnreachable(
        f"the service (process {child.process.pid}) did not listen within {START_SECONDS:.0f} s; "
        f"its log is in {home / 'logs'}"
    )


def _told(child: Child) -> Optional[Connection]:
    """What the service says into its pipe; None after a while, and when it is gone."""
    # Not select, which knows no file descriptor above 1023: the client may have many files open.
    poll = select.poll()
    poll.register(child.ready, select.POLLIN)
    if not poll.poll(POLL_SECONDS * 1000):
        return None
    with os.fdopen(os.dup(child.ready), "rb") as pipe:
        line = pipe.readline()
    if not line:
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.process.wait(POLL_SECONDS)
        return None
    return codec.decode(ConnectionRecord, line)


def _older(home: Path) -> Optional[Connection]:
    """The connection of a service whose version tells nobody that it is ready."""
    if not homes.connection_file(home).exists():
        return None
    return running(home)


def _detach(child: Child) -> None:
    """Let the object go without the warning for a process that still runs: it is meant to."""
    if child.process.returncode is None:
        child.process.returncode = 0


def _died(home: Path, child: Child) -> ServiceUnreachable:
    log = home / "logs" / SERVICE_LOG
    tail = _tail(child.output) or _tail(log)
    if tail.startswith(OWN_WORDS):
        # What it says itself is whole: no log, no status tells more.
        return ServiceUnreachable(f"the service does not start: {tail[len(OWN_WORDS) :]}")
    return ServiceUnreachable(
        f"the service ended with status {child.process.returncode} while starting. "
        f"The end of its log ({log}):\n{tail or '(it wrote nothing)'}"
    )


def _tail(path: Path) -> str:
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - TAIL_BYTES))
            return file.read().decode("utf-8", "replace").strip()
    except OSError:
        return ""
