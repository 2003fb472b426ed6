"""Leases: one works on a run at a time, and what a dead process held is taken up."""

import pytest

from runyard.protocol.timeouts import LEASE_SECONDS
from runyard_server.core import leases
from runyard_server.core.system import System
from runyard_server.store import runs as rows
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow

W = "default"


def test_a_leased_run_is_nobody_elses(system: System, run: str) -> None:
    """While a lease lasts only its holder may work; when it has run out, anybody."""
    row = _lease(system, run, "one", 1_000)
    assert leases.can_take(row, "one", 1_000)
    assert not leases.can_take(row, "two", 1_000)
    after = 1_000 + int(LEASE_SECONDS * 1_000_000) + 1
    assert leases.can_take(row, "two", after)


def test_a_result_counts_only_under_the_lease(system: System, run: str) -> None:
    """Who has lost the lease finds the run no more."""
    row = _lease(system, run, "one", 1)
    assert system.records.read(lambda c: leases.held(c, row.key, "one")) == row
    assert system.records.read(lambda c: leases.held(c, row.key, "two")) is None


def test_renewing_prolongs_ones_own(system: System, run: str) -> None:
    """Renewed leases last on; those of others do not."""
    row = _lease(system, run, "one", 1)
    leases.renew(system, "two")
    assert _row(system, run).lease_until == row.lease_until
    leases.renew(system, "one")
    until = _row(system, run).lease_until
    assert until is not None
    assert until > (row.lease_until or 0)


@pytest.mark.parametrize("token", ["one", "two"])
def test_a_new_process_takes_over(system: System, run: str, token: str) -> None:
    """What a process before held is free at the start of the next."""
    _lease(system, run, token, 1)
    leases.take_over(system)
    assert leases.can_take(_row(system, run), "new", 2)


def _lease(system: System, run: str, token: str, now: int) -> RunRow:
    def write(connection: Connection) -> None:
        key = rows.key_of(connection, W, run)
        assert key is not None
        rows.change(connection, key, **leases.terms(token, now))

    system.records.write(write)
    return _row(system, run)


def _row(system: System, run: str) -> RunRow:
    row = system.records.read(lambda c: rows.find(c, W, run))
    assert row is not None
    return row
