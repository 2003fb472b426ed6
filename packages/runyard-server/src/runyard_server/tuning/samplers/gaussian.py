"""Bayesian optimisation with Gaussian processes, by Optuna."""

from importlib.util import find_spec

from optuna.samplers import BaseSampler, GPSampler

from runyard.protocol.errors import InvalidRequest
from runyard_server.tuning.base import Setting
from runyard_server.tuning.options import at_least
from runyard_server.tuning.samplers.modelled import ModelledSampler

_NEEDED = ("scipy", "torch")
_MOST = 200
"""A fit takes the cube of so many trials: at 200 some tenths of a second, at 600 several."""


class GaussianSampler(ModelledSampler):
    """Draws where a Gaussian process expects the most improvement; for few and costly trials.

    Args:
        startup: So many trials are drawn at random first.
    """

    fewest = 2

    def __init__(self, setting: Setting, *, startup: int = 10) -> None:
        missing = [name for name in _NEEDED if find_spec(name) is None]
        if missing:
            raise InvalidRequest(
                f"the sampler 'gp' needs {' and '.join(missing)}, which the service does not have; "
                "install them where it runs (pip install 'runyard[gp]'), or take the sampler 'tpe'"
            )
        super().__init__(setting, startup=at_least(1, startup, "startup of the sampler 'gp'"))

    def model(self, seed: int) -> BaseSampler:
        """Optuna's Gaussian processes; which trials it needs first was seen to already."""
        return GPSampler(seed=seed, n_startup_trials=1)

    def limit(self) -> int:
        """Few trials, for the sake of time."""
        return min(_MOST, self.setting.history)
