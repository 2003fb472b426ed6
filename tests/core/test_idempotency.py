"""Repeats: the same request twice does its work once."""

import threading

import pytest

from runyard.protocol.errors import Conflict
from runyard.protocol.experiments import ExperimentRecord
from runyard_server.core import idempotency
from runyard_server.core.system import System
from runyard_server.core.work import Request


class Act:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self, _system: System) -> ExperimentRecord:
        self.done += 1
        return ExperimentRecord(str(self.done), "mnist", "now")


def test_a_repeat_gets_the_kept_answer(system: System) -> None:
    """The second request with a key is answered from what the first one gave."""
    act = Act()
    first = idempotency.once(system, Request("k", "body"), act, ExperimentRecord)
    assert idempotency.once(system, Request("k", "body"), act, ExperimentRecord) == first
    assert act.done == 1


def test_another_body_is_refused(system: System) -> None:
    """A key that is used for another request is a mistake of the caller's, and told."""
    act = Act()
    idempotency.once(system, Request("k", "body"), act, ExperimentRecord)
    with pytest.raises(Conflict, match="new key"):
        idempotency.once(system, Request("k", "other"), act, ExperimentRecord)


def test_without_a_key_nothing_is_kept(system: System) -> None:
    """Requests without a key are all done."""
    act = Act()
    for _ in range(2):
        idempotency.once(system, None, act, ExperimentRecord)
    assert act.done == 2


def test_a_failure_is_not_kept(system: System) -> None:
    """A request that failed may be tried again with its key."""

    def fail(_system: System) -> ExperimentRecord:
        raise Conflict("not now")

    with pytest.raises(Conflict, match="not now"):
        idempotency.once(system, Request("k", "body"), fail, ExperimentRecord)
    assert idempotency.once(system, Request("k", "body"), Act(), ExperimentRecord).id == "1"


def test_keys_are_forgotten_after_a_day(system: System, clock: object) -> None:
    """After a day a key is free, and its row goes."""
    act = Act()
    idempotency.once(system, Request("k", "body"), act, ExperimentRecord)
    clock.now += idempotency.DAY  # type: ignore[attr-defined]  # the fixture's ticking clock
    idempotency.forget_old(system)
    assert idempotency.once(system, Request("k", "other"), act, ExperimentRecord).id == "2"


def test_two_at_once_do_the_work_once(system: System) -> None:
    """The same request from several threads at once is done by one; the others get its answer."""
    act = Act()
    begun = threading.Barrier(6)
    answers: list[ExperimentRecord] = []

    def ask() -> None:
        begun.wait()
        answers.append(idempotency.once(system, Request("k", "body"), act, ExperimentRecord))

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert act.done == 1
    assert {answer.id for answer in answers} == {"1"}
