"""Threads that work for requests."""

import asyncio
import threading
import time

import anyio
import pytest

from runyard_server.faces.threads import Threads


def test_no_more_work_at_once_than_there_may_be():
    """However many requests come, the database and the disk see a bounded number of threads."""
    threads = Threads(3)
    present, most = 0, 0
    guard, all_three = threading.Lock(), threading.Barrier(3)

    def work() -> None:
        nonlocal present, most
        with guard:
            present += 1
            most = max(most, present)
        all_three.wait(60)
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
    begun, done = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        time.sleep(0.1)
        done.set()

    async def canceled() -> bool:
        task = asyncio.create_task(threads.run(slow))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return done.is_set()

    assert asyncio.run(canceled())


def test_an_iterator_that_ends_unexpectedly_is_an_error():
    """A future takes no StopIteration: the request would wait for ever, and keep its turn."""
    threads = Threads(1)

    async def twice() -> int:
        with pytest.raises(RuntimeError, match="an iterator ended"):
            await asyncio.wait_for(threads.run(lambda: next(iter(()))), 60)
        return await threads.run(lambda: 7)

    assert asyncio.run(twice()) == 7


def test_a_thread_that_works_at_the_end_ends_after_it():
    """A service that ends in a process that goes on leaves no thread behind."""
    threads = Threads(1)
    used: list[threading.Thread] = []
    begun = threading.Event()

    def work() -> None:
        used.append(threading.current_thread())
        begun.set()
        time.sleep(0.1)

    async def close_meanwhile() -> None:
        task = asyncio.create_task(threads.run(work))
        await asyncio.to_thread(begun.wait, 60)
        threads.close()
        await task

    asyncio.run(close_meanwhile())
    used[0].join(60)
    assert not used[0].is_alive()


def test_waiting_for_a_thread_keeps_the_loop_free():
    """The toolkit cancels what waits in each turn: a client that goes during a slow write must not
    make the loop turn without rest until the disk is done."""
    threads = Threads(1)

    async def turns_while_waiting() -> int:
        loop, turns, plain = asyncio.get_running_loop(), 0, asyncio.get_running_loop().call_soon

        def counted(*arguments: object, **more: object) -> object:
            nonlocal turns
            turns += 1
            return plain(*arguments, **more)

        loop.call_soon = counted
        async with anyio.create_task_group() as group:
            group.start_soon(threads.run, lambda: time.sleep(0.2))
            await asyncio.sleep(0.02)
            group.cancel_scope.cancel()
        return turns

    assert asyncio.run(turns_while_waiting()) < 100
