"""Realises a lock on this machine: runs the light half's builder as a process of its own.

The same program builds on nodes elsewhere. It is a process, so that a killed service leaves it at
work and a canceled run can end it; its output goes straight into the run's build log.
"""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Self

from runyard.protocol.errors import RunyardError, StorageFull
from runyard_server.environments.failures import (
    BuildCanceled,
    EnvironmentFailed,
    IndexUnreachable,
)
from runyard_server.environments.resolver import Tool

# Exit statuses of the light half's builder.
DISK_FULL, UNREACHABLE = 28, 75
_ENTRY = Path("runyard", "runtime", "__main__.py")
_QUICK, _SLOW, _GROWTH = 0.02, 0.25, 1.5
_GRACE_SECONDS = 5.0


def build(
    command: list[str], log_path: Path, tool: Tool, folder: Path, cancelled: Callable[[], bool]
) -> None:
    """Run a builder to its end.

    Args:
        command: What `command` gave.
        log_path: Takes its output, behind what is there.
        tool: Its variables.
        folder: The folder of environments.
        cancelled: Says whether to give up; asked at least four times a second.

    Raises:
        EnvironmentFailed: The lock cannot be installed.
        IndexUnreachable: The index does not answer.
        StorageFull: No space is left.
        BuildCanceled: Given up.
    """
    log_path.parent.mkdir(parents=True, exist_ok=True)
    with log_path.open("ab") as log, tempfile.TemporaryFile() as reason:
        process = start(command, tool, folder, reason, log)
        watch(process, cancelled)
        if process.returncode:
            raise failure(process.returncode, reason)


def start(
    command: list[str],
    tool: Tool,
    folder: Path,
    reason: IO[bytes],
    log: IO[bytes] | None = None,
    *,
    ordered: bool = False,
) -> subprocess.Popen[bytes]:
    """Start a builder.

    Args:
        command: Its command line.
        tool: Its variables.
        folder: Its working folder.
        reason: Takes what it says of a failure.
        log: Takes its output, if that is wanted.
        ordered: Whether it waits for an order.
    """
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE if ordered else subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if log is None else log,
        # A file, not a pipe: nobody reads meanwhile, and a full pipe would stop the builder.
        stderr=reason,
        cwd=folder,
        env=tool.variables,
        # A group of its own: ended as a whole, and not by a Ctrl-C meant for the service.
        start_new_session=True,
    )


def program(light: Path) -> list[str]:
    """The beginning of a builder's command line.

    Args:
        light: Folder with the light half.
    """
    return [sys.executable, "-S", "-E", str(light / _ENTRY)]


def command(
    light: Path,
    folder: Path,
    requirements: Path,
    python: str,
    uv: str,
    cache: Path,
    conda: Path | None = None,
) -> list[str]:
    """The command line of a builder.

    Args:
        light: Folder with the light half.
        folder: The environment's folder.
        requirements: File with the lock's lines.
        python: The interpreter to build on.
        uv: The uv program.
        cache: Folder of downloaded packages.
        conda: The program that installs conda packages, for a lock that has some.
    """
    entry = [*program(light), "realise"]
    places = ["--folder", str(folder), "--requirements", str(requirements), "--cache", str(cache)]
    programs = ["--python", python, "--uv", uv, *(["--conda", str(conda)] if conda else [])]
    return [*entry, *places, *programs]


def watch(process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> None:
    """Wait until a builder has ended.

    Args:
        process: The builder.
        cancelled: Says whether to give up; asked at least four times a second.

    Raises:
        BuildCanceled: Given up.
    """
    pause = _QUICK
    with _Ending(process) as ending:
        while process.poll() is None:
            if cancelled():
                _end(process)
                raise BuildCanceled
            ending.wait(pause)
            pause = min(pause * _GROWTH, _SLOW)


class _Ending:
    """Notices the end of a process as it comes.

    `Popen.wait` with a limit sleeps up to 50 ms between its looks, which is half of what linking a
    few packages takes.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._handle = -1

    def __enter__(self) -> Self:
        # Only Linux has them.
        with suppress(AttributeError, OSError):
            self._handle = os.pidfd_open(self._process.pid)
        return self

    def __exit__(self, *_: object) -> None:
        if self._handle >= 0:
            os.close(self._handle)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended, so long at most."""
        if self._handle < 0:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(seconds)
            return
        # Not `select`, which takes no descriptor above 1023.
        watched = select.poll()
        watched.register(self._handle, select.POLLIN)
        watched.poll(seconds * 1000)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the builder and its installer; what they left is removed by the next builder."""
    for sign, patience in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, sign)
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            time.sleep(_QUICK)
        if process.poll() is not None:
            return


def failure(status: int, reason: IO[bytes]) -> RunyardError:
    """Why a builder has failed.

    Args:
        status: Its exit status, as `Popen` has it.
        reason: What it has said of it.
    """
    reason.seek(0)
    said = reason.read().decode("utf-8", "replace").strip()
    if status == DISK_FULL:
        return StorageFull(said)
    if status == UNREACHABLE:
        return IndexUnreachable(said)
    if status < 0:
        # By the kernel for want of memory, or by hand: that says nothing of the lock, so try again.
        name = signal.Signals(-status).name
        return IndexUnreachable(f"the builder of the environment was killed by {name}; try again")
    return EnvironmentFailed(said or f"the builder of the environment ended with status {status}")
