"""Server-sent events: what happened after `n`, then what happens.

    events.stream   a run's events and the growth of its logs, until it has ended
    feed.stream     the events of a workspace, or of one subject in it, without end

One subscription to the service's notices wakes all streams; a stream is a task of the event loop
and looks into the store only when its topic changed.
Between frames a comment every 15 s keeps the line open.
"""

import asyncio
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from anyio import CapacityLimiter, to_thread
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runyard.protocol.events import LOG, EventPage, EventQuery, EventRecord
from runyard.protocol.feed import FeedEvent, FeedPage, FeedQuery
from runyard.protocol.runs import TERMINAL
from runyard.protocol.timeouts import KEEP_ALIVE_SECONDS
from runyard_server.core.clock import iso
from runyard_server.core.notices import feed_topic, run_topic
from runyard_server.core.system import System
from runyard_server.operations import events
from runyard_server.operations.feed import list_ as feed_of
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


class Look(Protocol):
    """What one look into the store found."""

    @property
    def more(self) -> bool:
        """Whether there may be further events already."""

    @property
    def ended(self) -> bool:
        """Whether nothing will ever follow."""


Found = TypeVar("Found", bound=Look)


class Follower(ABC, Generic[Found]):
    """One stream of one subject or workspace.

    Args:
        system: The service's parts.
        feed: Wakes it.
        limiter: Of the threads that look into the store.
        topic: What wakes it.
    """

    def __init__(self, system: System, feed: Feed, limiter: CapacityLimiter, topic: str) -> None:
        self._system, self._feed, self._limiter = system, feed, limiter
        self._topic = topic
        self._first: Found | None = None

    @abstractmethod
    def look(self) -> Found:
        """Read what is new; in a thread."""

    @abstractmethod
    def new(self, looked: Found) -> list[bytes]:
        """Make the frames of what a look found, and go on behind them with the next look."""

    async def check(self) -> None:
        """Look once before the answer begins, so that an unknown subject is a proper error."""
        self._first = await self._look()

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames, until nothing will follow or the service ends."""
        changed = self._feed.watch(self._topic)
        try:
            looked = self._first or await self._look()
            # The first look was before the watch began: what changed in between woke nobody.
            changed.set()
            while True:
                for frame in self.new(looked):
                    yield frame
                if looked.ended or self._feed.closed:
                    return
                if not looked.more and not await self._woken(changed):
                    yield KEEP_ALIVE
                changed.clear()
                looked = await self._look()
        finally:
            self._feed.forget(self._topic, changed)

    async def _look(self) -> Found:
        return await to_thread.run_sync(self.look, limiter=self._limiter)

    @staticmethod
    async def _woken(changed: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                await changed.wait()
        except TimeoutError:
            return False
        return True


@dataclass(frozen=True)
class RunLook:
    """A run's new events, then the sizes of its logs."""

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


class RunFollower(Follower[RunLook]):
    """The stream of a run: its events and the growth of its logs, until it has ended.

    Args:
        system: The service's parts.
        feed: Wakes it.
        limiter: Of the threads that look into the store.
        segments: Of the path: workspace and run.
        query: Where to begin.
    """

    def __init__(
        self,
        system: System,
        feed: Feed,
        limiter: CapacityLimiter,
        segments: Mapping[str, str],
        query: EventQuery,
    ) -> None:
        self._run = (segments["workspace"], segments["run"])
        super().__init__(system, feed, limiter, run_topic(*self._run))
        self._after = query.after
        self._told: dict[str, LogFile] = {}

    def look(self) -> RunLook:
        """Read the events first: when the last one arrives, the logs' sizes are told already."""
        page = events.list_(self._system, *self._run, query=EventQuery(self._after, BATCH))
        return RunLook(page, self._system.logs.list_(*self._run))

    def new(self, looked: RunLook) -> list[bytes]:
        """Make the frames, logs first."""
        frames = []
        for log in looked.logs:
            told = self._told.get(log.path)
            anew = told is not None and told.content != log.content
            if anew or told is None or told.size != log.size:
                self._told[log.path] = log
                frames.append(frame(self._log(log, anew=anew)))
        for event in looked.page.items:
            self._after = event.number
            frames.append(frame(event, event.number))
        return frames

    def _log(self, log: LogFile, *, anew: bool) -> EventRecord:
        data = {"path": log.path, "size": str(log.size)}
        if anew:
            data["anew"] = "true"
        return EventRecord(0, LOG, iso(self._system.clock.now_us()), data=data)


@dataclass(frozen=True)
class FeedLook:
    """New events of a workspace."""

    page: FeedPage

    @property
    def more(self) -> bool:
        """Whether there may be further events already."""
        return len(self.page.items) == BATCH

    @property
    def ended(self) -> bool:
        """A workspace has no end."""
        return False


class FeedFollower(Follower[FeedLook]):
    """The stream of a workspace, or of one of its subjects.

    Args:
        system: The service's parts.
        feed: Wakes it.
        limiter: Of the threads that look into the store.
        segments: Of the path: the workspace.
        query: Which events, and where to begin.
    """

    def __init__(
        self,
        system: System,
        feed: Feed,
        limiter: CapacityLimiter,
        segments: Mapping[str, str],
        query: FeedQuery,
    ) -> None:
        self._workspace = segments["workspace"]
        super().__init__(system, feed, limiter, feed_topic(self._workspace))
        self._query = replace(query, limit=BATCH)

    def look(self) -> FeedLook:
        """Read what came after the last event."""
        return FeedLook(feed_of(self._system, self._workspace, self._query))

    def new(self, looked: FeedLook) -> list[bytes]:
        """Make the frames."""
        self._query = replace(self._query, after=looked.page.position, last=None)
        return [frame(event, event.position) for event in looked.page.items]


class EventStream(Response):
    """The answer that carries a follower's frames until it ends or the client goes."""

    media_type = "text/event-stream"

    def __init__(self, system: System, follower: Follower[Any]) -> None:
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


def frame(event: EventRecord | FeedEvent, number: int = 0) -> bytes:
    """Make the frame of an event; with a number, a client can go on behind it."""
    line = b"id: %d\n" % number if number else b""
    return line + b"data: " + msgspec.json.encode(event) + b"\n\n"
