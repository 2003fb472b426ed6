"""Process trees: what a server that was just started consists of, and how to end all of it.

Memory is the proportional set size, in which a page shared by n processes counts 1/n for each:
fair to servers that fork. Where the system does not tell it, the resident size is taken.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from pathlib import Path


def members(root: int) -> list[int]:
    """A process and all its living descendants."""
    children: dict[int, list[int]] = {}
    listed = subprocess.run(
        ["ps", "-eo", "pid=,ppid=,stat="], capture_output=True, text=True, check=True
    ).stdout
    for line in listed.splitlines():
        pid, parent, state = line.split()[:3]
        if not state.startswith("Z"):
            children.setdefault(int(parent), []).append(int(pid))
    found, left = [], [root]
    while left:
        pid = left.pop()
        found.append(pid)
        left += children.get(pid, [])
    return found


def session(root: int) -> list[int]:
    """All living processes of the session that a process leads, and their descendants."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,sess=,stat="], capture_output=True, text=True, check=True
    ).stdout
    rows = [line.split() for line in listed.splitlines()]
    own = {int(row[0]) for row in rows if int(row[1]) == root and not row[2].startswith("Z")}
    return sorted(own | {pid for member in own for pid in members(member)})


def mentioning(text: str) -> list[int]:
    """All living processes whose command line has a text, which must be one of our own."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,args=", "-ww"], capture_output=True, text=True, check=True
    ).stdout
    rows = (line.split(maxsplit=1) for line in listed.splitlines())
    return [int(row[0]) for row in rows if text in row[-1]]


def memory_mb(pids: list[int]) -> float:
    """The memory of processes together, in MB."""
    return sum(_bytes(pid) for pid in pids) / 1e6


def end(pids: list[int], seconds: float = 10.0) -> None:
    """End processes: ask, wait, then kill what is left."""
    _signal(pids, signal.SIGTERM)
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    _signal([pid for pid in pids if alive(pid)], signal.SIGKILL)


def alive(pid: int) -> bool:
    """Whether a process lives; a zombie does not."""
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")


def _signal(pids: list[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def _bytes(pid: int) -> int:
    rollup = Path(f"/proc/{pid}/smaps_rollup")
    try:
        found = re.search(r"^Pss:\s+(\d+) kB", rollup.read_text(), re.MULTILINE)
        if found:
            return int(found.group(1)) * 1024
    except OSError:
        pass
    resident = subprocess.run(
        ["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout
    return int(resident or 0) * 1024
