"""Random search: each trial is drawn for itself."""

from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.chance import uniform
from runyard_server.tuning.points import space_size
from runyard_server.tuning.samplers.finite import shuffle
from runyard_server.tuning.spaces import drawn, in_order


class RandomSampler(Sampler):
    """Draws each parameter from its distribution.

    In a finite space no point is drawn twice, and it ends when all were. Should it have more than
    some thousand points that are not equally likely, one may come again.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self._space = in_order(setting.space)
        self._size = space_size(setting.space)
        self._unused = None if self._size is None else shuffle(setting.space, setting.seed)

    def ask(self, number: int) -> Params | None:
        """Draw the parameters of a trial."""
        if self._unused is not None:
            return self._unused.next()
        return drawn(self._space, lambda name: uniform(self.setting.seed, number, name))

    def tell(self, outcome: Outcome) -> None:
        """Pass over the point of a trial."""
        if self._unused is not None:
            self._unused.use(outcome.params)

    def resume(self, number: int, params: Params) -> None:
        """Pass over the point of a trial that runs."""
        del number
        if self._unused is not None:
            self._unused.use(params)

    def size(self) -> int | None:
        """How many points there are to draw, None if they cannot be counted."""
        return self._size
