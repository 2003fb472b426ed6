"""Server-sent events: what happened after `n`, then what happens.

One subscription to the service's notices wakes all streams; a stream is a task of the event loop
and looks into the store only when its topic changed.
Between frames a comment every 15 s keeps the line open.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import msgspec
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from runyard.protocol.timeouts import KEEP_ALIVE_SECONDS
from runyard_server.core.following import Stream, Told
from runyard_server.core.notices import EVERYTHING
from runyard_server.core.system import System
from runyard_server.faces.threads import Threads

KEEP_ALIVE = b": keep-alive\n\n"


class Feed:
    """Wakes, in the event loop, the streams and long polls of a topic that changed.

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

    def watch(self, *topics: str) -> asyncio.Event:
        """An event that is set whenever one of the topics changes, until `forget`."""
        event = asyncio.Event()
        for topic in topics:
            self._waiting[topic].add(event)
        return event

    def forget(self, event: asyncio.Event, *topics: str) -> None:
        """End a watch."""
        for topic in topics:
            self._waiting[topic].discard(event)
            if not self._waiting[topic]:
                del self._waiting[topic]

    def _changed(self, topic: str) -> None:
        # In the writer's thread, without a lock: who watches looks once more after the watch began.
        known = topic in self._waiting or topic == EVERYTHING
        if known and self._loop is not None:
            with suppress(RuntimeError):  # the loop has ended: nobody follows any more
                self._loop.call_soon_threadsafe(self._wake, topic)

    def _wake(self, topic: str) -> None:
        topics = list(self._waiting) if topic == EVERYTHING else [topic]
        for each in topics:
            for event in self._waiting.get(each, ()):
                event.set()


class Follower:
    """Sends one client what a stream tells.

    Args:
        feed: Wakes it.
        threads: Look into the store.
        stream: What is followed.
        allowed: Whether the client may still follow: a browser may have been signed out.
    """

    def __init__(
        self,
        feed: Feed,
        threads: Threads,
        stream: Stream,
        allowed: Callable[[], bool] = lambda: True,
    ) -> None:
        self._feed, self._threads, self._stream = feed, threads, stream
        self._allowed = allowed
        self._first: Told | None = None

    async def check(self) -> None:
        """Read once before the answer begins, so that an unknown subject is a proper error."""
        self._first = await self._look()

    async def frames(self) -> AsyncIterator[bytes]:
        """Frames, until nothing will follow or the service ends."""
        changed = self._feed.watch(*self._stream.topics)
        try:
            looked = self._first or await self._look()
            # The first look was before the watch began: what changed in between woke nobody.
            changed.set()
            while self._allowed():
                for number, event in looked.events:
                    yield frame(event, number)
                if looked.ended or self._feed.closed:
                    return
                if not looked.more and not await self._woken(changed):
                    yield KEEP_ALIVE
                if self._stream.pause and not looked.more:
                    await asyncio.sleep(self._stream.pause)
                # Before the look: what changes during it wakes again.
                changed.clear()
                looked = await self._look()
        finally:
            self._feed.forget(changed, *self._stream.topics)

    async def _look(self) -> Told:
        return await self._threads.run(self._stream.look)

    @staticmethod
    async def _woken(changed: asyncio.Event) -> bool:
        try:
            async with asyncio.timeout(KEEP_ALIVE_SECONDS):
                await changed.wait()
        except TimeoutError:
            return False
        return True


class EventStream(Response):
    """The answer that carries a follower's frames until it ends or the client goes."""

    media_type = "text/event-stream"

    def __init__(self, system: System, follower: Follower) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        # Starlette announces 0 bytes for an answer without a body.
        del self.headers["content-length"]
        self._system = system
        self._follower = follower

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one client."""
        if scope["method"] == "HEAD":
            # Its answer ends with the head: a stream would hold the connection up for ever.
            await super().__call__(scope, receive, send)
            return
        with self._system.activity.stream():
            sending = asyncio.create_task(self._send(send))
            # Of a stream in which nothing happens only reading tells that the client went.
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
        async for part in self._follower.frames():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def frame(event: object, number: int) -> bytes:
    """Make the frame of an event; with a number, a client can go on behind it."""
    line = b"id: %d\n" % number if number else b""
    return line + b"data: " + msgspec.json.encode(event) + b"\n\n"
