"""Threads that work for requests."""

import asyncio
import threading
import time

import pytest

from runyard_server.faces.threads import Threads


def test_no_more_work_at_once_than_there_may_be():
    """However many requests come, the database and the disk see a bounded number of threads."""
    threads = Threads(3)
    present, most = 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal present, most
        with guard:
            present += 1
            most = max(most, present)
        time.sleep(0.01)
        with guard:
            present -= 1

    async def all_of_them() -> None:
        await asyncio.gather(*(threads.run(work) for _ in range(12)))
        threads.close()

    asyncio.run(all_of_them())
    assert most == 3


def test_what_a_function_raises_is_raised_to_who_waits():
    """A refusal of an operation becomes the answer of its request, and the thread goes on."""
    threads = Threads(1)

    def refuse() -> None:
        raise LookupError("no such run")

    async def twice() -> int:
        with pytest.raises(LookupError, match="no such run"):
            await threads.run(refuse)
        return await threads.run(lambda: 7)

    assert asyncio.run(twice()) == 7


def test_who_is_canceled_waits_for_the_thread():
    """A client that goes away must not have a file closed under the thread that writes it."""
    threads = Threads(1)
    done = threading.Event()

    def slow() -> None:
        time.sleep(0.1)
        done.set()

    async def canceled() -> bool:
        task = asyncio.create_task(threads.run(slow))
        await asyncio.sleep(0.02)
        task.cancel()
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return done.is_set()

    assert asyncio.run(canceled())
