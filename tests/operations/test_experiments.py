"""Experiments."""

import pytest

from runyard.protocol.errors import ExperimentNotFound, InvalidRequest, WorkspaceNotFound, WrongName
from runyard.protocol.experiments import ChangeExperiment, CreateExperiment, ExperimentQuery
from runyard_server.core.system import System
from runyard_server.operations import experiments


def test_creating_twice_gives_the_same(system: System) -> None:
    """`Experiment(ws, name)` may be written anywhere, any number of times."""
    first = experiments.create(system, "default", CreateExperiment("mnist"))
    assert experiments.create(system, "default", CreateExperiment("mnist")) == first
    assert experiments.get(system, "default", "mnist").id == first.id


def test_names_have_a_rule(system: System) -> None:
    """Runs' ids are made of the name, so a name must fit."""
    with pytest.raises(WrongName, match="letters, digits, '_' or '-'"):
        experiments.create(system, "default", CreateExperiment("my experiment"))


def test_nothing_is_made_in_a_workspace_that_is_not_there(system: System) -> None:
    """A refused request leaves nothing behind."""
    with pytest.raises(WorkspaceNotFound):
        experiments.create(system, "nowhere", CreateExperiment("mnist"))


def test_an_unknown_experiment_names_the_nearest(system: System) -> None:
    """A typing error is answered with the name that was meant."""
    experiments.create(system, "default", CreateExperiment("mnist"))
    with pytest.raises(ExperimentNotFound, match="'mnist'"):
        experiments.get(system, "default", "mnits")


def test_lists_page_by_name(system: System) -> None:
    """Every experiment comes exactly once, in order, also when others come in between."""
    for number in (3, 1, 2):
        experiments.create(system, "default", CreateExperiment(f"e{number}"))
    first = experiments.list_(system, "default", ExperimentQuery(page_size=2))
    experiments.create(system, "default", CreateExperiment("e0"))
    rest = experiments.list_(
        system, "default", ExperimentQuery(page_size=2, page_token=first.next_page_token)
    )
    assert [e.name for e in first.items + rest.items] == ["e1", "e2", "e3"]
    assert rest.next_page_token is None


def test_notes_are_kept_and_left_out_of_lists(system: System) -> None:
    """What somebody wrote about an experiment is there for the next one who opens it."""
    experiments.create(system, "default", CreateExperiment("mnist"))
    body = ChangeExperiment(notes="## Why\n* the *old* data")
    assert experiments.change(system, "default", "mnist", body=body).notes == body.notes
    assert experiments.get(system, "default", "mnist").notes == body.notes
    assert experiments.list_(system, "default", ExperimentQuery()).items[0].notes is None
    with pytest.raises(InvalidRequest, match="65536"):
        experiments.change(system, "default", "mnist", body=ChangeExperiment(notes="x" * 70_000))


def test_a_tag_without_a_name_is_refused(system: System) -> None:
    """As for runs; nothing else of the request is done."""
    experiments.create(system, "default", CreateExperiment("mnist"))
    body = ChangeExperiment(notes="mine", tags={"": "x"})
    with pytest.raises(InvalidRequest, match="tag name"):
        experiments.change(system, "default", "mnist", body=body)
    assert experiments.get(system, "default", "mnist").notes == ""
