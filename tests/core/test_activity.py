"""The counters by which a service knows that nobody needs it."""

import pytest

from runyard_server.core.activity import Activity


class Timer:
    """Seconds as a test wants them."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def timer():
    return Timer()


def test_idle_time_begins_when_the_last_request_ended(timer):
    """An open request is no idleness, however long it takes."""
    activity = Activity(timer)
    timer.now += 10
    assert activity.idle_seconds() == 10
    with activity.request():
        timer.now += 50
        assert activity.idle_seconds() == 0
        assert activity.busy
    timer.now += 3
    assert activity.idle_seconds() == 3


def test_streams_are_counted_apart(timer):
    """A viewer keeps the service up, and status tells how many there are."""
    activity = Activity(timer)
    with activity.stream(), activity.stream(), activity.request():
        assert activity.streams == 2
        timer.now += 99
    assert activity.streams == 0
    assert activity.idle_seconds() == 0


def test_a_request_that_fails_is_over(timer):
    """An error leaves no request counted as open for ever."""
    activity = Activity(timer)
    with pytest.raises(RuntimeError), activity.request():
        raise RuntimeError
    assert not activity.busy


def test_stop_reaches_the_process():
    """Whoever serves is told; before that nothing happens."""
    activity = Activity()
    activity.stop()
    asked = []
    activity.on_stop(lambda: asked.append(True))
    activity.stop()
    assert asked == [True]
