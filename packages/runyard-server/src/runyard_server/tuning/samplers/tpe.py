"""Tree-structured Parzen estimators, by Optuna."""

from optuna.samplers import BaseSampler, TPESampler

from runyard_server.tuning.base import Setting
from runyard_server.tuning.options import at_least
from runyard_server.tuning.samplers.modelled import ModelledSampler


class TpeSampler(ModelledSampler):
    """Draws where good trials are likelier than bad ones, all parameters of a branch together.

    Args:
        startup: So many trials are drawn at random first.
        candidates: How many points are compared for each trial.
    """

    def __init__(self, setting: Setting, *, startup: int = 10, candidates: int = 24) -> None:
        self._candidates = at_least(1, candidates, "candidates of the sampler 'tpe'")
        super().__init__(setting, startup=at_least(1, startup, "startup of the sampler 'tpe'"))

    def model(self, seed: int) -> BaseSampler:
        """Optuna's TPE; which trials it needs before the first draw was seen to already."""
        return TPESampler(
            seed=seed, n_startup_trials=0, n_ei_candidates=self._candidates, multivariate=True
        )
