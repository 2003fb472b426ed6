"""Our TPE is Optuna's: what it draws is what Optuna would draw of the same trials.

Whether it is as good when it sees only some of them `benchmarks/tuning_quality.py` measures.
"""

import pytest

import optuna
from runyard.protocol.sweeps import COMPLETED, Objective
from runyard_server.testing.tuning_quality import PROBLEMS, Problem, by_optuna, by_ours
from runyard_server.tuning.base import Outcome, Setting
from runyard_server.tuning.samplers.independent import RandomSampler
from runyard_server.tuning.samplers.quiet import quiet
from runyard_server.tuning.samplers.tpe import TpeSampler


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_tpe_draws_what_optuna_does(problem: Problem) -> None:
    """Seen through our storage trials teach what they do in a study of Optuna's own."""
    setting = Setting(problem.space, [Objective("loss")], seed=3)
    ours, chance = TpeSampler(setting), RandomSampler(setting)
    with quiet():
        study = optuna.create_study()
    for number in range(40):
        params = chance.ask(number) or {}
        value = problem.function(params)
        ours.tell(Outcome(number, params, (value,), COMPLETED))
        (seen,) = [each for each in ours._history.items() if each.number == number]
        study.add_trial(
            optuna.trial.create_trial(
                params=seen.params, distributions=seen.distributions, value=value
            )
        )
    trials = ours._history.items()
    for axes in ours._groups.values():
        space = {axis.parameter.name: axis.distribution for axis in axes}
        outward = {axis.parameter.name: axis.outward for axis in axes}
        for seed in range(5):
            sampler = optuna.samplers.TPESampler(
                seed=seed, n_startup_trials=0, multivariate=True, constant_liar=False
            )
            theirs = sampler.sample_relative(study, ours._new, space)
            expected = {name: outward[name](value) for name, value in theirs.items()}
            assert ours._relative(axes, seed, trials) == expected


def test_both_sides_of_the_comparison_make_their_trials() -> None:
    """What the benchmark compares makes as many trials of one and of the other."""
    for values in (by_ours(PROBLEMS[2], 14, 1, 12), by_optuna(PROBLEMS[2], 14, 1)):
        assert len(values) == 14
        assert PROBLEMS[2].regret(values) < PROBLEMS[2].regret(values[:1])
