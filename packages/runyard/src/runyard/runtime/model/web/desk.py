"""Who waits for the worker, and what it has: the gateway's part, for one replica.

The worker and its supervisor dial a Unix socket and speak frames. Calls wait in a queue, bounded in
number and time; what a worker had when it died is told so, and the rest waits for the next one.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from typing import TYPE_CHECKING, Callable, Deque, Dict, Optional, Tuple

from runyard.protocol.errors import RunyardError
from runyard.protocol.frames import (
    ANSWER,
    CALL,
    CANCEL,
    DRAIN,
    ERROR,
    HEAD,
    HELLO,
    LARGEST_META,
    MARKS_FOLDER,
    NEWS,
    READY,
    SUPERVISOR,
    WELCOME,
    Answer,
    Hello,
    Ready,
    Welcome,
    WorkerNews,
    pack,
)
from runyard.runtime.model.line import Frame, frame, meta
from runyard.runtime.model.supervisor import DRAINING, GIVING_UP

if TYPE_CHECKING:
    from runyard.protocol.serving import WorkerSpec

# How long a call waits for a worker that is started (again).
RESTART_WAIT_SECONDS = 10.0
_BAD_GATEWAY, _UNAVAILABLE, _TIMEOUT = 502, 503, 504
# What is told a worker of a call, once it is known how it takes its input.
Meta = Callable[[Ready], bytes]


class Unanswered(Exception):
    """A call that no worker has answered.

    Args:
        status: The HTTP status that tells so.
        message: What happened, and what to do.
        retry_after: After how many seconds to try again; 0: that is not known.
    """

    def __init__(self, status: int, message: str, retry_after: int = 0) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class Waiting:
    """A call: `sent` is done when a worker has it, `answer` when it has answered."""

    def __init__(self, told: Meta, body: bytes) -> None:
        loop = asyncio.get_event_loop()
        self.told = told
        self.body = body
        self.number = 0
        self.sent: asyncio.Future[None] = loop.create_future()
        self.answer: asyncio.Future[Tuple[Answer, bytes]] = loop.create_future()


class Desk:
    """Hands calls to the worker.

    Args:
        spec: What is served.
        folder: Where the socket and the worker's marks are.
        token: By which supervisor and worker are known.

    Attributes:
        ready: What the worker has told of its model; None while none can be called.
    """

    def __init__(self, spec: WorkerSpec, folder: str, token: str) -> None:
        self.ready: Optional[Ready] = None
        self._spec = spec
        self._folder = folder
        self._token = token
        self._news: Optional[WorkerNews] = None
        self._writer: Optional[asyncio.StreamWriter] = None
        self._pending: Dict[int, Waiting] = {}
        self._queue: Deque[Waiting] = deque()
        self._number = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Be the other end of a connection of the supervisor or the worker.

        Args:
            reader: What comes.
            writer: What goes.
        """
        try:
            hello = await self._greet(reader, writer)
            if hello.role == SUPERVISOR:
                await self._hear(reader)
            else:
                await self._work(reader, writer)
        except (OSError, EOFError, ValueError, RunyardError):
            # A process that has ended; its supervisor tells why.
            return
        finally:
            writer.close()

    async def ask(self, told: Meta, body: bytes) -> Tuple[Answer, bytes]:
        """Have a call answered.

        Args:
            told: What the worker is told of it.
            body: Its body.

        Raises:
            Unanswered: No worker does.
        """
        self._check()
        waiting = Waiting(told, body)
        self._queue.append(waiting)
        self._pump()
        patience = self._patience()
        try:
            await asyncio.wait_for(waiting.sent, patience)
        except asyncio.TimeoutError:
            self._queue.remove(waiting)
            text = f"no replica was free within {patience:g} s"
            raise Unanswered(_UNAVAILABLE, text if self.ready else self.why(), 1) from None
        limit = self._spec.limits.timeout_ms
        try:
            return await asyncio.wait_for(waiting.answer, limit / 1000)
        except asyncio.TimeoutError:
            # The worker ends itself if the call does not end soon.
            self._send(pack(CANCEL, waiting.number))
            raise Unanswered(_TIMEOUT, f"Scoring timeout after {limit} ms") from None

    def why(self) -> str:
        """Why no worker can be called."""
        if self._news is not None and self._news.event == GIVING_UP:
            return f"the model does not start: {self._news.reason}"
        if self._news is not None and self._news.event == DRAINING:
            return "the model is about to end"
        if self._news is not None and self._news.reason:
            return f"the model is started again: {self._news.reason}"
        return "the model is still loading"

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Hello:
        first = await _read(reader)
        hello = meta(Hello, first.meta)
        if first.kind != HELLO or hello.token != self._token:
            writer.write(pack(ERROR, 0, body=b"this is not the replica that is served here"))
            raise EOFError("a stranger")
        if hello.mark:
            # Both have it in memory; here a dead worker's calls are all told to be lost.
            os.unlink(os.path.join(self._folder, MARKS_FOLDER, os.path.basename(hello.mark)))
        spec = self._spec
        writer.write(frame(WELCOME, 0, Welcome(spec.limits, spec.batching, spec.liveness)))
        return hello

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while True:
            each = await _read(reader)
            if each.kind == NEWS:
                self._news = meta(WorkerNews, each.meta)
                if self._news.event in {GIVING_UP, DRAINING}:
                    self._refuse_all()

    async def _work(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        try:
            while True:
                each = await _read(reader)
                if each.kind == READY:
                    self.ready = meta(Ready, each.meta)
                elif each.kind == ANSWER:
                    self._answered(each)
                elif each.kind == DRAIN:
                    self.ready = None
                    writer.write(pack(DRAIN, 0))
                self._pump()
        finally:
            self._lost()

    def _answered(self, each: Frame) -> None:
        waiting = self._pending.pop(each.number, None)
        if waiting is not None and not waiting.answer.done():
            waiting.answer.set_result((meta(Answer, each.meta), each.body))

    def _lost(self) -> None:
        lost, self._pending = self._pending, {}
        self.ready = self._writer = None
        for waiting in lost.values():
            if not waiting.answer.done():
                died = Unanswered(_BAD_GATEWAY, "the worker died during this call")
                waiting.answer.set_exception(died)

    def _pump(self) -> None:
        """Send what waits, as far as the worker may have more."""
        ready = self.ready
        while ready is not None and self._queue and len(self._pending) < self._limit(ready):
            waiting = self._queue.popleft()
            if waiting.sent.done():
                continue
            self._number = self._number % 0xFFFFFFF + 1
            waiting.number = self._number
            self._pending[waiting.number] = waiting
            self._send(pack(CALL, waiting.number, waiting.told(ready), waiting.body))
            waiting.sent.set_result(None)

    def _limit(self, ready: Ready) -> int:
        calls = max(1, self._spec.limits.concurrency)
        most = self._spec.batching.max_batch
        # A worker that gathers needs some for this batch and some for the next.
        return calls * 2 * most if ready.batched and most > 1 else calls

    def _send(self, data: bytes) -> None:
        if self._writer is not None:
            self._writer.write(data)

    def _check(self) -> None:
        if self.ready is None and self._news is not None:
            self._refuse_hopeless(self._news)
        if len(self._queue) >= self._spec.limits.queue_length:
            text = f"{len(self._queue)} requests wait already; try again later"
            raise Unanswered(_UNAVAILABLE, text, 1)

    def _refuse_hopeless(self, news: WorkerNews) -> None:
        if news.event in {GIVING_UP, DRAINING}:
            raise Unanswered(_UNAVAILABLE, self.why(), max(1, round(news.again_seconds)))

    def _refuse_all(self) -> None:
        """No worker can come soon: have all that wait know at once."""
        waiting, self._queue = self._queue, deque()
        for each in waiting:
            if not each.sent.done():
                each.sent.set_exception(Unanswered(_UNAVAILABLE, self.why(), 1))

    def _patience(self) -> float:
        wait = self._spec.limits.queue_wait_ms / 1000
        return wait if self.ready is not None else max(wait, RESTART_WAIT_SECONDS)


async def _read(reader: asyncio.StreamReader) -> Frame:
    """The next frame.

    Raises:
        EOFError: The other side has closed.
        ValueError: It is no frame.
    """
    body_size, meta_size, number, kind = HEAD.unpack(await reader.readexactly(HEAD.size))
    if meta_size > LARGEST_META:
        raise ValueError(f"a frame's meta of {meta_size} bytes")
    told = await reader.readexactly(meta_size)
    return Frame(kind, number, told, await reader.readexactly(body_size))
