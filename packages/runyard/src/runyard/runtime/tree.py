"""Finds every live process that belongs to a run, whatever it did to hide.

Four signs, any of which is enough: the agent's mark (`mark`), the variable RUNYARD_RUN_ID in the
environment it was started with, a session that the agent made, an ancestor that belongs to the
run. Where there are marks they find all; the other signs are for systems that have none.

A zombie is dead: under some init processes orphans stay zombies for ever. Not so while other
threads of it go on: then only its first thread has ended.

Linux reads /proc; elsewhere `ps` tells the same.
"""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import Container, Dict, Iterable, List, Optional, Set

from runyard.protocol import procfs
from runyard.runtime import mark as marks
from runyard.runtime import names

PROC = procfs.PROC
_PS_FIELDS = 5
# Functions that came with Python 3.9.
_OPEN, _BY_DESCRIPTOR = "pidfd_open", "pidfd_send_signal"


class Seen:
    """A live process as it was seen.

    Args:
        pid, parent, session: Process ids.
        started: When it started, in the system's own words: tells a reused pid from the first one.
    """

    __slots__ = ("parent", "pid", "session", "started")

    def __init__(self, pid: int, parent: int, session: int, started: str) -> None:
        self.pid = pid
        self.parent = parent
        self.session = session
        self.started = started


def started(pid: int) -> str:
    """When a process started; "" when it is not alive."""
    seen = _read_stat(pid) if os.path.isdir(PROC + "/self") else _by_ps(["-p", str(pid)]).get(pid)
    return seen.started if seen is not None else ""


def alive(pid: int, when: str) -> bool:
    """Whether the process that was started then is alive."""
    return bool(when) and started(pid) == when


def members(
    run: str,
    node: int,
    sessions: Container[int],
    roots: Iterable[int] = (),
    since: str = "",
    mark: int = 0,
) -> List[Seen]:
    """The live processes of one node's part of a run, without the caller.

    Args:
        run: The run's id.
        node: The node: several nodes may be slots of one machine.
        sessions: Sessions made for the run.
        roots: Processes whose descendants belong to the run.
        since: `started` of the run's agent: whoever is older needs no look.
        mark: What the agent has marked them with, 0 for nothing.
    """
    everyone = {pid: seen for pid, seen in everything().items() if not _older(seen, since)}
    bearers = {pid: marks.of(pid) for pid in everyone} if mark else {}
    # A service that a script has started is nobody's.
    kept_out = {pid for pid, borne in bearers.items() if borne == mark - 1}
    kept_out |= _ancestors(os.getpid(), everyone)
    mine = {
        seen.pid
        for seen in everyone.values()
        if bearers.get(seen.pid) == mark or seen.session in sessions or _named(seen.pid, run, node)
    }
    mine.update(roots)
    # The caller and what is above it: an agent must not end itself, nor a test its runner.
    mine -= kept_out
    # Children of children: one pass finds one generation, for parents may come later in the list.
    grown = True
    while grown:
        grown_by = {s.pid for s in everyone.values() if s.parent in mine} - mine - kept_out
        mine |= grown_by
        grown = bool(grown_by)
    return [everyone[pid] for pid in sorted(mine) if pid in everyone]


def send(seen: Seen, number: int) -> None:
    """Send a signal to exactly this process, never to another that has its number by now."""
    with suppress(ProcessLookupError, PermissionError):
        # Once opened it stays this process, whoever gets the number next.
        process = opened(seen.pid)
        try:
            if alive(seen.pid, seen.started) and process is not None:
                getattr(signal, _BY_DESCRIPTOR)(process, number)
            elif alive(seen.pid, seen.started):
                os.kill(seen.pid, number)
        finally:
            if process is not None:
                os.close(process)


def opened(pid: int) -> Optional[int]:
    """A descriptor of a process; None before Python 3.9, Linux 5.3, and when it is gone."""
    try:
        return int(getattr(os, _OPEN)(pid))
    except (AttributeError, OSError):
        return None


def _older(seen: Seen, since: str) -> bool:
    """Whether a process was there before; only where start times are numbers (of clock ticks)."""
    return since.isdigit() and seen.started.isdigit() and int(seen.started) < int(since)


def command(pid: int) -> str:
    """A process's command line, shortened, for people to read."""
    try:
        with open(f"{PROC}/{pid}/cmdline", "rb") as stream:
            line = stream.read(4096).replace(b"\0", b" ").strip()
    except OSError:
        return ""
    return line.decode("utf-8", "replace")[:200]


def everything() -> Dict[int, Seen]:
    """Every live process of the machine."""
    if not os.path.isdir(PROC + "/self"):
        return _by_ps(["-A"])
    found = {}
    for name in os.listdir(PROC):
        seen = _read_stat(int(name)) if name.isdigit() else None
        if seen is not None:
            found[seen.pid] = seen
    return found


def _read_stat(pid: int) -> Optional[Seen]:
    fields = procfs.stat(pid, PROC)
    if not fields or procfs.is_dead(fields):
        return None
    parent, session = int(fields[procfs.PARENT]), int(fields[procfs.SESSION])
    return Seen(pid, parent, session, fields[procfs.START])


def _named(pid: int, run: str, node: int) -> bool:
    """Find the run in the environment that a process was started with."""
    wanted = f"{names.RUN_ID_VARIABLE}={run}".encode()
    prefix = f"{names.NODE_VARIABLE}=".encode()
    variables = _environment(pid)
    if wanted not in variables:
        return False
    # Several agents of one machine have the same run: the last value is the one that counts.
    nodes = [v for v in variables if v.startswith(prefix)]
    return not nodes or nodes[-1] == prefix + str(node).encode()


def _environment(pid: int) -> List[bytes]:
    try:
        with open(f"{PROC}/{pid}/environ", "rb") as stream:
            return stream.read().split(b"\0")
    except OSError:
        pass
    if os.path.isdir(PROC + "/self"):
        return []
    return _ps(["-E", "-ww", "-p", str(pid), "-o", "command="]).split()


def _ancestors(pid: int, everyone: Dict[int, Seen]) -> Set[int]:
    found: Set[int] = set()
    while pid in everyone and pid not in found:
        found.add(pid)
        pid = everyone[pid].parent
    return found


def _by_ps(which: List[str]) -> Dict[int, Seen]:
    """Ask `ps`; `lstart` is five words, and comes last."""
    found = {}
    for line in _ps([*which, "-o", "pid=,ppid=,sess=,stat=,lstart="]).splitlines():
        fields = line.split()
        if len(fields) < _PS_FIELDS or fields[3][:1].decode("ascii") in procfs.DEAD:
            continue
        pid = int(fields[0])
        session = _session(pid)
        started_at = b" ".join(fields[4:]).decode("ascii")
        found[pid] = Seen(pid, int(fields[1]), session, started_at)
    return found


def _session(pid: int) -> int:
    """The session; macOS's ps shows an address in its place."""
    try:
        return os.getsid(pid)
    except OSError:
        return 0


def _ps(arguments: List[str]) -> bytes:
    import subprocess

    done = subprocess.run(
        ["ps", *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    return done.stdout
