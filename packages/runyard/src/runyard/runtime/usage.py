"""What each process of a node uses: CPU time and memory of it and of everything below it.

One look at the machine's processes serves all. Linux reads /proc; elsewhere `ps` tells the same.
Memory is what is resident, summed over the tree: pages that processes share count in each.
"""

from __future__ import annotations

import os
import threading
import time
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Set, Tuple

from runyard.protocol import procfs
from runyard.protocol.timeouts import HEARTBEAT_SECONDS
from runyard.runtime import names

PROC = procfs.PROC
RUNNING = names.TASK_RUNNING
# The first looks come sooner after another, so that short processes are seen too.
FIRST_SECONDS = 0.5
_PS_FIELDS = 4


class Usage(NamedTuple):
    """CPU time in seconds since the start, and resident memory in bytes now."""

    cpu_seconds: float
    memory_bytes: int


# A process's parent and its own usage.
Table = Dict[int, Tuple[int, Usage]]


def measure(pids: Iterable[int]) -> Dict[int, Usage]:
    """The usage of each process that is alive, with all its descendants.

    CPU time includes that of descendants which have ended and were waited for.

    Args:
        pids: The processes.
    """
    table = by_proc() if os.path.isdir(PROC + "/self") else by_ps()
    children = _children(table)
    return {pid: _sum(pid, table, children) for pid in pids if pid in table}


def below(pids: Iterable[int], table: Table) -> Set[int]:
    """The processes that are alive, with all their descendants.

    Args:
        pids: The processes.
        table: What was read of all that matter.
    """
    children = _children(table)
    found = {pid for pid in pids if pid in table}
    waiting = list(found)
    while waiting:
        fresh = [child for child in children.get(waiting.pop(), ()) if child not in found]
        found.update(fresh)
        waiting += fresh
    return found


class Meter:
    """Adds to the tasks of a node what they use; asks the machine only every few seconds.

    Args:
        seconds: Between two looks, when the job is some time old.
    """

    def __init__(self, seconds: float = HEARTBEAT_SECONDS) -> None:
        self._seconds = seconds
        self._pause = min(FIRST_SECONDS, seconds)
        self._next = 0.0
        self._seen: Dict[int, Usage] = {}
        self._peaks: Dict[int, int] = {}
        # Tasks are told by the main thread and again by that of the beats.
        self._lock = threading.Lock()

    def fill(self, tasks: List[Dict[str, Any]]) -> List[Dict[str, Any]]:
        """The tasks (fields of TaskReport) with what each uses, or has used to its end."""
        with self._lock:
            running = [int(task["pid"]) for task in tasks if task["state"] == RUNNING]
            if running and time.monotonic() >= self._next:
                self._look(running)
            return [self._filled(task) for task in tasks]

    def _look(self, pids: List[int]) -> None:
        self._next = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, self._seconds)
        for pid, used in measure(pids).items():
            self._seen[pid] = used
            self._peaks[pid] = max(self._peaks.get(pid, 0), used.memory_bytes)

    def _filled(self, task: Dict[str, Any]) -> Dict[str, Any]:
        pid = int(task["pid"])
        cpu, memory = self._seen.get(pid, Usage(0.0, 0))
        return {
            **task,
            "cpu_seconds": max(cpu, task.get("cpu_seconds", 0.0)),
            "memory_bytes": memory if task["state"] == RUNNING else 0,
            "peak_memory_bytes": max(self._peaks.get(pid, 0), task.get("peak_memory_bytes", 0)),
        }


def _children(table: Table) -> Dict[int, List[int]]:
    children: Dict[int, List[int]] = {}
    for pid, (parent, _) in table.items():
        children.setdefault(parent, []).append(pid)
    return children


def _sum(root: int, table: Table, children: Dict[int, List[int]]) -> Usage:
    cpu, memory = 0.0, 0
    waiting, seen = [root], {root}
    while waiting:
        pid = waiting.pop()
        used = table[pid][1]
        cpu, memory = cpu + used.cpu_seconds, memory + used.memory_bytes
        more = [child for child in children.get(pid, ()) if child not in seen]
        seen.update(more)
        waiting += more
    return Usage(round(cpu, 2), memory)


def by_proc(pids: Optional[Iterable[int]] = None) -> Table:
    """What /proc tells of processes.

    Args:
        pids: Which; None: all of the machine.
    """
    ticks, page = os.sysconf("SC_CLK_TCK"), os.sysconf("SC_PAGE_SIZE")
    found: Table = {}
    if pids is None:
        pids = [int(name) for name in os.listdir(PROC) if name.isdigit()]
    for pid in pids:
        fields = procfs.stat(pid, PROC)
        if fields:
            cpu = sum(int(field) for field in fields[procfs.CPU]) / ticks
            used = Usage(cpu, int(fields[procfs.RESIDENT]) * page)
            found[pid] = (int(fields[procfs.PARENT]), used)
    return found


def by_ps() -> Table:
    """The same of all processes of the machine, where there is no /proc."""
    import subprocess

    done = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid=,rss=,time="],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    found: Table = {}
    for line in done.stdout.decode("ascii", "replace").splitlines():
        fields = line.split()
        if len(fields) == _PS_FIELDS:
            used = Usage(clock_seconds(fields[3]), int(fields[2]) << 10)
            found[int(fields[0])] = (int(fields[1]), used)
    return found


def clock_seconds(text: str) -> float:
    """Read ps's `[[days-]hours:]minutes:seconds`, the seconds with or without a fraction."""
    days, _, rest = text.rpartition("-")
    seconds = 0.0
    for part in rest.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds + 86400 * int(days or 0)
