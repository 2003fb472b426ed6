"""Runs by any of their names, against a real service."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runyard.client.run_names import RunNames
from runyard.protocol.errors import InvalidRequest, RunNotFound
from runyard.protocol.runs import StartRun

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


@pytest.fixture
def named(client: WorkspaceClient) -> WorkspaceClient:
    """Three runs, of which one is how the id of another begins."""
    for run in ("alpha", "alpha_two", "beta_1"):
        client.runs.start(StartRun(experiment="e", run_id=run))
    return client


@pytest.mark.parametrize(
    ("name", "run"),
    [("alpha", "alpha"), ("alpha_", "alpha_two"), ("b", "beta_1"), ("al…wo", "alpha_two")],
)
def test_a_beginning_is_enough_and_a_whole_id_wins(named, name: str, run: str) -> None:
    """Nobody types more than it takes, and nobody gets another run than the one spelled out."""
    assert RunNames(named).find(name).id == run
    assert RunNames(named).ask(name, named.runs.get).id == run


def test_a_number_names_a_run_of_an_experiment(named) -> None:
    """The first run of an experiment is number 1."""
    assert RunNames(named).ask("e/2", named.runs.get).id == "alpha_two"
    with pytest.raises(RunNotFound, match="it has 3 runs"):
        RunNames(named).find("e/4")
    with pytest.raises(InvalidRequest, match="e/3"):
        RunNames(named).find("e/last")


def test_several_are_described_as_the_caller_wants(named) -> None:
    """The message lists them, so that the right one can be chosen."""
    names = RunNames(named, lambda run: f"number {run.number}")
    with pytest.raises(InvalidRequest, match="alpha_two  number 2") as caught:
        names.find("alph")
    assert sorted(caught.value.details["candidates"]) == ["alpha", "alpha_two"]


def test_what_a_question_raises_for_other_reasons_is_not_taken_for_a_missing_run(named) -> None:
    """A run that is there and refuses is not looked for under other names."""

    def refuse(run: str) -> None:
        raise InvalidRequest(f"not {run}")

    with pytest.raises(InvalidRequest, match="not alpha_two"):
        RunNames(named).ask("alpha_two", refuse)


def test_a_beginning_of_a_sweep_s_id_names_the_sweep(client: WorkspaceClient, monkeypatch) -> None:
    """Its trials begin with its whole id, so without this no beginning would ever do."""
    sweep = client.runs.start(StartRun(experiment="e", run_id="swept_1f")).id
    for number in range(3):
        client.runs.start(StartRun(experiment="e", run_id=f"{sweep}_{number}", parent=sweep))
    assert RunNames(client).find("swept").id == sweep
    assert RunNames(client).find(f"{sweep}_1").id == f"{sweep}_1"
    monkeypatch.setattr("runyard.client.run_names.LOOKED_AT", 2)
    assert RunNames(client).find("swept").id == sweep
