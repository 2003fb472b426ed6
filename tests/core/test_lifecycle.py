"""The states of a run: only the moves of the drawing, and the history tells each."""

import itertools
from dataclasses import replace
from functools import partial

import pytest

from runyard.protocol.errors import WrongState
from runyard.protocol.events import EventQuery
from runyard.protocol.runs import STATUSES, TERMINAL, StartRun
from runyard_server.core import lifecycle
from runyard_server.core.lifecycle import moved
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import events, runs
from runyard_server.store import runs as rows
from runyard_server.store.runs import RunRow
from runyard_server.testing.clocks import TickingClock

W = "default"
SECOND = 1_000_000


def test_ends_are_final() -> None:
    """No move leads out of an end, and every other state can reach all three ends."""
    for status in TERMINAL:
        assert lifecycle.ALLOWED[status] == frozenset()
    for status, to in lifecycle.ALLOWED.items():
        assert status in TERMINAL or to >= set(TERMINAL)


def test_cancel_leads_to_an_end_only() -> None:
    """After CancelRequested a run does not begin to run."""
    assert lifecycle.ALLOWED["CancelRequested"] == set(TERMINAL)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (a, b)
        for a, b in itertools.product(STATUSES, STATUSES)
        if b not in lifecycle.ALLOWED.get(a, frozenset())
    ],
)
def test_other_moves_write_nothing(system: System, run: str, before: str, after: str) -> None:
    """A move that is not in the table is refused and leaves row and history as they were."""
    row = _set(system, run, before)
    with pytest.raises(WrongState, match=before):
        system.write(lambda work: lifecycle.append_events(work, row, [moved(after)]))
    assert len(events.list_(system, W, run, EventQuery()).items) == 1
    assert runs.get(system, W, run).status == before


def test_stages_are_timed(system: System, clock: TickingClock) -> None:
    """An ended run says how many seconds it spent in each stage."""
    run = runs.start(system, W, body=StartRun("mnist")).id
    row = _set(system, run, "Starting")

    for status, seconds in (("Preparing", 1), ("Queued", 3), ("Running", 6), ("Finalizing", 7)):
        clock.now = row.created_at + (seconds - 1) * SECOND
        row = system.write(partial(lifecycle.append_events, row=row, drafts=[moved(status)]))
    clock.now += SECOND
    system.write(lambda work: lifecycle.end(work, row, "Completed"))
    record = runs.get(system, W, run)
    seconds = record.stage_seconds
    assert (seconds["Preparing"], seconds["Queued"], seconds["Finalizing"]) == (2.0, 3.0, 2.0)
    assert record.ended_at is not None


def test_moves_of_one_write_are_numbered_on(system: System, run: str) -> None:
    """Several events of one write have the next numbers, and the row knows the last."""
    row = _set(system, run, "Starting")
    news = [moved("Preparing"), moved("Queued", "waiting")]
    after = system.write(lambda work: lifecycle.append_events(work, row, news))
    assert (after.status, after.last_event) == ("Queued", 3)
    page = events.list_(system, W, run, EventQuery(after=1))
    assert [(e.number, e.status, e.message) for e in page.items] == [
        (2, "Preparing", ""),
        (3, "Queued", "waiting"),
    ]


def _set(system: System, run: str, status: str) -> RunRow:
    def write(work: Work) -> RunRow:
        row = rows.find(work.connection, W, run)
        assert row is not None
        rows.change(work.connection, row.key, status=status)
        return replace(row, status=status)

    return system.write(write)
