"""What the processes of a job use: CPU, memory and disk, all together and by rank.

A process of the job is known by its mark (`mark`), which costs one system call; only of those is
more read. Without marks it is known by its ancestors, for which all processes must be read.
Memory is what is resident, summed: pages that processes share count in each. CPU time of a child
goes over to its parent when that waits for it, so sums go on when children end.
"""

from __future__ import annotations

import os
import time
from typing import Dict, List, NamedTuple, Sequence, Set, Tuple

from runyard.runtime import mark as marks
from runyard.runtime import usage

JOB = "job"


class Group(NamedTuple):
    """Processes that are measured together, by the pid of the first: `job`, `rank/3`."""

    scope: str
    pid: int


class ProcessUsage:
    """Measures the processes of one job; each look tells what was used since the last.

    Args:
        mark: What they are marked with, 0 for nothing.
        began: When they were started, on the clock of `time.monotonic`.
    """

    def __init__(self, mark: int, began: float) -> None:
        self._mark = mark
        self._at = began
        self._cpu: Dict[str, float] = {}
        self._bytes: Dict[int, Tuple[int, ...]] = {}

    def measure(self, groups: Sequence[Group]) -> Dict[str, Dict[str, float]]:
        """Cores and bytes by scope: `job`, and each rank of the groups.

        Args:
            groups: The job's processes: the first of each.
        """
        now = time.monotonic()
        seconds, self._at = max(now - self._at, 1e-3), now
        table, mine = self._table([group.pid for group in groups])
        if not mine:
            # It has ended: zeros would be taken for what it used at last.
            return {}
        found = {JOB: self._sum(JOB, mine, table, seconds)}
        found[JOB].update(self._disk(mine, seconds))
        for group in groups:
            if group.scope != JOB:
                below = usage.below([group.pid], table)
                found[group.scope] = self._sum(group.scope, below, table, seconds)
        return found

    def _table(self, pids: List[int]) -> Tuple[usage.Table, Set[int]]:
        """What was read of processes, and which of them are the job's."""
        if not os.path.isdir(f"{usage.PROC}/self"):
            table = usage.by_ps()
            return table, usage.below(pids, table)
        me = os.getpid()
        alive = {int(name) for name in os.listdir(usage.PROC) if name.isdigit()}
        marked = {pid for pid in alive if pid != me and marks.of(pid) == self._mark}
        # One mpirun may start the ranks of several nodes of one machine: all bear the mark of the
        # agent that started it, and the other agents know theirs by their pids alone.
        if self._mark and alive.intersection(pids) <= marked:
            return usage.by_proc(marked), marked
        table = usage.by_proc()
        return table, usage.below(pids, table)

    def _sum(
        self, scope: str, pids: Set[int], table: usage.Table, seconds: float
    ) -> Dict[str, float]:
        cpu = sum(table[pid][1].cpu_seconds for pid in pids if pid in table)
        memory = sum(table[pid][1].memory_bytes for pid in pids if pid in table)
        # Never below zero: what an orphan has used goes with it when it ends.
        used = max(0.0, cpu - self._cpu.get(scope, 0.0))
        self._cpu[scope] = cpu
        return {"cpu": used / seconds, "memory": float(memory)}

    def _disk(self, pids: Set[int], seconds: float) -> Dict[str, float]:
        """Bytes a second that went to and from disks, as far as the system tells them."""
        told = {pid: _bytes(pid) for pid in pids}
        now = {pid: one for pid, one in told.items() if one}
        before, self._bytes = self._bytes, now
        if not now:
            return {}
        # A pid that is used again within a second counts from zero, hence `max`.
        moved = [
            sum(max(0, one[place] - before.get(pid, (0, 0))[place]) for pid, one in now.items())
            for place in (0, 1)
        ]
        return {"disk_read": moved[0] / seconds, "disk_write": moved[1] / seconds}


def _bytes(pid: int) -> Tuple[int, ...]:
    """What a process has read from disks and written to them; nothing where that is not told."""
    try:
        with open(f"{usage.PROC}/{pid}/io", "rb") as stream:
            told = dict(line.split(b": ", 1) for line in stream.read().splitlines())
        return int(told[b"read_bytes"]), int(told[b"write_bytes"])
    except (OSError, KeyError, ValueError):
        return ()
