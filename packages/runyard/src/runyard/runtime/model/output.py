"""What the worker and its children print, line by line and with the time, for the run's log."""

from __future__ import annotations

import os
import select
import sys
import time
from collections import deque
from typing import Deque, List

TAIL_LINES = 20
BLOCK_BYTES = 64 << 10
# A line without an end is shown in parts.
LONGEST_LINE = 64 << 10


class Output:
    """Copies one worker's output to this process's own.

    Args:
        source: The file descriptor to read, not blocking.
    """

    def __init__(self, source: int) -> None:
        self.source = source
        self._part = b""
        self._tail: Deque[str] = deque(maxlen=TAIL_LINES)

    def copy(self) -> bool:
        """Copy what is there; False at the end."""
        try:
            data = os.read(self.source, BLOCK_BYTES)
        except BlockingIOError:
            return True
        if not data:
            return False
        *lines, self._part = (self._part + data).split(b"\n")
        if len(self._part) > LONGEST_LINE:
            lines, self._part = [*lines, self._part], b""
        self._write(lines)
        return True

    def finish(self) -> None:
        """Copy what is left, and close; who inherited the other end may keep it open."""
        try:
            while self._more() and self.copy():
                pass
        finally:
            os.close(self.source)
        if self._part:
            self._write([self._part])
            self._part = b""

    def tail(self) -> List[str]:
        """The last lines."""
        return list(self._tail)

    def _more(self) -> bool:
        poll = select.poll()
        poll.register(self.source, select.POLLIN)
        return bool(poll.poll(0))

    def _write(self, lines: List[bytes]) -> None:
        if not lines:
            return
        before = stamp().encode("ascii")
        write(b"".join(before + line + b"\n" for line in lines))
        self._tail.extend(line.decode("utf-8", "replace").rstrip("\r") for line in lines)


def stamp() -> str:
    """The time in UTC, to the millisecond, and a space."""
    now = time.time()
    day = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now))
    return f"{day}.{int(now * 1000) % 1000:03d}Z "


def say(text: str) -> None:
    """Print lines of the supervisor's own."""
    before = stamp()
    write("".join(f"{before}{line}\n" for line in text.splitlines()).encode("utf-8", "replace"))


def write(data: bytes) -> None:
    """Write to the log; without room there nothing can be said, and the model still serves."""
    try:
        # A pipe that is nearly full takes a part.
        while data:
            data = data[os.write(sys.stdout.fileno(), data) :]
    except OSError:
        return
