"""What the whole node uses, as its system tells it: cores, memory, disks, network.

Where the node is a container with limits, its limits and what it uses of them count, not the
machine's. What a system does not tell is left out; nothing here raises because of it.
"""

from __future__ import annotations

import os
from typing import Dict, List, Optional, Sequence, Set, Tuple

from runyard.protocol import procfs

PROC, SYS = procfs.PROC, "/sys"
# The kernel counts sectors of this size, whatever the disk has.
_SECTOR = 512
_READ, _WRITTEN = 5, 9
_RECEIVED, _SENT = 0, 8
_IDLE, _WAITING = 3, 4
# Guests are counted in the first fields too.
_CPU_FIELDS = 8
_UNLIMITED = 1 << 60
_NANO, _MICRO = 1e9, 1e6
# Where neither is there is no driver of NVIDIA's, and its library need not be looked for.
GPU_DEVICES = ("/dev/nvidiactl", "/dev/dxg")

# What is used now, and what has been used since the beginning.
Levels = Dict[str, float]
Totals = Dict[str, float]


def may_have_gpus(devices: Sequence[str] = GPU_DEVICES) -> bool:
    """Whether this machine may have a GPU; costs next to nothing.

    Args:
        devices: What a driver makes.
    """
    return any(os.path.exists(path) for path in devices)


class Machine:
    """Reads the node's counters; what cannot change is read once.

    Args:
        folder: A folder on the disk whose room is told.
        proc: Where the system tells of processes.
        sys: Where it tells of devices.
    """

    def __init__(self, folder: str, proc: str = PROC, sys: str = SYS) -> None:
        self._folder = folder
        self._proc = proc
        self._sys = sys
        self._disks = self._with_device("block")
        self._networks = self._with_device("class/net")
        self._group = _Group(proc, sys)
        # A container, or a scheduler of batches, may grant some cores of many.
        self._allowed: Set[int] = (
            os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()
        )

    def capacities(self) -> Levels:
        """What there is of each measure."""
        cores = float(len(self._allowed) or os.cpu_count() or 1)
        found: Levels = {"cpu": min(cores, self._group.cores or cores)}
        total = self._memory()[1]
        if total:
            found["memory"] = total
        disk = self._disk()
        if disk:
            found["disk"] = disk[1]
        return found

    def levels(self) -> Levels:
        """What is used now: memory and disk, in bytes."""
        found: Levels = {}
        used, total = self._memory()
        if total:
            found["memory"] = used
        disk = self._disk()
        if disk:
            found["disk"] = disk[0]
        return found

    def totals(self) -> Totals:
        """What was used since the system began: seconds of CPU, bytes of disks and network."""
        return {**self._cpu(), **self._disk_bytes(), **self._network_bytes()}

    def _cpu(self) -> Totals:
        own = self._group.cpu_seconds()
        if own is not None:
            return {"cpu": own}
        told = [line.split() for line in _lines(f"{self._proc}/stat") if line.startswith("cpu")]
        each = {fields[0]: [int(field) for field in fields[1 : 1 + _CPU_FIELDS]] for fields in told}
        mine = [each[name] for name in (f"cpu{core}" for core in self._allowed) if name in each]
        if not mine or len(mine) == len(each) - 1:
            mine = [each["cpu"]] if "cpu" in each else []
        busy = [sum(one) - one[_IDLE] - one[_WAITING] for one in mine if len(one) > _WAITING]
        return {"cpu": sum(busy) / os.sysconf("SC_CLK_TCK")} if busy else {}

    def _memory(self) -> Tuple[float, float]:
        """What is used, and what there is; zeros where it is not told."""
        told = {}
        for line in _lines(f"{self._proc}/meminfo")[:10]:
            name, _, text = line.partition(":")
            number = text.split()[:1]
            if number and number[0].isdigit():
                told[name] = int(number[0]) << 10
        total, free = told.get("MemTotal", 0), told.get("MemAvailable", told.get("MemFree", 0))
        own = self._group.memory(total)
        return own if own is not None else (float(total - free), float(total))

    def _disk(self) -> Optional[Tuple[float, float]]:
        try:
            found = os.statvfs(self._folder)
        except OSError:
            return None
        total = found.f_blocks * found.f_frsize
        return float(total - found.f_bfree * found.f_frsize), float(total)

    def _disk_bytes(self) -> Totals:
        read = written = 0
        seen = False
        for line in _lines(f"{self._proc}/diskstats"):
            fields = line.split()
            # Not partitions, nor what lies on top of disks: their bytes would count twice.
            if len(fields) > _WRITTEN and fields[2] in self._disks:
                seen = True
                read += int(fields[_READ]) * _SECTOR
                written += int(fields[_WRITTEN]) * _SECTOR
        return {"disk_read": float(read), "disk_write": float(written)} if seen else {}

    def _network_bytes(self) -> Totals:
        told = {}
        for line in _lines(f"{self._proc}/self/net/dev"):
            name, colon, text = line.partition(":")
            fields = text.split()
            if colon and len(fields) > _SENT and name.strip() != "lo":
                told[name.strip()] = (int(fields[_RECEIVED]), int(fields[_SENT]))
        # Bridges repeat what the cards behind them carry. A container has no card of its own.
        found = [told[name] for name in told if name in self._networks] or list(told.values())
        if not told:
            return {}
        return {
            "network_in": float(sum(one[0] for one in found)),
            "network_out": float(sum(one[1] for one in found)),
        }

    def _with_device(self, kind: str) -> List[str]:
        """The names of one kind that stand for hardware."""
        folder = f"{self._sys}/{kind}"
        try:
            names = os.listdir(folder)
        except OSError:
            return []
        return [name for name in names if os.path.exists(f"{folder}/{name}/device")]


class _Group:
    """The limits of this process's control group, of either version; none where it has none.

    Args:
        proc: Where the system tells of processes.
        sys: Where it tells of control groups.
    """

    def __init__(self, proc: str, sys: str) -> None:
        self.cores = 0.0
        self._memory_folder = self._cpu_folder = ""
        self._limit = float(_UNLIMITED)
        paths = [line.split(":", 2) for line in _lines(f"{proc}/self/cgroup")]
        for _, controllers, path in (fields for fields in paths if len(fields) == len("h:c")):
            root = f"{sys}/fs/cgroup"
            # Some systems list the controllers in another order than the folder's name has.
            roots = [f"{root}/{name}" for name in (controllers, *controllers.split(","))]
            for folder in _upward(next((r for r in roots if os.path.isdir(r)), root), path):
                if not controllers or "memory" in controllers.split(","):
                    self._find_memory(folder)
                if not controllers or "cpu" in controllers.split(","):
                    self._find_cores(folder)

    def memory(self, total: float) -> Optional[Tuple[float, float]]:
        """What the group uses of its limit; None if the machine sets the limit."""
        if not self._memory_folder or 0 < total <= self._limit:
            return None
        for used, inactive in (
            ("memory.current", "inactive_file"),
            ("memory.usage_in_bytes", "total_inactive_file"),
        ):
            bytes_used = _number(f"{self._memory_folder}/{used}")
            if bytes_used is not None:
                lines = _lines(f"{self._memory_folder}/memory.stat")
                # What the system takes back at once when somebody needs it is no use of memory.
                cached = sum(int(ln.split()[1]) for ln in lines if ln.startswith(inactive + " "))
                return max(0.0, bytes_used - cached), self._limit
        return None

    def cpu_seconds(self) -> Optional[float]:
        """What the group has used; None if it has no limit of its own."""
        if not self._cpu_folder:
            return None
        for line in _lines(f"{self._cpu_folder}/cpu.stat"):
            if line.startswith("usage_usec "):
                return int(line.split()[1]) / _MICRO
        path = f"{self._cpu_folder}/cpuacct.usage"
        for each in (path, path.replace("/cpu/", "/cpuacct/", 1)):
            used = _number(each)
            if used is not None:
                return used / _NANO
        return None

    def _find_memory(self, folder: str) -> None:
        for name in ("memory.max", "memory.limit_in_bytes"):
            limit = _number(f"{folder}/{name}")
            if limit is not None and limit < self._limit:
                self._limit, self._memory_folder = limit, folder

    def _find_cores(self, folder: str) -> None:
        told = " ".join(_lines(f"{folder}/cpu.max")).split()
        if not told:
            quota, period = (_number(f"{folder}/cpu.cfs_{n}_us") for n in ("quota", "period"))
            told = [str(quota), str(period)] if quota is not None and quota > 0 else []
        try:
            cores = float(told[0]) / float(told[1])
        except (IndexError, ValueError, ZeroDivisionError):
            return
        if cores and (not self.cores or cores < self.cores):
            self.cores, self._cpu_folder = cores, folder


def _upward(root: str, path: str) -> List[str]:
    """A group's folder and all above it: each may have limits. In a container it is the root."""
    parts = [part for part in path.split("/") if part]
    return ["/".join([root, *parts[:end]]) for end in range(len(parts), -1, -1)]


def _lines(path: str) -> List[str]:
    try:
        with open(path, "rb") as stream:
            return stream.read().decode("ascii", "replace").splitlines()
    except OSError:
        return []


def _number(path: str) -> Optional[float]:
    try:
        return float(_lines(path)[0])
    except (IndexError, ValueError):
        return None
