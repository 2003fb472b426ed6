"""`runyard sweeps`: lists, one sweep with its pictures, the best, changes, what is exported."""

import csv
import io
import json
from dataclasses import dataclass

import pytest

from runyard.protocol.queue import Prioritize
from runyard.protocol.sweeps import (
    ChangeSweep,
    CreateSweep,
    Exchange,
    Objective,
    ParameterSpec,
    SweepSpec,
    Told,
)

VALUES = (0.5, 0.9, 0.7, None)


@dataclass(frozen=True)
class Kept:
    """Ids of a sweep with trials that have ended, of one without, and of one with two goals."""

    tried: str
    empty: str
    front: str


def begun(client, experiment: str, name: str, **fields: object) -> str:
    """Begin a sweep whose trials are made here."""
    space = [
        ParameterSpec("lr", "number", low=0.001, high=0.1, log=True),
        ParameterSpec("opt", "choice", choices=["sgd", "adam"]),
    ]
    goals = [Objective("acc", "maximize")]
    given = {"space": space, "objectives": goals, "max_trials": 8, "seed": 3, **fields}
    spec = SweepSpec(experiment=experiment, **given)
    return client.sweeps.create(CreateSweep(spec, name=name)).id


def told(client, sweep: str, results: list) -> None:
    """Make trials with these results; of None, failed ones."""
    asked = client.sweeps.exchange(sweep, Exchange("c", 1, ask=len(results)))
    ended = [
        Told(trial.number, values, error="" if values else "no luck")
        for trial, values in zip(asked.trials, results, strict=True)
    ]
    client.sweeps.exchange(sweep, Exchange("c", 2, told=ended))


@pytest.fixture(scope="module")
def kept(place) -> Kept:
    """Three sweeps of the experiment `swept`."""
    client = place.client
    tried = begun(client, "swept", "first")
    told(client, tried, [None if value is None else [value] for value in VALUES])
    front = begun(
        client, "swept", "two", objectives=[Objective("acc", "maximize"), Objective("size")]
    )
    told(client, front, [[0.5, 1.0], [0.9, 9.0], [0.4, 2.0]])
    return Kept(tried, begun(client, "swept", "none yet"), front)


def test_a_list_tells_how_far_each_sweep_is_and_its_best(cli, kept) -> None:
    """What people look for is in the list: n of m, and the best value with its parameters."""
    lines = cli("sweeps", "list", "-e", "swept").out.splitlines()
    assert [line.split()[0] for line in lines] == ["SWEEP", "none", "two", "first"]
    assert "4 of 8" in lines[3]
    assert "acc 0.9 (trial 1: lr=" in lines[3]
    assert "2 on the front of acc, size" in lines[2]
    items = json.loads(cli("sweeps", "list", "-e", "swept", "--json").out)["items"]
    assert [item["id"] for item in items] == [kept.empty, kept.front, kept.tried]


def test_runs_list_shows_of_a_sweep_its_trials_and_its_best(cli, kept) -> None:
    """A sweep among other runs says in its row how far it is."""
    lines = cli("runs", "list", "-e", "swept").out.splitlines()
    mine = next(line for line in lines if line.startswith(kept.tried))
    assert mine.endswith("trials=4/8  acc=0.9  failed=1")
    narrow = cli.on_terminal("runs", "list", "-e", "swept", columns=90)
    assert "trials=4/8  acc=0.9" in narrow


def test_one_sweep_is_shown_with_its_best_trials_and_how_the_best_came_about(cli, kept) -> None:
    """The table is in order of the results, the chart has the first and the best value."""
    said = cli("sweeps", "show", kept.tried, "--top", "3", PYTHONIOENCODING="utf-8")
    assert said.status == 0, said.err
    facts, table, chart = said.out.split("\n\n")[:3]
    assert "4 of 8, 1 failed" in facts
    assert "maximize acc" in facts
    assert [row.split()[:2] for row in table.splitlines()[1:4]] == [
        ["1", "0.9"],
        ["2", "0.7"],
        ["0", "0.5"],
    ]
    assert table.splitlines()[4].startswith("... of 4")
    assert chart.splitlines()[0] == "Best acc so far"
    assert chart.splitlines()[1].startswith("0.9 ┤")
    assert "█" in chart


def test_pictures_are_plain_where_the_output_has_no_blocks(cli, kept) -> None:
    """A terminal of another encoding, and NO_COLOR, get letters that everything shows."""
    for variables in ({"NO_COLOR": "1"}, {"PYTHONIOENCODING": "latin-1"}):
        out = cli("sweeps", "show", kept.tried, **variables).out
        assert "0.9 |" in out
        assert "#" in out
        assert out.isascii()


def test_a_sweep_without_trials_is_shown(cli, kept) -> None:
    """Before the first trial there is nothing to draw, which is no error."""
    said = cli("sweeps", "show", kept.empty)
    assert said.status == 0
    assert "0 of 8" in said.out
    said = cli("sweeps", "best", kept.empty)
    assert said.status == 3
    assert "has a value of acc yet" in said.err


def test_the_best_trial_is_shown_with_its_parameters(cli, kept) -> None:
    """The best of one goal, or all of the front, for people and for programs."""
    out = cli("sweeps", "best", "swept/first").out
    assert "acc     0.9" in out or "acc    0.9" in out
    assert f"1 of {kept.tried}" in out
    best = json.loads(cli("sweeps", "best", kept.tried, "--json").out)["items"]
    assert [trial["number"] for trial in best] == [1]
    assert set(best[0]["params"]) == {"lr", "opt"}
    rows = cli("sweeps", "best", kept.front).out.splitlines()
    assert rows[0].split() == ["NUMBER", "acc", "size", "lr", "opt"]
    assert [row.split()[:3] for row in rows[1:]] == [["0", "0.5", "1"], ["1", "0.9", "9"]]


def test_all_trials_are_exported(cli, kept) -> None:
    """Every trial is there, failed ones too, with a column for each parameter."""
    text = cli("sweeps", "export", kept.tried).out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [row["acc"] for row in rows] == ["0.5", "0.9", "0.7", ""]
    assert rows[3]["state"] == "failed"
    assert rows[3]["reason"] == "no luck"
    assert {row["opt"] for row in rows} <= {"sgd", "adam"}
    items = json.loads(cli("sweeps", "export", kept.tried, "--format", "json").out)["items"]
    assert [item["state"] for item in items] == ["completed"] * 3 + ["failed"]
    said = cli("sweeps", "export", kept.tried, "--format", "cvs")
    assert said.status == 2
    assert "nearest: csv" in said.err


def test_limits_change_and_a_sweep_pauses(cli, place, kept) -> None:
    """What runs is changed from the prompt, and the answer says what holds now."""
    words = ("--parallel", "4", "--max-trials", "100", "--pause")
    said = cli("sweeps", "change", "none yet", *words)
    assert said.out == f"{kept.empty}: paused, at most 100 trials, 4 at once\n"
    found = place.client.sweeps.get(kept.empty)
    assert (found.paused, found.spec.parallel, found.spec.max_trials) == (True, 4, 100)
    assert "Paused" in cli("sweeps", "list").out
    assert not json.loads(cli("sweeps", "change", kept.empty, "--resume", "--json").out)["paused"]
    place.client.sweeps.change(kept.empty, ChangeSweep(max_trials=8))
    for words in ((), ("--pause", "--resume"), ("--parallel", "0")):
        assert cli("sweeps", "change", kept.empty, *words).status == 2


def test_a_sweep_is_named_by_name_beginning_or_number(cli, kept) -> None:
    """Names that are typed find the sweep; wrong ones are told the nearest."""
    for name in (
        "first",
        "swept/first",
        "swept/1",
        kept.tried[:-6],
        f"{kept.tried[:10]}…{kept.tried[-8:]}",
    ):
        assert json.loads(cli("sweeps", "show", name, "--json").out)["id"] == kept.tried, name
    said = cli("sweeps", "show", "frist")
    assert said.status == 3
    assert "nearest: 'first'" in said.err
    several = cli("sweeps", "show", "swept_")
    assert several.status == 2
    assert kept.front in several.err


def test_sweeps_are_canceled_and_those_that_are_none_are_told(cli, place, run_id) -> None:
    """All that can be canceled are; the status is that of the one that cannot."""
    mine = begun(place.client, "ended", "third")
    said = cli("sweeps", "cancel", run_id, mine)
    assert said.status == 3
    assert "is no sweep" in said.err
    assert said.out.startswith(f"{mine}: ")
    assert place.client.sweeps.get(mine).status in ("Canceled", "CancelRequested")


def test_ids_of_sweeps_are_completed(cli, kept) -> None:
    """A tab offers sweeps, and no other runs."""
    words = {"COMP_WORDS": "runyard\nsweeps\nshow\nswept", "COMP_CWORD": "3"}
    said = cli(_RUNYARD_COMPLETE="complete_bash", **words)
    assert {kept.tried, kept.empty, kept.front} <= set(said.out.split())


def test_priority_of_a_sweep(cli, kept, place) -> None:
    """The trials to come have it; a run that waits nowhere has no place, and is told so."""
    said = cli("runs", "prioritize", kept.empty, "-3")
    assert (said.status, said.out) == (0, f"{kept.empty}: priority -3\n")
    said = cli("runs", "prioritize", kept.empty, "--before", kept.tried)
    assert said.status != 0
    assert "is a sweep or a pipeline: give what is below it a priority" in said.err
    assert place.client.runs.get(kept.empty).priority == -3
    place.client.runs.prioritize(kept.empty, Prioritize(0))
