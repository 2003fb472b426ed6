"""Hostile sweeps: each is refused at once with what is wrong, by name, and nothing is written."""

import time
from dataclasses import replace
from typing import Any

import pytest

from runyard.protocol.errors import RunyardError
from runyard.protocol.runs import RunQuery, RunSpec
from runyard.protocol.sweeps import (
    CHOICE,
    FIXED,
    NORMAL,
    NUMBER,
    ChangeSweep,
    CreateSweep,
    Exchange,
    Objective,
    ParameterSpec,
    PolicySpec,
    Reported,
    SamplerSpec,
    SweepSpec,
    Told,
)
from runyard_server.core.system import System
from runyard_server.operations import runs, sweeps

W = "default"
LR = ParameterSpec("lr", NUMBER, low=0.0, high=1.0)
UNITS = ParameterSpec("units", CHOICE, choices=[1, 2, 3])
SPEC = SweepSpec("exp", [LR, UNITS], [Objective("loss")], max_trials=5)
BASE = RunSpec("exp", "none", "train.py")


def deep(levels: int) -> Any:
    """A value of lists in lists."""
    found: Any = 1
    for _ in range(levels):
        found = [found]
    return found


def chain(length: int) -> list[ParameterSpec]:
    """Parameters each of which depends on the one behind it."""
    found = [ParameterSpec("p0", CHOICE, choices=[1, 2])]
    for number in range(1, length):
        when = {f"p{number - 1}": 1}
        found.append(ParameterSpec(f"p{number}", CHOICE, choices=[1, 2], when=when))
    return found[::-1]


REFUSED: list[tuple[str, dict[str, Any]]] = [
    ("parameter 'lr': q is -1", {"space": [replace(LR, q=-1.0)]}),
    ("parameter 'lr': the lower bound 2.0 is above", {"space": [replace(LR, low=2.0)]}),
    (
        "1001 parameters and 1000 are the most",
        {"space": [replace(LR, name=f"p{n}") for n in range(1001)]},
    ),
    ("lists in lists", {"space": [replace(UNITS, choices=[deep(400)])]}),
    (r"'a\\nb': a name has", {"space": [replace(LR, name="a\nb")]}),
    (r"'a\\x00b': a name has", {"space": [replace(LR, argument="a\0b")]}),
    ("at most 255 characters", {"space": [replace(LR, name="a" * 100_000)]}),
    ("4194304 are the most", {"space": [replace(UNITS, choices=["x" * 5_000_000])]}),
    (
        "'units': .* cannot be an argument",
        {"space": [replace(UNITS, choices=["a\0b"])], "base": BASE},
    ),
    ("at most 131071 bytes", {"space": [replace(UNITS, choices=["x" * 200_000])], "base": BASE}),
    ("50 others decide one after the other", {"space": chain(51)}),
    ("depends on itself", {"space": [replace(UNITS, when={"units": 1})]}),
    ("did you mean 'tpe'", {"sampler": SamplerSpec("tpee")}),
    ("did you mean 'bandit'", {"policy": PolicySpec("bandi")}),
    ("'slack' is no option", {"policy": PolicySpec("bandit", options={"slack": 1})}),
    ("max_trials is 0", {"max_trials": 0}),
    ("max_duration_seconds is 1e\\+308", {"max_duration_seconds": 1e308}),
    ("max_duration_seconds is 0", {"max_duration_seconds": 0.0}),
    ("trials of a HyperDriveRun are runs", {"hyperdrive": True}),
    ("parameter 'lr': the value is 'fast'", {"enqueued": [{"lr": "fast", "units": 1}]}),
    ("parameter 'lr': it cannot be 99", {"enqueued": [{"lr": 99, "units": 1}]}),
    ("parameter 'lr': the value is None", {"enqueued": [{"lr": None, "units": 1}]}),
    (
        "parameter 'units': it cannot be 4; it is one of 1, 2, 3",
        {"enqueued": [{"lr": 0, "units": 4}]},
    ),
    ("no value for the parameter 'units'", {"enqueued": [{"lr": 0}]}),
    ("20000 points are to be tried", {"enqueued": [{"lr": 0, "units": 1}] * 20_000}),
    ("names 50000, and 1000 are the most", {"resume_from": [f"n{n}" for n in range(50_000)]}),
    ("names one twice", {"resume_from": ["one", "two", "one"]}),
]


@pytest.mark.parametrize(("problem", "given"), REFUSED)
def test_it_is_refused(system: System, problem: str, given: dict[str, Any]) -> None:
    """Whatever a client of any make sends is refused by name; no row is left of it."""
    with pytest.raises(RunyardError, match=problem):
        sweeps.create(system, W, body=CreateSweep(replace(SPEC, **given)))
    assert runs.list_(system, W, RunQuery()).items == []


SERVED: list[tuple[str, dict[str, Any]]] = [
    ("one value", {"space": [replace(LR, high=0.0), replace(UNITS, kind=FIXED)]}),
    ("one value in the logarithm", {"space": [replace(LR, low=2.0, high=2.0, log=True)]}),
    ("no spread", {"space": [ParameterSpec("n", NORMAL, mu=1.0, sigma=0.0)]}),
    ("2^70 points", {"space": [replace(UNITS, name=f"p{n}", choices=[0, 1]) for n in range(70)]}),
    ("whole up to 1e18", {"space": [replace(LR, high=1e18, whole=True)]}),
    ("many choices", {"space": [replace(UNITS, choices=list(range(100_000)))]}),
    ("a long chain", {"space": chain(50)}),
    ("many parameters", {"space": [replace(LR, name=f"p{n}") for n in range(300)]}),
    ("choices of lists", {"space": [replace(UNITS, choices=[[1, [2]], {"a": [1]}, None, ""])]}),
    ("a negative seed", {"seed": -1}),
    ("a large seed", {"seed": 10**30}),
]


@pytest.mark.parametrize("sampler", ["random", "qmc"])
@pytest.mark.parametrize(("what", "given"), SERVED)
def test_it_is_served(system: System, what: str, given: dict[str, Any], sampler: str) -> None:
    """What is unusual but makes sense gives trials, and in a time that a user waits."""
    begun = time.process_time()
    spec = replace(SPEC, sampler=SamplerSpec(sampler), **given)
    sweep = sweeps.create(system, W, body=CreateSweep(spec)).id
    answer = sweeps.exchange(system, W, sweep, body=Exchange("one", 1, 1))
    assert len(answer.trials) == 1, what
    sweeps.exchange(system, W, sweep, body=Exchange("one", 2, 1, told=[Told(0, [0.5])]))
    assert time.process_time() - begun < 10, what


@pytest.mark.parametrize(
    "body",
    [
        Exchange("one", 2, -1),
        Exchange("one", 2, 10**9),
        Exchange("", 2),
        Exchange("x" * 1000, 2),
        Exchange("one", 0),
        Exchange("one", 10**30),
        Exchange("one", 2, told=[Told(7, [0.5])]),
        Exchange("one", 2, told=[Told(-1, [0.5])]),
        Exchange("one", 2, told=[Told(0, [0.5], ended_at=10**30)]),
        Exchange("one", 2, reported=[Reported(10**30, 1, 0.5)]),
        Exchange("one", 2, reported=[Reported(0, 10**30, 0.5)]),
    ],
)
def test_a_hostile_exchange_changes_nothing(system: System, body: Exchange) -> None:
    """It is refused, and the process that makes the trial goes on as if it had not been."""
    spec = replace(SPEC, policy=PolicySpec("median", by_step=True))
    sweep = sweeps.create(system, W, body=CreateSweep(spec)).id
    sweeps.exchange(system, W, sweep, body=Exchange("one", 1, 1))
    with pytest.raises(RunyardError, match=r".{10}"):
        sweeps.exchange(system, W, sweep, body=body)
    told = [Told(0, [0.5]), Told(0, [0.1])]
    reported = [Reported(0, 1, 0.5), Reported(0, 1, 0.4)]
    good = Exchange("one", 9, 1, told=told, reported=reported, returned=[5, -1])
    assert [each.number for each in sweeps.exchange(system, W, sweep, body=good).trials] == [1]
    late = Exchange("one", 10, told=[Told(0, [9.0])], reported=[Reported(0, 2, 9.0)])
    sweeps.exchange(system, W, sweep, body=late)
    assert sweeps.get(system, W, sweep).counts == {"completed": 1, "running": 1}
    best = sweeps.get(system, W, sweep).best
    assert best is not None
    assert best.values == [0.5]


def test_what_was_given_back_is_made_after_a_restart(system: System) -> None:
    """A trial that a process has returned waits for another also when the service is killed."""
    sweep = sweeps.create(system, W, body=CreateSweep(SPEC)).id
    sweeps.exchange(system, W, sweep, body=Exchange("one", 1, 2))
    sweeps.exchange(system, W, sweep, body=Exchange("one", 2, returned=[0, 1]))
    system.studies.drop_idle(-1)
    answer = sweeps.exchange(system, W, sweep, body=Exchange("two", 1, 2))
    assert [each.number for each in answer.trials] == [0, 1]


def test_points_that_are_added_later_are_checked(system: System) -> None:
    """A point that the space does not have is refused also while the sweep goes on."""
    sweep = sweeps.create(system, W, body=CreateSweep(SPEC)).id
    for point in ({"lr": 2, "units": 1}, {"lr": 0.5, "units": True}, {"lr": 0.5}):
        with pytest.raises(RunyardError, match=r"'lr'|'units'"):
            sweeps.change(system, W, sweep, body=ChangeSweep(enqueue=[point]))
    sweeps.change(system, W, sweep, body=ChangeSweep(enqueue=[{"lr": 1, "units": 2}]))
    answer = sweeps.exchange(system, W, sweep, body=Exchange("one", 1, 1))
    assert answer.trials[0].params == {"lr": 1.0, "units": 2}
