"""The loop by itself: who is woken has a turn, whatever happens to others."""

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from runyard.protocol.errors import TemporaryError
from runyard_server.core import leases
from runyard_server.core.clock import Clock
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.scheduler import loop as loops
from runyard_server.scheduler.loop import Loop
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.subjects import Subject
from runyard_server.testing import parts
from runyard_server.testing.yard import until


class Noted(Reconciler):
    """Notes its turns, and does in each what a test says."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.turns: list[list[str]] = []
        self.known: list[Subject] = []
        self.act: Callable[[], object] = lambda: None
        self.see: Callable[[], Iterable[Subject]] = tuple
        self.closed = False

    def subjects(self) -> Iterable[Subject]:
        return self.known

    def observe(self) -> Iterable[Subject]:
        return self.see()

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        self.turns.append([subject.id for subject in subjects])
        self.act()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def system(tmp_path: Path) -> Iterator[System]:
    with parts.parts(tmp_path / "home", Clock()) as made:
        yield made


def fail() -> list[Subject]:
    raise OSError("the engine does not answer")


def wake(system: System, kind: str, *ids: str) -> None:
    for each in ids:
        system.notices.changed(work_topic(Subject(kind, "w", each)))


def test_each_kind_has_its_own_reconciler(system: System) -> None:
    """A subject is handed to who knows its kind, once a turn, in order; others are passed over."""
    sweeps, endpoints = Noted("sweep"), Noted("endpoint")
    loop = Loop(system, [sweeps, endpoints], "token")
    wake(system, "sweep", "b", "a", "b")
    wake(system, "endpoint", "x")
    wake(system, "nobody", "y")
    loop.turn()
    loop.turn()
    assert (sweeps.turns, endpoints.turns) == ([["a", "b"]], [["x"]])
    loop.stop()
    assert sweeps.closed


def test_what_was_there_before_has_a_turn_at_the_start(system: System) -> None:
    """Nothing waits for a wake-up that a dead process has taken with it, nor for its lease."""
    sweeps = Noted("sweep")
    sweeps.known = [Subject("sweep", "w", "old")]
    system.write(lambda work: leases.take(work, sweeps.known[0], "dead"))
    loop = Loop(system, [sweeps], "token")
    loop.start()
    until(lambda: sweeps.turns == [["old"]])
    assert system.read(leases.present) == {}
    loop.stop()


def test_a_kind_that_cannot_look_stops_no_other(system: System) -> None:
    """Its subjects are all asked for again once it can: it may have missed something."""
    broken, well = Noted("broken"), Noted("well")
    broken.known = [Subject("broken", "w", "all")]
    broken.see = fail
    well.see = lambda: [Subject("well", "w", "seen")]
    loop = Loop(system, [broken, well], "token")
    loop.observe()
    loop.turn()
    assert (broken.turns, well.turns) == ([], [["seen"]])
    broken.see = tuple
    loop.observe()
    loop.turn()
    assert broken.turns == [["all"]]
    loop.stop()


def test_a_database_that_is_away_is_told_once(
    system: System, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour of it does not fill the log, and the log says when it is over."""
    caplog.set_level("INFO", loops.__name__)
    waits = Noted("sweep")
    loop = Loop(system, [waits], "token")

    def away() -> list[Subject]:
        raise TemporaryError("the database is away")

    waits.see = away
    for _ in range(3):
        loop.observe()
    waits.see = tuple
    for _ in range(2):
        loop.observe()
    assert [record.exc_info for record in caplog.records] == [None, None]
    assert "the database is away" in caplog.messages[0]
    assert "looked after again" in caplog.messages[1]
    loop.stop()


def test_a_wake_up_in_a_turn_is_another_turn(system: System) -> None:
    """What changes while its reconciler looks at it is looked at again."""
    sweeps = Noted("sweep")
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        assert go.wait(60)

    sweeps.act = slow
    loop = Loop(system, [sweeps], "token")
    loop.start()
    wake(system, "sweep", "a")
    assert begun.wait(60)
    wake(system, "sweep", "a")
    go.set()
    until(lambda: sweeps.turns == [["a"], ["a"]])
    loop.stop()


def test_leases_are_renewed_while_work_is_under_way(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who works for longer than a lease lasts keeps it; without leases nothing is written."""
    monkeypatch.setattr("runyard_server.scheduler.loop.LEASE_RENEWAL_SECONDS", 0.0)
    subject = Subject("sweep", "w", "a")
    loop = Loop(system, [Noted("sweep")], "token")
    system.write(lambda work: leases.take(work, subject, "token"))
    until_before = system.read(leases.present)[subject].until
    loop.observe()
    assert system.read(leases.present)[subject].until > until_before
    loop.stop()
