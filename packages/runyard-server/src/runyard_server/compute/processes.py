"""Processes of this machine, told apart for good.

A pid alone is used again by the system, so a process is a pid with the moment it started, within
one boot. A zombie is dead: nothing runs in it any more, and under some init processes it is never
taken away.
"""

import os
import resource
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from runyard.protocol import procfs

_PROC = Path("/proc")


@dataclass(frozen=True)
class Process:
    """A process: `started` is text that only this process of this boot has."""

    pid: int
    started: str


def identify(pid: int) -> Process | None:
    """The living process of a pid, None if there is none or it is a zombie."""
    started = _started_linux(pid) if sys.platform == "linux" else _started_ps(pid)
    return None if started is None else Process(pid, started)


def is_alive(process: Process) -> bool:
    """Whether exactly this process lives."""
    return identify(process.pid) == process


def same_boot(started: str) -> bool:
    """Whether a process that started then was one of this machine, since it was started."""
    return sys.platform == "linux" and started.startswith(f"{_boot()}-")


def namespace() -> str:
    """What tells the processes that can be seen from here from those of other machines; "" if none.

    Containers on one machine have one each.
    """
    try:
        return str((_PROC / "self/ns/pid").readlink())
    except OSError:
        return ""


def memory_bytes() -> int:
    """The resident memory of this process; where the system does not tell, the most it has been."""
    try:
        pages = int((_PROC / "self/statm").read_text("ascii").split()[1])
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        # macOS counts bytes there, all others kilobytes.
        return most if sys.platform == "darwin" else most * 1024
    return pages * resource.getpagesize()


def _started_linux(pid: int) -> str | None:
    fields = procfs.stat(pid)
    return None if not fields or procfs.is_dead(fields) else procfs.moment(fields, _boot())


def _started_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    # `lstart` is written in the user's language, and one process must always have one text.
    environment = {**os.environ, "LC_ALL": "C"}
    shown = subprocess.run(command, capture_output=True, check=False, text=True, env=environment)
    state, _, started = shown.stdout.strip().partition(" ")
    if not state or state.startswith("Z"):
        return None
    return " ".join(started.split())


@cache
def _boot() -> str:
    return procfs.boot()
