"""Experiments as trackers list them: page by page, the newest first."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from runyard_server.core.system import System
from runyard_server.operations import tracked_experiments
from runyard_server.operations.tracked_experiments import TrackedSearch
from runyard_server.store.experiment_facts import NEWEST_FIRST
from runyard_server.testing import parts
from runyard_server.testing.clocks import TickingClock
from runyard_server.testing.databases import file_of

W = "default"


def _page(system: System, token: str | None) -> tuple[list[str], str | None]:
    asked = TrackedSearch(order=NEWEST_FIRST, limit=2, page_token=token)
    found, following = tracked_experiments.search(system, W, asked)
    return [one.row.title for one in found], following


def test_pages_follow_one_another_while_experiments_are_made(system: System) -> None:
    """Whoever reads on sees each experiment once, whatever others make meanwhile."""
    for number in range(5):
        tracked_experiments.create(system, W, f"{number}", "", {})
    first, token = _page(system, None)
    tracked_experiments.create(system, W, "between", "", {})
    seen = list(first)
    while token is not None:
        more, token = _page(system, token)
        seen += more
    # The first search makes the one that trackers take for granted.
    assert seen == ["Default", "4", "3", "2", "1", "0"]


@pytest.fixture
def on_sqlite(tmp_path: Path, clock: TickingClock) -> Iterator[System]:
    """The parts on SQLite, whose plans are looked at."""
    with parts.parts(tmp_path / "file", clock, file_of(tmp_path / "file")) as made:
        yield made


def test_a_page_is_read_in_the_order_of_an_index(on_sqlite: System) -> None:
    """With a hundred thousand experiments the second page costs what it costs with ten."""
    system = on_sqlite
    for number in range(5):
        tracked_experiments.create(system, W, f"{number}", "", {})
    _, token = _page(system, None)
    asked: list[Any] = []

    def note(*details: Any) -> None:
        asked.append((details[2], details[3]))

    event.listen(system.records._engine, "before_cursor_execute", note)
    _page(system, token)
    event.remove(system.records._engine, "before_cursor_execute", note)
    ((statement, values),) = [one for one in asked if "ORDER BY" in one[0]]

    def plan(work: Any) -> list[str]:
        told = work.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        return [str(row.detail) for row in told]

    steps = system.read(plan)
    assert any("experiments_by_creation" in step and "created_at<" in step for step in steps)
    assert "USE TEMP B-TREE FOR ORDER BY" not in steps
