"""Calls become answers: by the flavor itself what came to `/score`, by `protocols` the rest."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Dict, Iterator

from runyard.protocol import codec
from runyard.protocol.endpoints import SCORE
from runyard.protocol.frames import ANSWER, Answer, Call, pack
from runyard.runtime.model import answers, protocols
from runyard.runtime.model.line import Frame, meta

if TYPE_CHECKING:
    from runyard.runtime.model.served import Flavor, Reply

# What a call without meta is.
PLAIN = Call(headers={"content-type": "application/json"})
OK = 200
_MICROSECONDS = 1e6


class Engine:
    """Answers calls with a loaded model, from one thread or several.

    Args:
        flavor: The model.
    """

    def __init__(self, flavor: Flavor) -> None:
        self.flavor = flavor
        # When the call of each thread began: a thread has one at a time.
        self._running: Dict[int, float] = {}

    def longest(self) -> float:
        """For how many seconds the oldest call has been running; 0 while none is."""
        # Copied at once: it is another thread that asks, while calls begin and end.
        began = min(list(self._running.values()), default=0.0)
        return time.monotonic() - began if began else 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Within it this thread is at work, as within `answer`."""
        thread = threading.get_ident()
        self._running[thread] = time.monotonic()
        try:
            yield
        finally:
            self._running.pop(thread, None)

    def answer(self, frame: Frame) -> bytes:
        """The ANSWER to a CALL.

        Args:
            frame: The call.
        """
        thread = threading.get_ident()
        began = self._running[thread] = time.monotonic()
        try:
            reply = self._reply(frame)
        finally:
            self._running.pop(thread, None)
        return encode(frame.number, reply, time.monotonic() - began)

    def read(self, frame: Frame) -> Call:
        """What the gateway tells of a call.

        Args:
            frame: The call.
        """
        return meta(Call, frame.meta) if frame.meta else PLAIN

    def _reply(self, frame: Frame) -> Reply:
        call = PLAIN
        try:
            if frame.meta:
                call = self.read(frame)
            if call.protocol == SCORE:
                return self.flavor.score(call, frame.body)
            return protocols.answer(call, frame.body, self.flavor)
        except BaseException as error:  # noqa: BLE001 - a worker answers, whatever a model raises
            answers.log()
            if call.protocol == SCORE:
                return answers.failure(error, call.legacy_status, call.explain)
            return protocols.failure(call, error)


def encode(number: int, reply: Reply, seconds: float) -> bytes:
    """A reply as a frame.

    Args:
        number: Of the call.
        reply: The reply.
        seconds: What the model took.
    """
    took = int(seconds * _MICROSECONDS)
    if reply.status == OK and not reply.headers and not reply.rows and not reply.failed:
        # What nearly all answers are.
        return pack(ANSWER, number, b'{"run_us":%d}' % took, reply.body)
    told = Answer(reply.status, reply.headers, took, reply.failed, reply.rows)
    return pack(ANSWER, number, codec.encode(told), reply.body)
