"""Which parameters decide."""

import time

import pytest

from runyard.protocol.sweeps import MAXIMIZE, Objective, ParameterSpec
from runyard_server.tuning.base import Setting
from runyard_server.tuning.chance import uniform
from runyard_server.tuning.importance import importance
from runyard_server.tuning.samplers.independent import RandomSampler

SPACE = [
    ParameterSpec("none", "number", low=0, high=1),
    ParameterSpec("lr", "number", low=1e-4, high=1, log=True),
    ParameterSpec("fixed", "fixed", choices=[1]),
    ParameterSpec("opt", "choice", choices=["sgd", "adam"]),
    ParameterSpec("opt.sgd.momentum", "number", low=0, high=1, when={"opt": "sgd"}),
]


def sampled(trials: int, objectives: int = 1) -> list[tuple[dict[str, object], tuple[float, ...]]]:
    sampler = RandomSampler(Setting(SPACE, [Objective("loss")], seed=3))
    found = []
    for number in range(trials):
        params = sampler.ask(number) or {}
        value = abs(params["lr"] - 0.1) + 0.01 * params.get("opt.sgd.momentum", 0.5)
        noise = uniform(number) / 1000
        found.append((params, (value + noise, params["lr"])[:objectives]))
    return found


@pytest.mark.parametrize("goal", ["minimize", MAXIMIZE])
def test_what_decides_comes_first(goal: str) -> None:
    """The learning rate decides; what has no influence, or one value, does not; all sum to 1."""
    sign = 1 if goal == "minimize" else -1
    trials = [(params, (sign * values[0],)) for params, values in sampled(300)]
    found = importance(SPACE, [Objective("loss", goal)], trials)
    by_name = {each.name: each.importance for each in found.items}
    assert found.items[0].name == "lr"
    assert by_name["lr"] > 0.6
    assert by_name["none"] < 0.2
    assert by_name["fixed"] == 0
    assert set(by_name) == {each.name for each in SPACE}
    assert sum(by_name.values()) == pytest.approx(1)
    assert (found.trials, found.reason) == (300, "")


def test_several_objectives() -> None:
    """Of several objectives counts what brings a trial near the front."""
    found = importance(SPACE, [Objective("a"), Objective("b")], sampled(200, 2))
    assert found.items[0].name == "lr"


def test_few_trials_say_so() -> None:
    """Of fewer than ten trials nothing can be said, and that is said."""
    found = importance(SPACE, [Objective("loss")], sampled(9))
    assert (found.items, found.trials) == ([], 9)
    assert found.reason == "9 trials have completed; 10 are needed"


def test_many_trials_are_quick() -> None:
    """Ten thousand trials take a part of a second, and ten times as many no longer."""
    trials = sampled(500) * 20
    importance(SPACE, [Objective("loss")], trials[:20])
    assert cost(trials * 10) < 2 * cost(trials) + 0.2


def cost(trials: list[tuple[dict[str, object], tuple[float, ...]]]) -> float:
    """Processor seconds, the least of three: what else the machine does can only add to them."""
    found = []
    for _ in range(3):
        begin = time.process_time()
        importance(SPACE, [Objective("loss")], trials)
        found.append(time.process_time() - begin)
    return min(found)
