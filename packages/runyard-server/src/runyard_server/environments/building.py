"""Realises a lock on this machine: runs the light half's builder as a process of its own.

The same program builds on nodes elsewhere. It is a process, so that a killed service leaves it at
work and a canceled run can end it; its output goes straight into the run's build log.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from runyard.protocol.errors import RunyardError, StorageFull
from runyard_server.environments.failures import (
    BuildCanceled,
    EnvironmentFailed,
    IndexUnreachable,
)
from runyard_server.environments.resolver import Tool

# Exit statuses of the light half's builder.
_DISK_FULL, _UNREACHABLE = 28, 75
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
    # A file for its errors, not a pipe: nobody reads meanwhile, and a full pipe would stop the
    # builder.
    with log_path.open("ab") as log, tempfile.TemporaryFile() as reason:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=reason,
            cwd=folder,
            env=tool.variables,
            # A group of its own: ended as a whole, and not by a Ctrl-C meant for the service.
            start_new_session=True,
        )
        with process:
            _watch(process, cancelled)
        reason.seek(0)
        said = reason.read().decode("utf-8", "replace").strip()
    if process.returncode:
        raise _failure(process.returncode, said)


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
    entry = [sys.executable, "-S", "-E", str(light / _ENTRY), "realise"]
    places = ["--folder", str(folder), "--requirements", str(requirements), "--cache", str(cache)]
    programs = ["--python", python, "--uv", uv, *(["--conda", str(conda)] if conda else [])]
    return [*entry, *places, *programs]


def _watch(process: subprocess.Popen[bytes], cancelled: Callable[[], bool]) -> None:
    pause = _QUICK
    while process.poll() is None:
        if cancelled():
            _end(process)
            raise BuildCanceled
        with suppress(subprocess.TimeoutExpired):
            process.wait(pause)
        pause = min(pause * _GROWTH, _SLOW)


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


def _failure(status: int, said: str) -> RunyardError:
    if status == _DISK_FULL:
        return StorageFull(said)
    if status == _UNREACHABLE:
        return IndexUnreachable(said)
    if status < 0:
        # By the kernel for want of memory, or by hand: that says nothing of the lock, so try again.
        name = signal.Signals(-status).name
        return IndexUnreachable(f"the builder of the environment was killed by {name}; try again")
    return EnvironmentFailed(said or f"the builder of the environment ended with status {status}")
