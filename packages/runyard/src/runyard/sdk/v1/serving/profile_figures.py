"""What a profile makes of times, and of what the system tells of a worker."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from runyard.protocol import procfs

_SHARES = {"50": 0.5, "90": 0.9, "95": 0.95, "99": 0.99, "999": 0.999}
_MS, _GB = 1000, 1 << 30
# Between two looks at the CPU time: it counts in hundredths of a second.
_LOOK_SECONDS = 0.5
# Memory that a profile has not seen: longer requests, the allocator's leftovers.
_SPARE = 1.25
_LEAST_CPUS, _LEAST_GB = 0.1, 0.1


def times(taken: Sequence[float]) -> Dict[str, float]:
    """Average and percentiles of latencies in seconds, in milliseconds by v1's names."""
    ordered = sorted(taken)
    found = {"averageLatencyInMs": round(_MS * sum(ordered) / len(ordered), 3)}
    for name, share in _SHARES.items():
        # The nearest rank: the least latency that so many requests did not exceed.
        place = max(0, math.ceil(share * len(ordered)) - 1)
        found[f"latencyPercentile{name}InMs"] = round(_MS * ordered[place], 3)
    return found


class Worker:
    """The processes of a replica, as the system tells of them.

    Args:
        pids: Their ids; none where they are on another machine.
    """

    def __init__(self, pids: Sequence[int]) -> None:
        self._pids = list(pids)
        self._first = self._last = self._seconds()
        self._at = 0.0
        self._most = 0.0

    def look(self, now: float) -> None:
        """Take the CPU time since the last look, if that is long enough ago.

        Args:
            now: Seconds, by any clock.
        """
        if not self._at:
            self._at = now
        elif now - self._at >= _LOOK_SECONDS:
            spent = self._seconds()
            self._most = max(self._most, (spent - self._last) / (now - self._at))
            self._at, self._last = now, spent

    def used(self, seconds: float) -> Dict[str, float]:
        """What has been used, by v1's names; nothing where nobody could look.

        Args:
            seconds: How long it was measured.
        """
        if not self._pids:
            return {}
        whole = (self._seconds() - self._first) / seconds
        memory = sum(map(_peak_bytes, self._pids)) / _GB
        return {
            "maxUtilizedCpu": round(max(self._most, whole), 3),
            "maxUtilizedMemoryInGB": round(memory, 3),
        }

    def _seconds(self) -> float:
        found: List[List[str]] = [procfs.stat(pid) for pid in self._pids]
        ticks = sum(int(part) for fields in found for part in fields[procfs.CPU])
        return ticks / os.sysconf("SC_CLK_TCK")


def recommended(used: Dict[str, float]) -> Dict[str, Optional[float]]:
    """What to reserve for a replica, in tenths, by what it used; None where nobody could look."""
    if not used:
        return {"recommendedCpu": None, "recommendedMemoryInGB": None}
    return {
        "recommendedCpu": max(_LEAST_CPUS, _tenths(used["maxUtilizedCpu"])),
        "recommendedMemoryInGB": max(_LEAST_GB, _tenths(_SPARE * used["maxUtilizedMemoryInGB"])),
    }


def _tenths(number: float) -> float:
    return math.ceil(round(10 * number, 6)) / 10


def _peak_bytes(pid: int) -> int:
    """The most memory that a process has had; 0 where that is not told."""
    try:
        with Path(procfs.PROC, str(pid), "status").open("rb") as stream:
            for line in stream:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
