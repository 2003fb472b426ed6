"""Threads that answer calls, for a deployment whose `concurrency` is more than one."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Deque, Tuple

if TYPE_CHECKING:
    from runyard.runtime.model.engine import Engine
    from runyard.runtime.model.line import Frame, Line


class Pool:
    """The threads.

    Args:
        engine: What answers.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._waiting: Deque[Tuple[Line, Frame]] = deque()
        self._change = threading.Condition()
        self._unfinished = 0
        self._threads = 0

    def grow(self, count: int) -> None:
        """Have so many threads; there are never fewer again."""
        while self._threads < count:
            self._threads += 1
            threading.Thread(target=self._run, name=f"call-{self._threads}", daemon=True).start()

    def take(self, line: Line, call: Frame) -> None:
        """Have a call answered on its connection."""
        with self._change:
            self._unfinished += 1
            self._waiting.append((line, call))
            self._change.notify_all()

    def cancel(self, number: int) -> bool:
        """Do not begin a call that nobody waits for any more; whether it had not begun."""
        with self._change:
            left = deque(each for each in self._waiting if each[1].number != number)
            found = len(self._waiting) - len(left)
            self._waiting = left
            self._unfinished -= found
            return bool(found)

    def drop(self) -> None:
        """Begin none of the calls that wait: their gateway has gone."""
        with self._change:
            self._unfinished -= len(self._waiting)
            self._waiting.clear()
            self._change.notify_all()

    def finish(self) -> None:
        """Wait until all is answered."""
        with self._change:
            self._change.wait_for(lambda: not self._unfinished)

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: self._waiting)
                line, call = self._waiting.popleft()
            # A gateway that has gone is the first thread's to notice, which calls the next one.
            with suppress(OSError, ValueError):
                line.send(self._engine.answer(call))
            with self._change:
                self._unfinished -= 1
                self._change.notify_all()
