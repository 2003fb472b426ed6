"""Threads for slow work: nobody waits for another's work while there may be one more thread."""

import queue
import threading

from runyard_server.scheduler.pool import Pool


class Late(queue.SimpleQueue):
    """A queue out of which the first work comes to its thread late."""

    def __init__(self) -> None:
        self.taken, self.go = threading.Event(), threading.Event()

    def get(self):
        work = super().get()
        if not self.taken.is_set():
            self.taken.set()
            assert self.go.wait(60)
        return work


def test_what_comes_as_a_thread_takes_its_work_does_not_wait_for_that() -> None:
    """A quick environment is not held up by a slow one that was asked for a moment before."""
    pool, slow, ran = Pool("made", 2), Late(), threading.Event()
    pool._waiting = slow
    pool.submit(lambda: None)
    assert slow.taken.wait(60)
    pool.submit(ran.set)
    assert ran.wait(60)
    slow.go.set()
    pool.close(60)


def test_no_more_threads_than_there_is_work_for() -> None:
    """Work that comes one after the other is one thread's."""
    pool = Pool("made", 4)
    names = set()
    for _ in range(20):
        done = threading.Event()
        pool.submit(lambda done=done: (names.add(threading.current_thread().name), done.set()))
        assert done.wait(60)
        while not pool._free:
            pass
    pool.close(60)
    assert len(names) == 1
