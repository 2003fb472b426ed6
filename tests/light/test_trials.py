"""Trials that this process makes: lines survive kills, exchanges may be repeated."""

import json
import os
import threading
import time

import pytest

from runyard.client import leftovers, own_file, trial_lines
from runyard.client.trials import TrialCourier
from runyard.protocol.errors import Conflict, InvalidRequest, ServiceUnreachable


class Service:
    """A service that hands trials out by number, and forgets nothing."""

    id = "w"

    def __init__(self, trials) -> None:
        self.left = list(range(trials))
        self.bodies = []
        self.told = {}
        self.faults = []
        self.guard = threading.Lock()

    def read(self, _route, sweep, body):
        """Take an exchange."""
        with self.guard:
            assert sweep == "s"
            asked = json.loads(body.decode())
            self.bodies.append(asked)
            if self.faults:
                raise self.faults.pop(0)
            for each in asked.get("told", []):
                self.told.setdefault(each["number"], []).append(each)
            given, self.left = self.left[: asked.get("ask", 0)], self.left[asked.get("ask", 0) :]
            ended = not given and not self.left
            trials = [{"number": number, "params": {"x": number}} for number in given]
            return json.dumps({"trials": trials, "ended": ended}).encode()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The sweep's spool folder."""
    monkeypatch.setattr(leftovers, "mark", lambda *_: None)
    return tmp_path / "spool" / "s"


def loop(courier):
    """Make all trials; give their numbers."""
    made, spent = [], None
    courier.workers = 1
    while True:
        given = courier.take(spent)
        if given is None:
            return made
        made.append(given[0])
        courier.tell(trial_lines.told(given[0], [0.5]))
        spent = 0.0001


def test_all_that_is_asked_for_is_told_once(folder):
    """The courier asks ahead for quick trials, and leaves neither a file nor a folder."""
    service = Service(300)
    courier = TrialCourier(service, "s", folder)
    assert loop(courier) == list(range(300))
    assert courier.flush(10)
    assert sorted(service.told) == list(range(300))
    assert all(len(each) == 1 for each in service.told.values())
    assert len(service.bodies) < 100
    assert courier.close(10)
    assert not folder.exists()
    assert not courier.tell(trial_lines.told(1, [1.0]))


def test_a_service_that_is_away_gets_the_same_again(folder, monkeypatch):
    """A repeat has the number and the words of what was not answered."""
    monkeypatch.setattr("runyard.client.trials.FIRST_PAUSE", 0.01)
    service = Service(5)
    service.faults = [ServiceUnreachable("away"), OSError("broken")]
    courier = TrialCourier(service, "s", folder)
    assert loop(courier) == [0, 1, 2, 3, 4]
    assert courier.close(10)
    assert service.bodies[0] == service.bodies[1] == service.bodies[2]
    assert [body["sequence"] for body in service.bodies[2:]] == list(
        range(1, len(service.bodies) - 1)
    )
    assert service.bodies[-1]["leaves"]


def test_a_refusal_reaches_who_asks(folder):
    """No loop waits for ever for a service that will give nothing."""
    service = Service(5)
    service.faults = [InvalidRequest("no")]
    courier = TrialCourier(service, "s", folder)
    with pytest.raises(InvalidRequest):
        loop(courier)
    assert not courier.flush(0.1) or not service.told


def test_a_file_that_somebody_removed_stops_no_worker(folder, monkeypatch):
    """Who cleans up the state folder while trials are made costs no more than what was told."""
    monkeypatch.setattr("runyard.client.trials.MOST_KEPT", 0)
    courier = TrialCourier(Service(3), "s", folder)
    courier.path.unlink()
    made = []
    worker = threading.Thread(target=lambda: made.extend(loop(courier)), daemon=True)
    worker.start()
    worker.join(10)
    assert made == [0, 1, 2]
    assert courier.close(10)


def test_telling_takes_microseconds(folder):
    """A line is written and nobody waited for, also while the service answers nothing."""
    service = Service(0)
    courier = TrialCourier(service, "s", folder)
    with service.guard:
        begun = time.perf_counter()
        for number in range(1000):
            courier.tell(trial_lines.told(number, [0.5]))
        seconds = time.perf_counter() - begun
        (path,) = trial_lines.files(folder)
        assert path.read_text().count('{"told"') == 1000
    assert seconds < 0.5
    assert courier.close(10)


def test_what_a_dead_process_left_is_brought(folder):
    """Lines that the service has are not sent again, cut ones not at all; a repeat does no harm."""
    folder.mkdir(parents=True)
    path = folder / ("999999-a" + trial_lines.SUFFIX)
    lines = [trial_lines.told(number, [0.5]) for number in range(2500)]
    lines.insert(7, trial_lines.kept(3))
    lines.append(trial_lines.reported(2500, 4, None))
    lines.append(trial_lines.told(2500, None, 'a "bad" \ud800 one\n'))
    path.write_text("".join(lines) + '{"told":{"num', "ascii")
    kept = path.read_bytes()
    service = Service(0)
    assert trial_lines.bring(service, folder, 10)
    assert sorted(service.told) == list(range(3, 2501))
    assert service.told[2500][0]["error"] == 'a "bad" \\ud800 one\n'
    assert [body.get("leaves", False) for body in service.bodies] == [False, False, True]
    assert {body["client"] for body in service.bodies} == {"999999-a"}
    assert not path.exists()
    path.write_bytes(kept)
    service.faults = [Conflict("it has more"), ServiceUnreachable("away")]
    assert not trial_lines.bring(service, folder, 10)
    again = service.bodies[3:]
    assert [body["sequence"] for body in again] == [body["sequence"] for body in service.bodies[:2]]
    assert path.exists()
    service.faults = [InvalidRequest("of a service that was set back")]
    assert trial_lines.bring(service, folder, 10)
    assert [each.suffix for each in folder.iterdir()] == [trial_lines.REFUSED_SUFFIX]


def test_a_living_process_keeps_its_file(folder):
    """Nobody brings, and nobody returns, what a process has that is at work."""
    service = Service(3)
    courier = TrialCourier(service, "s", folder)
    courier.take()
    (path,) = trial_lines.files(folder)
    assert own_file.take(path) is None
    assert trial_lines.bring(service, folder, 10)
    assert path.exists()
    assert not any(body.get("leaves") for body in service.bodies)
    courier.close(10)
    assert not path.exists()
    assert os.getpid() == courier.process
