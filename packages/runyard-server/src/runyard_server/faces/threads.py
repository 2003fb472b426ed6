"""Threads that work for requests: a bounded number at once, those that worked last first.

A loop that waits hands over a function and gets its result; both ways are one call. The toolkit's
own way does more for each (contexts, check-points, a limiter that knows who borrows), which came
to a tenth of a short request.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from anyio import CancelScope

Result = TypeVar("Result")

IDLE_SECONDS = 10.0


class Threads:
    """Threads for the requests of one event loop, in which all methods are called.

    Args:
        most: How many work at once; who comes when all do waits for a turn.
    """

    def __init__(self, most: int) -> None:
        self._turns = asyncio.Semaphore(most)
        self._idle: deque[tuple[_Worker, float]] = deque()
        self._closed = False

    async def run(self, act: Callable[[], Result]) -> Result:
        """What a function returns that may block; raises what it raises.

        Who is canceled goes on waiting for the thread: what it works on must not be taken away.
        """
        async with self._turns:
            worker = self._idle.pop()[0] if self._idle else _Worker()
            task = _Task(act, asyncio.get_running_loop())
            worker.tasks.put(task)
            try:
                result: Result = await task.future
            except asyncio.CancelledError:
                await task.end()
                raise
            finally:
                self._rest(worker)
            return result

    def close(self) -> None:
        """End the threads: at once those that have nothing to do, others when they have done it."""
        self._closed = True
        while self._idle:
            self._idle.pop()[0].tasks.put(None)

    def _rest(self, worker: "_Worker") -> None:
        if self._closed:
            worker.tasks.put(None)
            return
        now = time.monotonic()
        self._idle.append((worker, now))
        while self._idle[0][1] < now - IDLE_SECONDS:
            self._idle.popleft()[0].tasks.put(None)


class _Task:
    """A function on its way through a thread."""

    __slots__ = ("_act", "_ended", "_loop", "future")

    def __init__(self, act: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        self._act = act
        self._loop = loop
        self._ended = False
        self.future: asyncio.Future[Any] = loop.create_future()

    def work(self) -> None:
        """Call the function; in the thread."""
        result, error = None, None
        try:
            result = self._act()
        except BaseException as raised:  # noqa: BLE001 - it is raised where the result is awaited
            error = raised
        self._loop.call_soon_threadsafe(self._tell, result, error)

    async def end(self) -> None:
        """Wait until the thread is done, however often the waiting itself is canceled."""
        while not self._ended:
            self.future = self._loop.create_future()
            try:
                # The toolkit cancels anew in each turn of the loop, which would turn without rest.
                with CancelScope(shield=True):
                    await self.future
            except asyncio.CancelledError:
                continue
            except BaseException:  # noqa: BLE001 - nobody waits for the result any more
                return

    def _tell(self, result: Any, error: BaseException | None) -> None:
        self._ended = True
        if self.future.done():
            return
        if error is None:
            self.future.set_result(result)
        elif isinstance(error, StopIteration):
            # A future refuses it, and who waits would wait for ever.
            self.future.set_exception(RuntimeError("an iterator ended where more was expected"))
        else:
            self.future.set_exception(error)


class _Worker(threading.Thread):
    """A thread that does one task after the other until it is given None."""

    def __init__(self) -> None:
        super().__init__(name="request", daemon=True)
        self.tasks: SimpleQueue[_Task | None] = SimpleQueue()
        self.start()

    def run(self) -> None:
        """Work."""
        while (task := self.tasks.get()) is not None:
            try:
                task.work()
            except RuntimeError:
                return  # the loop has ended: nobody waits
            # What it held on to goes now, not when the next one comes.
            del task
