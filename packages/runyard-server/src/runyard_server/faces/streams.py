"""Server-sent events of a run: what happened after `n`, then what happens, until it has ended.

One subscription to the service's notices wakes all streams; a stream is a task of the event loop
and looks into the store only when its run changed. In each round the logs are looked at after the
events were read and told before them: when the last event arrives, the log's size was told.
Between frames a comment every 15 s keeps the line open.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runyard.protocol.events import LOG, EventPage, EventQuery, EventRecord
from runyard.protocol.runs import TERMINAL
from runyard.protocol.timeouts import KEEP_ALIVE_SECONDS
from runyard_server.core.clock import iso
from runyard_server.core.notices import run_topic
from runyard_server.core.system import System
from runyard_server.operations import events
from runyard_server.store.logs import LogFile

BATCH = 1000
KEEP_ALIVE = b": keep-alive\n\n"


class Feed:
    """Wakes the streams of runs that changed, in the event loop.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._waiting: dict[str, set[asyncio.Event]] = defaultdict(set)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._subscribe = system.notices.subscribe
        self._unsubscribe: Callable[[], None] | None = None
        self.closed = False

    def open(self) -> None:
        """Begin to listen; called in the loop that serves."""
        self._loop = asyncio.get_running_loop()
        self._unsubscribe = self._subscribe(self._changed)

    def close(self) -> None:
        """End every stream; its client comes back to whichever service is next."""
        self.closed = True
        if self._unsubscribe is not None:
            self._unsubscribe()
        for waiting in list(self._waiting.values()):
            for event in waiting:
                event.set()

    def watch(self, topic: str) -> asyncio.Event:
        """Give an event that is set whenever `topic` changes, until `forget`."""
        event = asyncio.Event()
        self._waiting[topic].add(event)
        return event

    def forget(self, topic: str, event: asyncio.Event) -> None:
        """End a watch."""
        self._waiting[topic].discard(event)
        if not self._waiting[topic]:
            del self._waiting[topic]

    def _changed(self, topic: str) -> None:
        if topic in self._waiting and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody follows any more
                self._loop.call_soon_threadsafe(self._wake, topic)

    def _wake(self, topic: str) -> None:
        for event in self._waiting.get(topic, ()):
            event.set()


@dataclass(frozen=True)
class Looked:
    """What one look into the store found."""

    page: EventPage
    logs: list[LogFile]

    @property
    def more(self) -> bool:
        """Whether there may be further events already."""
        return len(self.page.items) == BATCH

    @property
    def ended(self) -> bool:
        """Whether the run has ended and all its events are here."""
        return self.page.status in TERMINAL and not self.more


def look(system: System, workspace: str, run: str, after: int) -> Looked:
    """Read the events after a number, then the sizes of the logs."""
    page = events.list_(system, workspace, run, query=EventQuery(after, BATCH))
    return Looked(page, system.logs.list_(workspace, run))


class Follower:
    """One stream of one run.

    Args:
        system: The service's parts.
        feed: Wakes it.
        limiter: Of the threads that look into the store.
        run: Workspace and run id.
        after: The last event number that the client has.
    """

    def __init__(
        self, system: System, feed: Feed, limiter: CapacityLimiter, run: tuple[str, str], after: int
    ) -> None:
        self._system, self._feed, self._limiter = system, feed, limiter
        self._run = run
        self._after = after
        self._told: dict[str, LogFile] = {}
        self._first: Looked | None = None

    async def check(self) -> None:
        """Look once before the answer begins, so that an unknown run is a proper error."""
        self._first = await self._look()

    async def frames(self) -> AsyncIterator[bytes]:
        """Give the frames; ends with the run, or with the service."""
        topic = run_topic(*self._run)
        changed = self._feed.watch(topic)
        try:
            looked = self._first or await self._look()
            # The first look was before the watch began: what changed in between woke nobody.
            changed.set()
            while True:
                for frame in self._new(looked):
                    yield frame
                if looked.ended or self._feed.closed:
                    return
                if not looked.more and not await self._woken(changed):
                    yield KEEP_ALIVE
                changed.clear()
                looked = await self._look()
        finally:
            self._feed.forget(topic, changed)

    async def _look(self) -> Looked:
        return await to_thread.run_sync(
            look, self._system, *self._run, self._after, limiter=self._limiter
        )

    @staticmethod
    async def _woken(changed: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                await changed.wait()
        except TimeoutError:
            return False
        return True

    def _new(self, looked: Looked) -> list[bytes]:
        """Give the frames of what is new, logs first."""
        frames = []
        for log in looked.logs:
            told = self._told.get(log.path)
            anew = told is not None and told.content != log.content
            if anew or told is None or told.size != log.size:
                self._told[log.path] = log
                frames.append(_frame(self._log(log, anew=anew)))
        for event in looked.page.items:
            self._after = event.number
            frames.append(_frame(event))
        return frames

    def _log(self, log: LogFile, *, anew: bool) -> EventRecord:
        data = {"path": log.path, "size": str(log.size)}
        if anew:
            data["anew"] = "true"
        return EventRecord(0, LOG, iso(self._system.clock.now_us()), data=data)


class EventStream(Response):
    """The answer that carries a follower's frames until it ends or the client goes."""

    media_type = "text/event-stream"

    def __init__(self, system: System, follower: Follower) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._system = system
        self._follower = follower

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client."""
        with self._system.activity.stream():
            sending = asyncio.create_task(self._send(send))
            leaving = asyncio.create_task(_gone(receive))
            try:
                await asyncio.wait([sending, leaving], return_when=asyncio.FIRST_COMPLETED)
            finally:
                sending.cancel()
                leaving.cancel()
                ended = await asyncio.gather(sending, leaving, return_exceptions=True)
        if isinstance(ended[0], Exception):
            raise ended[0]

    async def _send(self, send: Send) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        async for frame in self._follower.frames():
            await send({"type": "http.response.body", "body": frame, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _frame(event: EventRecord) -> bytes:
    number = b"id: %d\n" % event.number if event.number else b""
    return number + b"data: " + msgspec.json.encode(event) + b"\n\n"
