"""Samplers that learn: TPE, CMA-ES, genetic ones."""

from collections.abc import Sequence

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import COMPLETED, MAXIMIZE, STOPPED, Objective, ParameterSpec
from runyard_server.testing.sampler_contract import SamplerContract
from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.samplers.evolution import EvolutionSampler
from runyard_server.tuning.samplers.genetic import Nsga2Sampler, Nsga3Sampler
from runyard_server.tuning.samplers.tpe import TpeSampler

PLANE = [
    ParameterSpec("x", "number", low=-1, high=1),
    ParameterSpec("y", "number", low=-1, high=1),
]
LOSS = [Objective("loss")]
TWO = [Objective("loss"), Objective("accuracy", MAXIMIZE)]


class TestTpe(SamplerContract):
    trials = 20
    flat_asks = 5

    def make_sampler(self, setting: Setting) -> Sampler:
        return TpeSampler(setting, startup=5)


class TestTpeOfSeveralObjectives(SamplerContract):
    trials = 15
    flat_asks = 5

    def make_sampler(self, setting: Setting) -> Sampler:
        return TpeSampler(setting, startup=5)

    def objectives(self) -> Sequence[Objective]:
        return TWO


class TestTpeOfAFiniteSpace(SamplerContract):
    trials = 20
    flat_asks = 5

    def make_sampler(self, setting: Setting) -> Sampler:
        return TpeSampler(setting, startup=5)

    def space(self) -> Sequence[ParameterSpec]:
        return [
            ParameterSpec("c", "choice", choices=["a", "b"]),
            ParameterSpec("k", "number", low=0, high=20, whole=True),
            ParameterSpec("big", "number", low=0, high=10**6, whole=True),
        ]


class TestCmaes(SamplerContract):
    def make_sampler(self, setting: Setting) -> Sampler:
        return EvolutionSampler(setting)


class TestNsga2(SamplerContract):
    trials = 20
    flat_asks = 5

    def make_sampler(self, setting: Setting) -> Sampler:
        return Nsga2Sampler(setting, population=5)

    def objectives(self) -> Sequence[Objective]:
        return TWO


class TestNsga3(SamplerContract):
    trials = 20
    flat_asks = 5

    def make_sampler(self, setting: Setting) -> Sampler:
        return Nsga3Sampler(setting, population=5)

    def objectives(self) -> Sequence[Objective]:
        return TWO


def near(params: Params) -> float:
    return (params["x"] - 0.3) ** 2 + (params["y"] + 0.5) ** 2


def losses(sampler: Sampler, trials: int, sign: float = 1.0) -> list[float]:
    found = []
    for number in range(trials):
        params = sampler.ask(number)
        assert params is not None
        found.append(near(params))
        sampler.tell(Outcome(number, params, (sign * found[-1],), COMPLETED))
    return found


@pytest.mark.parametrize("goal", ["minimize", "maximize"])
@pytest.mark.parametrize("kind", [TpeSampler, EvolutionSampler])
def test_it_finds_the_better_part(kind: type[Sampler], goal: str) -> None:
    """Of sixty trials the last twenty are closer to the best point than random ones, both goals."""
    setting = Setting(PLANE, [Objective("loss", goal)], seed=3)
    found = losses(kind(setting), 60, 1.0 if goal == "minimize" else -1.0)
    assert sum(found[40:]) / 20 < 0.3 * sum(found[:10]) / 10


def test_genetic_samplers_find_the_front() -> None:
    """Children of the best are closer to the front, the line between two points, than random."""
    space = [ParameterSpec(name, "number", low=-1, high=1) for name in "xyzuv"]
    for kind in (Nsga2Sampler, Nsga3Sampler):
        sampler = kind(Setting(space, [Objective("a"), Objective("b")], seed=3), population=16)
        found = []
        for number in range(120):
            params = sampler.ask(number) or {}
            rest = sum(params[name] ** 2 for name in "yzuv")
            values = ((params["x"] - 0.5) ** 2 + rest, (params["x"] + 0.5) ** 2 + rest)
            found.append(sum(values))
            sampler.tell(Outcome(number, params, values, COMPLETED))
        assert sum(found[90:]) / 30 < 0.6 * sum(found[:16]) / 16


def test_running_trials_repel() -> None:
    """Where many trials run already the next is not drawn: their results may be no better."""
    close = []
    for running in (0, 60):
        sampler = TpeSampler(Setting(PLANE[:1], LOSS, seed=3))
        for number in range(60):
            x = -1 + number / 30
            sampler.tell(Outcome(number, {"x": x}, (abs(x),), COMPLETED))
        for number in range(60, 60 + running):
            sampler.resume(number, {"x": 0.0})
        drawn = [(sampler.ask(number) or {})["x"] for number in range(200, 215)]
        close.append(sum(abs(x) < 0.05 for x in drawn))
    assert close[1] < close[0] / 2


def test_stopped_trials_teach_and_failed_ones_do_not() -> None:
    """Values of stopped trials are learned from, whether or not their way is told; NaN is not."""
    drawn = []
    for steps in ([], [(1, 5.0), (2, 1.0)]):
        sampler = TpeSampler(Setting(PLANE, LOSS, seed=3), startup=5)
        for number in range(60):
            params = {"x": -1 + number / 30, "y": 0.0}
            sampler.tell(Outcome(number, params, (abs(params["x"]),), STOPPED, steps))
            sampler.tell(Outcome(100 + number, params, (float("nan"),), COMPLETED))
            sampler.tell(Outcome(200 + number, {"x": 0.9, "y": 0.0}, (-5.0,), "canceled"))
        drawn.append([(sampler.ask(number) or {})["x"] for number in range(300, 310)])
    assert drawn[0] == drawn[1]
    assert sum(abs(x) < 0.3 for x in drawn[0]) >= 6


def test_a_finite_space_is_used_up() -> None:
    """A model that likes one point only still tries all twelve, each once, then ends."""
    space = [
        ParameterSpec("x", "choice", choices=[0, 1, 2, 3]),
        ParameterSpec("y", "number", low=0, high=2, whole=True),
    ]
    sampler = TpeSampler(Setting(space, LOSS, seed=3), startup=3)
    found = []
    while (params := sampler.ask(len(found))) is not None:
        found.append((params["x"], params["y"]))
        loss = float(params["x"] + params["y"])
        sampler.tell(Outcome(len(found) - 1, params, (loss,), COMPLETED))
    assert len(found) == len(set(found)) == sampler.size() == 12


def test_other_sweeps_are_learned_from() -> None:
    """With the trials of another sweep the first trial is drawn where those were good."""
    for kind in (TpeSampler, EvolutionSampler):
        sampler = kind(Setting(PLANE, LOSS, seed=3))
        for number in range(-80, 0):
            params = {"x": (-number % 9) / 4 - 1, "y": (-number % 10) / 4.5 - 1}
            sampler.tell(Outcome(number, params, (near(params),), COMPLETED))
        drawn = [near(sampler.ask(number) or {}) for number in range(7)]
        assert sum(drawn) / 7 < 0.4


def test_cmaes_waits_for_a_generation() -> None:
    """All trials of a generation are made before the next begins; what is missing is said."""
    sampler = EvolutionSampler(Setting(PLANE, LOSS, seed=3), population=4)
    asked = [sampler.ask(number) or {} for number in range(4)]
    for number in (3, 1):
        sampler.tell(Outcome(number, asked[number], (1.0,), COMPLETED))
    assert sampler.wait() == (
        "sampler asks for results of 2 trials first: a generation of cmaes has 4"
    )
    sampler.tell(Outcome(0, asked[0], None, "failed"))
    assert "1 trial first" in (sampler.wait() or "")
    sampler.tell(Outcome(2, asked[2], (2.0,), COMPLETED))
    assert sampler.wait() is None


def test_cmaes_evolves_rounded_numbers_and_begins_anew_at_a_point() -> None:
    """Whole and rounded numbers keep their width, and once at a point it looks elsewhere."""
    space = [
        ParameterSpec("x", "number", low=0, high=50, whole=True),
        ParameterSpec("y", "number", low=0.01, high=1, log=True),
        ParameterSpec("z", "normal", mu=0, sigma=1),
        ParameterSpec("q", "number", low=0, high=1, q=0.25),
    ]
    sampler = EvolutionSampler(Setting(space, LOSS, seed=3))
    best = 1e9
    for number in range(1_500):
        params = sampler.ask(number) or {}
        loss = (params["x"] - 40) ** 2 / 100 + (params["y"] - 0.1) ** 2 + (params["z"] - 1) ** 2
        loss += (params["q"] - 0.75) ** 2
        best = min(best, loss)
        sampler.tell(Outcome(number, params, (loss,), COMPLETED))
    assert best < 1e-6


@pytest.mark.parametrize(
    ("kind", "space", "objectives", "message"),
    [
        (EvolutionSampler, PLANE, TWO, "one objective.*nsga2"),
        (EvolutionSampler, [ParameterSpec("c", "choice", choices=[1, 2])], LOSS, "a number"),
        (EvolutionSampler, [ParameterSpec("x", "number", low=1, high=1)], LOSS, "a number"),
    ],
)
def test_what_cannot_be_served_is_refused(
    kind: type[Sampler],
    space: Sequence[ParameterSpec],
    objectives: Sequence[Objective],
    message: str,
) -> None:
    """The message says what could be taken instead."""
    with pytest.raises(InvalidRequest, match=message):
        kind(Setting(space, objectives))
