"""Genetic algorithms for several objectives, by Optuna: NSGA-II and NSGA-III.

Optuna counts generations in notes on each trial, which depend on the order in which trials ended.
Here there is one generation, of all trials that are seen, and every draw is a child of the best of
them: a steady state, which a restart finds again.
"""

from optuna.samplers import BaseSampler, NSGAIIISampler, NSGAIISampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from runyard_server.tuning.base import Setting
from runyard_server.tuning.options import at_least
from runyard_server.tuning.samplers.modelled import ModelledSampler


class _Steady:
    """One generation of all trials; parents are the best of it."""

    def get_trial_generation(self, study: Study, trial: FrozenTrial) -> int:
        del study, trial
        return 1

    def get_population(self, study: Study, generation: int) -> list[FrozenTrial]:
        del generation
        return study.get_trials(deepcopy=False, states=[TrialState.COMPLETE])


class _SteadyNsga2(_Steady, NSGAIISampler):
    pass


class _SteadyNsga3(_Steady, NSGAIIISampler):
    pass


class Nsga2Sampler(ModelledSampler):
    """Crosses and mutates the best trials, those on the front first and the lonely of them.

    Args:
        population: How many are the best; so many trials are drawn at random first.
    """

    fewest = 2  # parents
    optuna_sampler: type[_SteadyNsga2] | type[_SteadyNsga3] = _SteadyNsga2

    def __init__(self, setting: Setting, *, population: int = 50) -> None:
        self._population = at_least(2, population, "population of a genetic sampler")
        super().__init__(setting, startup=population)

    def model(self, seed: int) -> BaseSampler:
        """Optuna's sampler, with parents of our choice."""
        return self.optuna_sampler(population_size=self._population, seed=seed)


class Nsga3Sampler(Nsga2Sampler):
    """As NSGA-II, with directions in which the front is to be found: for many objectives."""

    optuna_sampler = _SteadyNsga3
