"""Archived runs: out of the way, and nothing of them lost."""

import pytest
from sqlalchemy import insert, select

from runyard.protocol.errors import WrongState
from runyard.protocol.events import EventQuery
from runyard.protocol.experiments import ExperimentQuery
from runyard.protocol.runs import ChangeRun, RunQuery, StartRun
from runyard.protocol.search import Search
from runyard.protocol.trash import AddTrash
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import (
    events,
    experiments,
    run_searches,
    runs,
    tracked_experiments,
    tracked_views,
    trash,
)
from runyard_server.operations.tracked_experiments import TrackedSearch
from runyard_server.operations.tracked_views import RunSearch
from runyard_server.store import choices, search
from runyard_server.store.hidden_runs import has_archived
from runyard_server.store.schema import runs as runs_table
from runyard_server.store.search import Budget
from runyard_server.store.searched import Place

W = "default"


def started(system: System, run: str, parent: str | None = None) -> str:
    """Start a run and complete it."""
    runs.start(system, W, body=StartRun("mnist", run_id=run, parent=parent))
    runs.complete(system, W, run)
    return run


def found(system: System, text: str = "") -> list[str]:
    """The ids that a search finds, the newest first."""
    return [run.id for run in runs.search(system, W, Search(text)).items]


def test_archived_runs_leave_lists_with_those_below_and_come_back(system: System) -> None:
    """Lists, searches and trackers leave them out; who asks for them, or names one, finds them."""
    for run in ("other", "root"):
        started(system, run)
    started(system, "leaf", parent=started(system, "below", parent="root"))
    runs.change(system, W, "root", body=ChangeRun(tags={"kept": "yes"}))
    before = runs.get(system, W, "root")
    assert runs.archive(system, W, "root").archived
    assert found(system) == ["other"]
    assert found(system, "archived = TRUE") == ["leaf", "below", "root"]
    assert found(system, "archived IS NOT NULL") == ["leaf", "below", "root", "other"]
    assert found(system, "experiment = 'mnist' AND archived = FALSE") == ["other"]
    assert found(system, "id IN ('root', 'other')") == ["root", "other"]
    assert found(system, "parent = 'root'") == ["below"]
    listed = runs.list_(system, W, RunQuery(include_children=True))
    assert [run.id for run in listed.items] == ["other"]
    (number,) = runs.list_(system, W, RunQuery(experiment="mnist", number=2)).items
    assert number.id == "root"
    assert runs.unarchive(system, W, "root").archived is False
    assert found(system) == ["leaf", "below", "root", "other"]
    after = runs.get(system, W, "root")
    assert (after.tags, after.ended_at) == (before.tags, before.ended_at)


def test_archiving_twice_is_one_event(system: System) -> None:
    """A repeat, as after a request that broke off, adds nothing to a run's history."""
    started(system, "r")
    for _ in range(2):
        runs.archive(system, W, "r")
    for _ in range(2):
        runs.unarchive(system, W, "r")
    told = [one.message for one in events.list_(system, W, "r", EventQuery()).items]
    assert told[-2:] == ["archived", "no longer archived"]
    assert told.count("archived") == 1
    assert not system.read(lambda work: has_archived(work.connection, W))


def test_what_goes_on_is_not_archived(system: System) -> None:
    """A run that still costs something stays in sight, also where it is below one that ended."""
    started(system, "root")
    runs.start(system, W, body=StartRun("mnist", run_id="going", parent="root"))
    with pytest.raises(WrongState, match="going goes on: archive it once it has ended"):
        runs.archive(system, W, "root")
    assert found(system) == ["going", "root"]


def test_trackers_find_archived_runs_where_they_ask_for_all(system: System) -> None:
    """MLflow's clients list what is active without them, and everything with them."""
    for run in ("kept", "old"):
        started(system, run)
    runs.archive(system, W, "old")

    known = tracked_experiments.search(system, W, TrackedSearch())[0]
    named = [each.id for each in known]

    def tracked(deleted: bool | None) -> list[str]:
        asked = RunSearch(Search(), named, deleted=deleted)
        return [each.row.id for each in tracked_views.search(system, W, asked)[0]]

    assert tracked(deleted=False) == ["kept"]
    assert tracked(deleted=None) == ["old", "kept"]


def test_an_archived_run_is_archived_when_it_comes_out_of_the_trash(system: System) -> None:
    """The trash is another thing: what comes back is as it was."""
    started(system, "r")
    runs.archive(system, W, "r")
    entry = trash.add(system, W, AddTrash("run", "r"))
    assert found(system, "archived = TRUE") == []
    trash.restore(system, W, entry.id)
    assert found(system, "archived = TRUE") == ["r"]


def test_an_experiment_tells_how_many_of_its_runs_lists_show(system: System) -> None:
    """What is archived is counted apart, in lists and searches and on its own."""
    for run in ("a", "b", "c"):
        started(system, run)
    runs.archive(system, W, "b")
    (listed,) = experiments.list_(system, W, ExperimentQuery()).items
    (found,) = experiments.search(system, W, Search("name = 'mnist'")).items
    alone = experiments.get(system, W, "mnist")
    assert {(one.run_count, one.archived_count) for one in (listed, found, alone)} == {(3, 1)}
    runs.unarchive(system, W, "b")
    assert experiments.get(system, W, "mnist").archived_count == 0


def test_a_search_of_an_experiment_passes_over_none_of_its_archived_runs(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old experiment with a hundred thousand archived runs is searched like a new one."""
    monkeypatch.setattr(choices, "_COUNTED", 50)

    def fill(work: Work) -> None:
        row = work.connection.execute(select(runs_table).where(runs_table.c.id == "first")).one()
        same = {name: value for name, value in row._mapping.items() if name != "key"}
        rows = [{**same, "id": f"r{n}", "archived": n >= 400} for n in range(800)]
        work.connection.execute(insert(runs_table), rows)

    started(system, "first")
    system.write(fill)
    wanted = run_searches.prepared(W, Search("experiment = 'mnist'")).wanted

    def look(work: Work) -> list[Place]:
        shown = run_searches.shown(work, wanted)
        # No time: it may look at one row that is not for the page, and then has to stop.
        budget = Budget(seconds=0, least=1)
        return search.places(work.connection, shown, None, 3, budget=budget).places

    assert len(system.read(look)) == 1
    assert found(system, "experiment = 'mnist'")[:2] == ["r399", "r398"]
