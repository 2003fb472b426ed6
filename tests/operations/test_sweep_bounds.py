"""What clients send to sweeps without end or sense, and what must not come of it."""

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import ChangeSweep, Told
from runyard_server.core.clock import iso
from runyard_server.core.system import System
from runyard_server.operations import sweep_checks, sweeps

from .test_sweeps import SPEC, Client, W, begin, listed


@pytest.mark.parametrize("ended_at", [1 << 62, -(1 << 62)])
def test_a_wrong_clock_of_a_client_spoils_no_list(system: System, ended_at: int) -> None:
    """Whatever time a process tells, a trial has ended between its start and now."""
    client = Client(system, sweep := begin(system))
    (trial,) = client.exchange(1).trials
    client.exchange(told=[Told(trial.number, [0.5], ended_at=ended_at)])
    (found,) = listed(system, sweep)
    assert found.ended_at is not None
    assert found.started_at <= found.ended_at <= iso(system.clock.now_us())


def test_points_to_try_do_not_pile_up(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many requests bring them: all that wait are read with each step."""
    monkeypatch.setattr(sweep_checks, "MOST_QUEUED", 3)
    sweep = begin(system, SPEC)
    two = ChangeSweep(enqueue=[{"lr": 0.1, "layers": 1}, {"lr": 0.2, "layers": 2}])
    sweeps.change(system, W, sweep, body=two)
    with pytest.raises(InvalidRequest, match="3 are the most"):
        sweeps.change(system, W, sweep, body=two)
    Client(system, sweep).exchange(1)
    sweeps.change(system, W, sweep, body=two)
