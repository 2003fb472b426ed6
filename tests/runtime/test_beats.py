"""Beats: what an agent makes of a network that is silent, and of a service that is away."""

import time
from typing import Any

import pytest

from runyard.protocol.errors import ServiceUnreachable
from runyard.runtime.beats import Beats


class Service:
    """Takes beats, or fails as it is told to."""

    def __init__(self) -> None:
        self.error: BaseException | None = None
        self.taken = 0

    def report(self, _beat: dict[str, Any]) -> dict[str, Any]:
        if self.error is not None:
            raise ServiceUnreachable("nothing answers") from self.error
        self.taken += 1
        return {}


@pytest.fixture
def fence() -> float:
    """Seconds of silence after which the processes are ended."""
    return 0.3


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, fence: float):
    """A service, beats that are quick to try again, and how often they ended the processes."""
    monkeypatch.setattr("runyard.runtime.beats.HEARTBEAT_RETRY_SECONDS", 0.02)
    service, stops = Service(), []
    beats = Beats(service, lambda: None, 0.02, fence=fence)
    beats.on_stop = lambda: stops.append(beats.cut_off)
    beats.say("running")
    until(lambda: service.taken)
    yield service, beats, stops
    service.error = None
    beats.stop()


def until(true: Any) -> None:
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


@pytest.mark.parametrize("error", [TimeoutError(), OSError(113, "No route to host")])
def test_a_silent_network_ends_the_processes(told: Any, error: BaseException) -> None:
    """A node that reaches nobody has been given up: it must not go on writing."""
    service, beats, stops = told
    service.error = error
    until(lambda: stops)
    assert beats.cut_off


@pytest.mark.parametrize("fence", [2.0])
def test_a_short_silence_changes_nothing(told: Any) -> None:
    """What is over before the fence is forgotten."""
    service, beats, stops = told
    for _ in range(3):
        service.error = TimeoutError()
        # Together longer than the fence, each with room for a machine that is busy.
        time.sleep(0.8)
        service.error, before = None, service.taken
        until(lambda before=before: service.taken > before)
    assert (stops, beats.cut_off) == ([], False)


@pytest.mark.parametrize("error", [ConnectionRefusedError(), ConnectionResetError(), EOFError()])
def test_a_service_that_starts_again_is_waited_for(told: Any, error: BaseException) -> None:
    """Its machine answers, so the network is there, and nobody has given the node up."""
    service, beats, stops = told
    service.error = error
    time.sleep(0.8)
    assert (stops, beats.cut_off) == ([], False)
