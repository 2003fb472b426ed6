"""The system's programs as tests use them: found, run to their end, and waited for.

A daemon that goes into the background ends soon, and counts as run; whether it answers is waited
for. The PATH of users lacks the folders in which Debian keeps such programs.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Mapping
from typing import TypeVar

SECONDS = 30.0
PATH = f"{os.environ.get('PATH', '')}:/usr/local/sbin:/usr/sbin:/sbin"
_POLL_SECONDS = 0.02
_T = TypeVar("_T")


class ProgramFailed(RuntimeError):
    """A program could not be started, failed, or took too long; with its own words."""


def run(*command: str, variables: Mapping[str, str] | None = None, seconds: float = SECONDS) -> str:
    """Run a program to its end; give what it printed.

    Args:
        command: The program and its arguments.
        variables: Its whole environment; that of this process by default.
        seconds: How long it may take.

    Raises:
        ProgramFailed: It could not be started, failed, or took too long.
    """
    told = " ".join(command)
    program = shutil.which(command[0], path=PATH) or command[0]
    try:
        done = subprocess.run(
            [program, *command[1:]],
            env=None if variables is None else dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise ProgramFailed(f"{told}: {error}") from error
    if done.returncode:
        raise ProgramFailed(f"{told}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout


def until(true: Callable[[], _T], otherwise: Callable[[], object], seconds: float = SECONDS) -> _T:
    """Wait for something to become true, and give it.

    Args:
        true: What is asked again and again.
        otherwise: What is told where it did not become true.
        seconds: How long to wait.

    Raises:
        ProgramFailed: It did not; with what is told.
    """
    end = time.monotonic() + seconds
    while not (found := true()):
        if time.monotonic() > end:
            raise ProgramFailed(str(otherwise()))
        time.sleep(_POLL_SECONDS)
    return found


def free_port() -> int:
    """A port of loopback that nobody has just now."""
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])
