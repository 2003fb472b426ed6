"""Leases: one works on a subject at a time, and what a dead process held is taken up."""

import pytest

from runyard.protocol.timeouts import LEASE_SECONDS
from runyard_server.core import leases
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store.subjects import Subject
from runyard_server.testing.clocks import FakeClock

ONE = Subject("endpoint", "default", "scores")
AFTER = 1_000 + int(LEASE_SECONDS * 1_000_000) + 1


def _take(system: System, token: str, now: int) -> bool:
    """Take it at a time of the test's own."""
    clock = FakeClock(now)
    return system.records.write(lambda c: leases.take(Work(c, clock), ONE, token))


def _holds(system: System, token: str) -> bool:
    return system.read(lambda work: leases.holds(work, ONE, token))


def test_a_leased_subject_is_nobody_elses(system: System) -> None:
    """While a lease lasts only its holder may work; when it has run out, anybody."""
    assert _take(system, "one", 1_000)
    assert _take(system, "one", 1_000)
    assert not _take(system, "two", 1_000)
    assert _take(system, "two", AFTER)


def test_a_result_counts_only_under_the_lease(system: System) -> None:
    """Who has lost the lease, or never had it, brings nothing back."""
    assert not _holds(system, "one")
    _take(system, "one", 1)
    assert _holds(system, "one")
    _take(system, "two", AFTER)
    assert not _holds(system, "one")


def test_what_is_given_back_is_free(system: System) -> None:
    """Nobody waits for a lease to run out whose work is done; others keep theirs."""
    _take(system, "one", 1)
    other = Subject("sweep", "default", "scores")
    system.write(lambda work: leases.take(work, other, "one"))
    system.write(lambda work: leases.give_back(work, [ONE]))
    assert _take(system, "two", 1)
    assert set(system.read(leases.present)) == {ONE, other}


def test_renewing_prolongs_ones_own(system: System) -> None:
    """Renewed leases last on; those of others do not."""
    _take(system, "one", 1)
    leases.renew(system, "two")
    assert _until(system) == 1 + int(LEASE_SECONDS * 1_000_000)
    leases.renew(system, "one")
    assert _until(system) > 1 + int(LEASE_SECONDS * 1_000_000)


@pytest.mark.parametrize("token", ["one", "two"])
def test_a_new_process_takes_over(system: System, token: str) -> None:
    """What a process before held is free at the start of the next."""
    _take(system, token, 1)
    leases.take_over(system)
    assert _take(system, "new", 2)


def _until(system: System) -> int:
    return system.read(leases.present)[ONE].until
