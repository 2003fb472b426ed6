"""Wake-ups and the time."""

import logging
import threading
import time

import pytest

from runyard_server.core.clock import Clock, iso, iso_or_none
from runyard_server.core.notices import Notices


def test_a_change_wakes_who_waits_for_it() -> None:
    """A viewer does not poll: it sleeps until its run changes."""
    notices = Notices()
    found: list[bool] = []
    waiter = threading.Thread(target=lambda: found.append(notices.wait(["a", "b"], 10)))
    waiter.start()
    while not notices._condition._waiters:
        time.sleep(0.001)
    notices.changed("other")
    notices.changed("b")
    waiter.join()
    assert found == [True]


def test_a_change_before_the_wait_is_not_lost() -> None:
    """Between looking at the store and waiting, nothing slips through."""
    notices = Notices()
    mark = notices.mark()
    notices.changed("a")
    assert notices.wait(["a"], 0, since=mark)
    assert not notices.wait(["b"], 0, since=mark)
    assert not notices.wait(["a"], 0)
    assert not notices.wait(["a"], 0, since=notices.mark())


def test_forgotten_topics_wake_rather_than_sleep() -> None:
    """Memory is bounded, and a topic that fell out counts as changed since an old mark."""
    notices = Notices()
    mark = notices.mark()
    for number in range(5000):
        notices.changed(f"run:{number}")
    assert len(notices._last) <= 4096
    assert notices.wait(["run:0"], 0, since=mark)
    assert not notices.wait(["run:0"], 0, since=notices.mark())


def test_subscribers_hear_every_topic(caplog: pytest.LogCaptureFixture) -> None:
    """One listener's fault is logged and stops neither the changer nor the others."""
    notices = Notices()
    heard: list[str] = []

    def broken(_topic: str) -> None:
        raise ValueError("mine")

    end_broken = notices.subscribe(broken)
    end = notices.subscribe(heard.append)
    with caplog.at_level(logging.ERROR):
        notices.changed("a")
    assert "listener failed" in caplog.text
    end_broken()
    notices.changed("b")
    end()
    end()
    notices.changed("c")
    assert heard == ["a", "b"]


def test_times_are_told_in_utc() -> None:
    """Texts sort as times do, to the microsecond."""
    assert iso(1_600_000_000_000_001) == "2020-09-13T12:26:40.000001Z"
    assert iso(0) == "1970-01-01T00:00:00.000000Z"
    assert iso_or_none(None) is None
    assert abs(Clock().now_us() - time.time() * 1e6) < 5e6
