"""Searches and parameters from Python."""

import sys
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import runyard
from runyard.sdk.exceptions import UserErrorException


@pytest.fixture
def three(workspace, experiment):
    """Three runs that have ended, with parameters, metrics and tags."""
    runs = []
    for number, rate in enumerate((0.1, 0.01, 0.001)):
        with experiment.start_logging(snapshot_directory=None) as run:
            run.log_parameters({"lr": rate, "layers": [1, 2]})
            run.log_parameter("seed", number)
            run.log("loss", rate * 2)
            run.set_tags({"fold": number % 2, "it's": "100%"})
        runs.append(run)
    return runs


def test_archived_runs_are_found_by_who_asks(workspace, experiment, three):
    """v1's list and a search pass over what was archived, until it comes back."""
    three[0].archive()
    assert [run.id for run in experiment.get_runs()] == [three[2].id, three[1].id]
    (found,) = runyard.search_runs("archived = TRUE", workspace=workspace)
    found.unarchive()
    assert len(list(experiment.get_runs())) == 3


def test_runs_are_found_and_ordered(workspace, experiment, three):
    """The best run of an experiment is one line away."""
    found = runyard.search_runs(
        "metrics.loss < 0.1 and params.lr <= 0.01",
        "metrics.loss",
        experiment=experiment.name,
        workspace=workspace,
    )
    assert [run.id for run in found] == [three[2].id, three[1].id]
    best = runyard.search_runs(
        order_by=["metrics.loss desc"],
        max_results=1,
        workspace=workspace,
        experiment=experiment.name,
    )
    assert [run.id for run in best] == [three[0].id]
    assert best[0].get_parameters() == {"lr": "0.1", "layers": "[1, 2]", "seed": "0"}


def test_a_faulty_filter_points_at_its_place(workspace):
    """The error is that of the SDK, and shows where."""
    with pytest.raises(UserErrorException) as refused:
        runyard.search_runs("metrics.loss <", workspace=workspace)
    assert "at character 15" in str(refused.value)


def test_a_faulty_filter_of_an_experiment_is_shown_as_it_was_given(workspace):
    """An open quote is not closed by what the search adds, and the person sees their own text."""
    with pytest.raises(UserErrorException, match="closing quote") as refused:
        runyard.search_runs("tags.fold = '", workspace=workspace, experiment="e")
    assert "attributes" not in str(refused.value)


def test_a_parameter_is_written_once(three):
    """Another value is refused; one that means the same is none."""
    three[0].log_parameter("lr", "1e-1")
    with pytest.raises(UserErrorException, match="written once"):
        three[0].log_parameter("lr", 0.5)


def test_runs_are_listed_by_all_tags(experiment, three):
    """As in v1: a text means has it, a dict all of its values; the service looks at all of them."""
    listed = experiment.get_runs(tags={"fold": 0, "it's": "100%"})
    assert [run.id for run in listed] == [three[2].id, three[0].id]
    assert list(experiment.get_runs(tags={"fold": 0, "it's": "100"})) == []
    assert len(list(experiment.get_runs(tags="it's"))) == 3


def test_metrics_of_all_below_come_together(experiment, monkeypatch):
    """A sweep of a hundred children is read in one request, not in a hundred."""
    with experiment.start_logging(snapshot_directory=None) as parent:
        children = [parent.child_run() for _ in range(3)]
        for number, child in enumerate(children):
            child.log("loss", number)
            child.log("loss", number + 0.5)
            child.log_list("other", [1, 2])
            child.complete()
    asked = []
    call = type(parent.service).call

    def counted(self: Any, route: Any, *segments: str, **named: Any) -> Any:
        asked.append(route.name)
        return call(self, route, *segments, **named)

    monkeypatch.setattr(type(parent.service), "call", counted)
    found = parent.get_metrics("loss", recursive=True)
    assert found[parent.id] == {}
    assert [found[child.id] for child in children] == [{"loss": [n, n + 0.5]} for n in range(3)]
    assert asked.count("metrics.read_many") == 1
    assert "metrics.list" not in asked


def test_arguments_of_scripts_are_parameters(workspace, experiment, script):
    """What was tried is found by what it was tried with."""
    run = experiment.submit(script("pass", arguments=["--lr", "0.25", "--deep"]))
    assert run.get_parameters() == {"lr": "0.25", "deep": "True"}
    assert run.id in {
        one.id for one in runyard.search_runs("params.lr = 0.25", workspace=workspace)
    }
    run.cancel()


def test_a_tree_of_runs_is_read_level_by_level(experiment, monkeypatch):
    """A sweep of sweeps is listed with a request a level, the newest child first with its own."""
    with experiment.start_logging(snapshot_directory=None) as root:
        first, second = root.child_run(), root.child_run()
        below = [one.child_run() for one in (first, first, second)]
    asked = []
    call = type(root.service).call

    def counted(self: Any, route: Any, *segments: str, **named: Any) -> Any:
        asked.append(route.name)
        return call(self, route, *segments, **named)

    monkeypatch.setattr(type(root.service), "call", counted)
    found = [run.id for run in root.get_children(recursive=True)]
    assert found == [one.id for one in (second, below[2], first, below[1], below[0])]
    assert asked == ["runs.search"] * 3
    assert [run.id for run in root.get_children()] == [second.id, first.id]


@pytest.mark.parametrize("nothing", [{"order_by": None}, {"filter": None}, {"order_by": ()}])
def test_none_is_all(workspace, three, nothing):
    """Code that passes on what it was given need not know our defaults."""
    found = runyard.search_runs(workspace=workspace, max_results=1, **nothing)
    assert [run.id for run in found] == [three[-1].id]


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"filter": 5}, "filter is 5; give a text"),
        ({"filter": ["metrics.loss < 1"]}, "filter is .* give a text"),
        ({"order_by": 5}, "order_by is 5; give a text or a list of texts"),
        ({"order_by": [5]}, "order_by is .5.; give"),
        ({"max_results": "5"}, "max_results is '5'; give a whole number"),
        ({"max_results": -1}, "max_results is -1; give a whole number"),
        ({"experiment": 5}, "experiment is 5; give a name"),
        ({"workspace": "w"}, "workspace is 'w'; give a Workspace"),
        ({"experiment": "exq"}, "nearest: 'exp'"),
    ],
)
def test_a_wrong_argument_of_a_search_is_named(workspace, three, given, part):
    """Never a TypeError from within, and never an empty list for a name that is not there."""
    assert three
    with pytest.raises(UserErrorException, match=part):
        runyard.search_runs(**{"workspace": workspace, **given})


def test_a_wrong_argument_of_a_list_is_named(workspace, experiment):
    """What lists are given is checked at the call, not at the first entry."""
    run = experiment.start_logging(snapshot_directory=None)
    calls = [
        lambda: experiment.get_runs(tags=["a"]),
        lambda: experiment.get_runs(properties=5),
        lambda: run.get_children(tags=["a"]),
        lambda: runyard.Run.list("exp"),
        lambda: runyard.Experiment.list(None),
        lambda: runyard.Model.list(None),
        lambda: runyard.Model.list(workspace, tags=5),
        lambda: runyard.Model.list(workspace, tags=[["a", "b", "c"]]),
        lambda: runyard.ComputeTarget.list("w"),
        lambda: runyard.Environment.list(None),
    ]
    for wrong in calls:
        with pytest.raises(UserErrorException, match="; give "):
            wrong()
    assert runyard.Model.list(workspace, tags="no such tag") == []
    run.complete()


def test_an_experiment_itself_is_its_name(workspace, experiment, three):
    """What a script has at hand is taken."""
    assert len(runyard.search_runs(workspace=workspace, experiment=experiment)) == 3


def test_a_search_of_an_experiment_shows_the_filter_as_given(workspace, three):
    """What is joined to a filter is nobody's to read."""
    assert three
    with pytest.raises(UserErrorException, match="nearest: 'metrics'") as refused:
        runyard.search_runs("metrcs.loss < 1", experiment="e", workspace=workspace)
    assert refused.value.message.splitlines()[1:] == ["  metrcs.loss < 1", "  ^^^^^^^^^^^"]


def test_runs_become_a_table(workspace, experiment, three):
    """What was found is one call away from a plot, with numbers and times as what they are."""
    found = runyard.search_runs(order_by="params.lr", workspace=workspace, experiment="exp")
    for table in (found.to_pandas(), found.to_polars()):
        assert table["id"].to_list() == [three[2].id, three[1].id, three[0].id]
        assert table["metrics.loss"].to_list() == [0.002, 0.02, 0.2]
        assert table["params.layers"].to_list() == ["[1, 2]"] * 3
        assert table["tags.it's"].to_list() == ["100%"] * 3
        assert [each.tzinfo is not None for each in table["created_at"].to_list()] == [True] * 3
        assert (table["duration"] >= 0).all()
    runyard.export_runs("all.parquet", workspace=workspace)
    assert pl.read_parquet("all.parquet").columns == found.to_polars().columns
    nothing = runyard.search_runs("metrics.loss < 0", workspace=workspace)
    assert len(nothing.to_pandas()) == len(nothing.to_polars()) == 0
    assert list(nothing.to_pandas().columns) == nothing.to_polars().columns


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_a_missing_library_is_named(workspace, three, monkeypatch, library):
    """Who has no pandas is told what to install, and what works without it."""
    found = runyard.search_runs(workspace=workspace)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(UserErrorException, match=f"pip install {library}; runyard.export_runs"):
        getattr(found, f"to_{library}")()


def test_runs_are_written_to_a_file(workspace, three, folder):
    """A file is there whole or not at all, and its ending says what it is."""
    columns = ["number", "metrics.loss"]
    asked = {"columns": columns, "order_by": "metrics.loss", "workspace": workspace}
    assert runyard.export_runs("runs.csv", experiment="exp", **asked) == "runs.csv"
    assert Path("runs.csv").read_text() == "number,metrics.loss\n3,0.002\n2,0.02\n1,0.2\n"
    runyard.export_runs("runs.parquet", max_results=2, **asked)
    assert pl.read_parquet("runs.parquet").rows() == [(3, 0.002), (2, 0.02)]
    with pytest.raises(UserErrorException, match="end it in"):
        runyard.export_runs("runs.xlsx", workspace=workspace)
    with pytest.raises(UserErrorException, match="no folder nowhere"):
        runyard.export_runs("nowhere/runs.csv", workspace=workspace)
    with pytest.raises(UserErrorException, match="at character 15"):
        runyard.export_runs("runs.csv", "metrics.loss <", workspace=workspace)
    assert sorted(file.name for file in folder.glob("runs*")) == ["runs.csv", "runs.parquet"]
