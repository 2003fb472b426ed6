"""Reconcilers whose steps take their time: one of a subject at once, and later after failures."""

import threading
from collections.abc import Iterator

import pytest

from runyard_server.scheduler import stepping
from runyard_server.scheduler.stepping import SteppingReconciler
from runyard_server.store.subjects import Subject
from runyard_server.testing.yard import W, Yard, until

ONE = Subject("pipeline", W, "a")


class Steps(SteppingReconciler):
    """Fails at first; its second step goes on until it is let go."""

    kind = "pipeline"

    def __init__(self, yard: Yard) -> None:
        super().__init__(yard.system)
        self.taken = 0
        self.go = threading.Event()

    def subjects(self) -> list[Subject]:
        return [ONE]

    def advance(self, subject: Subject) -> int | None:
        del subject
        self.taken += 1
        if self.taken == 1:
            raise OSError("no space left on device")
        self.go.wait(60)
        return None


@pytest.fixture
def steps(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> Iterator[Steps]:
    monkeypatch.setattr(stepping, "FIRST_RETRY_SECONDS", 0.01)
    found = Steps(yard)
    yield found
    found.go.set()
    found.close()


def test_who_is_at_work_is_not_offered_again_for_a_failure_of_before(steps: Steps) -> None:
    """A slow step after a failure would have another behind it at each look, without a pause."""
    steps.reconcile([ONE])
    until(lambda: ONE in set(steps.observe()))
    steps.reconcile([ONE])
    until(lambda: steps.taken == 2)
    assert set(steps.observe()) == set()
    steps.go.set()
    until(lambda: ONE not in steps._at_work)
    assert (steps.taken, set(steps.observe())) == (2, set())
