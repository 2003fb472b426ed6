"""Why a worker died, in words, with the figures that tell a lack of memory from other kills.

The kernel ends a process that it has no memory for with SIGKILL and tells nobody. It counts such
kills, for a cgroup and for the machine; whether one was ours follows from the count and the time.
"""

from __future__ import annotations

import os
import signal
from typing import Dict, Iterator, List, NamedTuple, Optional, Tuple

PROC, CGROUPS = "/proc", "/sys/fs/cgroup"
# As much of a limit has to be in use for a kill without a count to be called one for memory.
NEARLY = 0.9
_UNITS = (("GB", 1 << 30), ("MB", 1 << 20), ("kB", 1 << 10))
# What cgroup v1 tells where there is no limit.
_NO_LIMIT = 1 << 60


class Memory(NamedTuple):
    """The memory that a worker can have.

    Args:
        kills: How many processes were killed for memory so far.
        limit: In bytes, 0 where none is known.
        where: Whose limit it is, for people.
        free: What the machine has left.
    """

    kills: int
    limit: int
    where: str
    free: int


class Death(NamedTuple):
    """How a worker ended.

    Args:
        status: Its exit code; negative: the signal.
        reason: What is known of it from itself or from who killed it; "" for nothing.
        peak: The most memory it had, in bytes.
        before: The state of the memory while it lived.
        after: And when it was found dead.
    """

    status: int
    reason: str
    peak: int
    before: Memory
    after: Memory


def look(proc: str = PROC, cgroups: str = CGROUPS) -> Memory:
    """The state of the memory now.

    Args:
        proc: Where the kernel tells it.
        cgroups: And where of cgroups.
    """
    kills = _number(f"{proc}/vmstat", "oom_kill")
    machine = _number(f"{proc}/meminfo", "MemTotal:") << 10
    free = _number(f"{proc}/meminfo", "MemAvailable:") << 10
    limit, where = machine, "the machine"
    for folder in _folders(proc, cgroups):
        found = _first_number(f"{folder}/memory.max") or _first_number(
            f"{folder}/memory.limit_in_bytes"
        )
        if found and found < min(limit or _NO_LIMIT, _NO_LIMIT):
            limit, where = found, "its control group"
        kills += _number(f"{folder}/memory.events", "oom_kill")
        # The same count by the name of the first version, since Linux 4.13.
        kills += _number(f"{folder}/memory.oom_control", "oom_kill")
    return Memory(kills, limit, where, free)


def describe(death: Death) -> str:
    """The reason of a death as a sentence without its end."""
    if death.reason:
        return death.reason
    if death.status >= 0:
        return f"the worker ended with exit code {death.status}"
    name = _signal(-death.status)
    if death.status != -signal.SIGKILL:
        return f"the worker was ended by {name}"
    figures = _figures(death)
    if _for_memory(death):
        return f"killed for memory ({figures})"
    return f"the worker was killed by {name}, not by Runyard ({figures})"


def size(count: int) -> str:
    """A number of bytes for people."""
    for name, unit in _UNITS:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} bytes"


def _for_memory(death: Death) -> bool:
    after = death.after
    return after.kills > death.before.kills or 0 < after.limit * NEARLY <= death.peak


def _figures(death: Death) -> str:
    parts = [f"it had up to {size(death.peak)}"]
    if death.after.limit:
        parts.append(f"the limit of {death.after.where} is {size(death.after.limit)}")
    if death.after.free:
        parts.append(f"{size(death.after.free)} are free on the machine now")
    return "; ".join(parts)


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _folders(proc: str, cgroups: str) -> Iterator[str]:
    """The control group of this process and those around it."""
    for controllers, path in _groups(proc):
        base = f"{cgroups}/memory" if "memory" in controllers.split(",") else cgroups
        # Of the first version only the memory controller's hierarchy tells of memory; a line of the
        # second names no controller.
        if controllers and base == cgroups:
            continue
        parts = path.strip("/").split("/")
        for count in range(len(parts), -1, -1):
            yield os.path.join(base, *parts[:count])


def _groups(proc: str) -> List[Tuple[str, str]]:
    text = _read(f"{proc}/self/cgroup") or ""
    lines = [line.split(":", 2) for line in text.splitlines() if line.count(":") > 1]
    return [(controllers, path) for _, controllers, path in lines]


def _number(path: str, name: str) -> int:
    """The number behind a name in a file of such lines, 0 where there is none."""
    return _lines(path).get(name, 0)


def _lines(path: str) -> Dict[str, int]:
    found = {}
    for line in (_read(path) or "").splitlines():
        words = line.split()
        if len(words) > 1 and words[1].isdigit():
            found[words[0]] = int(words[1])
    return found


def _first_number(path: str) -> int:
    text = (_read(path) or "").strip()
    return int(text) if text.isdigit() else 0


def _read(path: str) -> Optional[str]:
    try:
        with open(path, encoding="ascii", errors="replace") as stream:
            return stream.read()
    except OSError:
        return None
