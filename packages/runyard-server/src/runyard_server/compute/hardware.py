"""What this machine has: CPUs that the service may use, memory, and GPUs."""

import os
import re
from functools import cache
from pathlib import Path

_DEVICES = Path("/dev")
_GPU = re.compile(r"nvidia\d+")
_GIB = 1 << 30


@cache
def cpus() -> int:
    """Count the CPUs this process may run on."""
    # cpu_count counts the machine's: taskset and containers' cpusets allow fewer. macOS has no such
    # call.
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def memory_gb() -> float:
    """Measure the memory, in GiB with one decimal."""
    return round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / _GIB, 1)


@cache
def gpus() -> int:
    """Count the NVIDIA devices; where there is no such folder there are none."""
    try:
        return sum(1 for entry in _DEVICES.iterdir() if _GPU.fullmatch(entry.name))
    except OSError:
        return 0
