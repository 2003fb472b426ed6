"""Runs a compilation and says how far it is, so that nobody takes minutes of silence for a hang.

All that the compilers print goes into a file of its own; the build log gets a line every few
seconds, and the end of the file when it fails. The compilers are of the same process group as the
builder: whoever kills that reaches them too.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Callable, Dict, List, Tuple

from runyard.runtime import installing, tree
from runyard.runtime.installing import BuildFailed
from runyard.runtime.job import Canceled

if TYPE_CHECKING:
    from runyard.runtime.sharing import SharedLog

SAY_SECONDS = 5.0
_POLL_SECONDS = 0.1
_GRACE_SECONDS = 5.0
_TAIL_LINES, _TAIL_BYTES = 20, 64 << 10
_LONGEST_LINE, _QUOTED_LINES = 300, 10
_FAULT = re.compile(r"\berror\b|\bfatal\b|undefined reference|Killed", re.IGNORECASE)
_COUNTED = re.compile(r"^\[(\d+)/(\d+)\]", re.MULTILINE)
_PERCENT = re.compile(r"^\[ *(\d+)%\]", re.MULTILINE)
_HINTS = (
    (r"Python\.h: No such file", "install Python's headers (Debian: apt install python3-dev)"),
    (
        r"\bmpi\.h: No such file|Could NOT find MPI|mpicxx -show",
        "install Open MPI's headers (Debian: apt install libopenmpi-dev)",
    ),
    (
        r"Killed signal|out of memory|Cannot allocate memory|virtual memory exhausted",
        "the compiler ran out of memory (it takes about 1.5 GB for each core): end other programs",
    ),
    (
        r"internal compiler error|unrecognized command|C\+\+ compilation flags|not able to compile",
        "the C++ compiler does not work: try `c++ --version`, or name another one in CXX",
    ),
)
_HINT = (
    "the versions may not fit each other: take one of the table in the how-to on MPI and Horovod, "
    "or do without Horovod (runyard.distributed)"
)


class Compilation:
    """One compilation.

    Args:
        title: What is compiled, for people to read.
        command: The program and its arguments.
        folder: Where it runs.
        variables: Its environment.
        output: File for all that it prints.
    """

    def __init__(
        self, title: str, command: List[str], folder: str, variables: Dict[str, str], output: str
    ) -> None:
        self.title = title
        self.command = command
        self.folder = folder
        self.variables = variables
        self.output = output

    def run(self, shared: SharedLog, locks: Tuple[int, ...], canceled: Callable[[], bool]) -> None:
        """Run it to its end.

        Args:
            shared: The build log.
            locks: Descriptors of the locks that the compilers hold too.
            canceled: Says whether to give up.

        Raises:
            BuildFailed: It failed; the message has its last lines and what to do.
            Canceled: Given up; the compilers have been ended.
        """
        begun = time.monotonic()
        with open(self.output, "ab") as stream:
            process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env=self.variables,
                pass_fds=locks,
            )
        with process:
            try:
                self._follow(process, shared, begun, canceled)
            except BaseException:
                end(process)
                raise
        if process.returncode:
            raise self._failure(process.returncode, shared)

    def _follow(
        self,
        process: subprocess.Popen[bytes],
        shared: SharedLog,
        begun: float,
        canceled: Callable[[], bool],
    ) -> None:
        said = begun
        while process.poll() is None:
            if canceled():
                raise Canceled
            now = time.monotonic()
            if now - said >= SAY_SECONDS:
                said = now
                shared.say(f"{self.title}: {progress(self._tail())}, {now - begun:.0f} s")
            with suppress(subprocess.TimeoutExpired):
                process.wait(_POLL_SECONDS)

    def _failure(self, status: int, shared: SharedLog) -> BuildFailed:
        said = self._tail()
        if any(sign in said for sign in installing.NO_SPACE):
            return installing.no_space(self.output)
        for line in said.strip().splitlines()[-_TAIL_LINES:]:
            shared.say("| " + line[:_LONGEST_LINE])
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        text = "\n".join(telling(said))
        return BuildFailed(
            f"{self.title} could not be compiled: the build {how}; {hint(said)}. All that it said "
            f"is in {self.output}:\n{text}"
        )

    def _tail(self) -> str:
        with open(self.output, "rb") as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - _TAIL_BYTES))
            return stream.read().decode("utf-8", "replace")


def progress(said: str) -> str:
    """How far a compilation is, from what it printed last."""
    counted = _COUNTED.findall(said)
    if counted:
        return "compiling, {} of {} files done".format(*counted[-1])
    percent = _PERCENT.findall(said)
    return f"compiling, {percent[-1]} % done" if percent else "compiling"


def telling(said: str) -> List[str]:
    """The lines that name the faults; the last ones where none does."""
    lines = [line[:_LONGEST_LINE] for line in said.strip().splitlines()]
    faults = [line for line in lines if _FAULT.search(line)]
    return (faults or lines)[-_QUOTED_LINES:]


def hint(said: str) -> str:
    """What to do about a failed compilation, from what it printed."""
    for pattern, text in _HINTS:
        if re.search(pattern, said):
            return text
    return _HINT


def end(process: subprocess.Popen[bytes]) -> None:
    """End a build with all the compilers below it."""
    live = _with_descendants(process.pid)
    for sign, patience in ((signal.SIGTERM, _GRACE_SECONDS), (signal.SIGKILL, _GRACE_SECONDS)):
        for pid, started in live.items():
            if tree.alive(pid, started):
                with suppress(ProcessLookupError):
                    os.kill(pid, sign)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            process.poll()
            # Who forked between look and signal has a child that nobody saw.
            live.update(_with_descendants(process.pid))
            if not any(tree.alive(pid, started) for pid, started in live.items()):
                return
            time.sleep(_POLL_SECONDS)


def _with_descendants(root: int) -> Dict[int, str]:
    """A live process and its descendants, with when each was started."""
    everyone = tree.everything()
    found = {root} if root in everyone else set()
    grown = bool(found)
    while grown:
        children = {s.pid for s in everyone.values() if s.parent in found and s.pid not in found}
        found |= children
        grown = bool(children)
    return {pid: everyone[pid].started for pid in found}
