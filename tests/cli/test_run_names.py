"""Runs by any name: the whole id, a beginning that no other has, `experiment/number`."""

import json

import pytest

from runyard.protocol import routes
from runyard.protocol.runs import StartRun

IDS = ["prefix-one_1764325876_aa11", "prefix-one_1764325876_aa22", "prefix-two_1764325999_bb33"]
COMMANDS = [("show",), ("logs",), ("ranks",), ("cancel",)]


@pytest.fixture(scope="module")
def known(place) -> list[str]:
    """Three runs of the experiment `named`, one of them a child."""
    parent = None
    for run in IDS:
        body = StartRun(experiment="named", run_id=run, parent=parent)
        parent = place.client.call(routes.RUNS_START, body=body).id
    return IDS


@pytest.mark.parametrize(
    "name",
    [IDS[1], "prefix-one_1764325876_aa2", "prefix-o…aa22", "named/2"],
)
def test_a_run_has_several_names(cli, known, name) -> None:
    """Whatever is shown or can be guessed of it leads to it; children too."""
    assert json.loads(cli("runs", "show", name, "--json").out)["id"] == known[1]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_takes_them(cli, known, words) -> None:
    """There is no command for which the whole id must be copied."""
    assert known
    for name in ("prefix-t", "named/3"):
        said = cli("runs", *words, name)
        assert said.status == 0, said.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_an_ambiguous_beginning_lists_the_runs(cli, known, words) -> None:
    """Nothing is done to a run that was not meant, and the message has those that may be."""
    said = cli("runs", *words, "prefix-o")
    assert (said.status, said.out) == (2, "")
    assert known[0] in said.err
    assert known[1] in said.err
    assert known[2] not in said.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("name", "status", "part"),
    [
        ("quite-another_1_2", 3, "quite-another_1_2"),
        ("named/99", 3, "no run number 99"),
        ("named/x", 2, "named/"),
        ("nmaed/1", 3, "'named'"),
        ("", 2, "empty"),
        ("/", 3, "no run"),
        ("…", 2, "begin"),
    ],
)
def test_a_name_of_no_run_is_told(cli, known, words, name, status, part) -> None:
    """Not by runs that have nothing to do with it."""
    said = cli("runs", *words, name)
    assert said.status == status, said.err
    assert part in said.err
    if name == "quite-another_1_2":
        assert not [run for run in known if run in said.err]


def test_one_run_is_told_in_the_singular(cli, place) -> None:
    """Counts read as people say them."""
    place.client.call(routes.RUNS_START, body=StartRun(experiment="single"))
    assert cli("runs", "show", "single/5").err.rstrip().endswith("it has 1 run")


def test_a_slip_in_an_id_names_the_run(cli, known) -> None:
    """One wrong letter in a whole id is answered with the right one alone."""
    said = cli("runs", "show", known[2].replace("bb33", "bb34"))
    assert said.status == 3
    assert known[2] in said.err


@pytest.mark.parametrize(
    ("words", "nearest"),
    [
        (("models", "list", "--name", "nope"), ""),
        (("models", "show", "nope"), ""),
        (("compute", "nodes", "smal"), "small"),
        (("datastores", "files", "workspaceblobstor"), "workspaceblobstore"),
        (("experiments", "list", "-w", "defalt"), "default"),
        (("runs", "list", "-e", "nmaed"), "named"),
        (("runs", "logs", "named/1", "--file", "nope.txt"), ""),
        (("runs", "list", "-e", "../x"), "names no experiment"),
        (("runs", "show", "../1"), "names no experiment"),
        (("runs", "logs", ".."), "names no run"),
        (("models", "show", "a/b"), "names no model"),
        (("compute", "nodes", "../x"), "names no compute target"),
        (("datastores", "files", "a/b"), "names no datastore"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_nothing_of_that_name_is_an_error_for_every_noun(cli, known, words, nearest) -> None:
    """An empty list and status 0 would say that the thing exists and has nothing."""
    assert known
    said = cli(*words)
    assert (said.status, said.out) == (3, "")
    assert nearest in said.err
    assert len(said.err.splitlines()) == 1
