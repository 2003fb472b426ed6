"""All points of a finite space, one after the other."""

from runyard_server.tuning.base import Outcome, Params, Sampler, Setting
from runyard_server.tuning.checking import refused
from runyard_server.tuning.points import Points, is_finite
from runyard_server.tuning.samplers.finite import Unused


class GridSampler(Sampler):
    """The product of all values in the order of the parameters, the last fastest.

    Points that other trials had, enqueued or learned from, are passed over.
    """

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        for parameter in setting.space:
            if not is_finite(parameter):
                raise refused(
                    parameter.name,
                    "a grid needs finitely many values, and it has any between its bounds; "
                    "give a choice, whole numbers or q, or take the sampler 'random'",
                )
        self._unused = Unused(Points(setting.space), lambda at: at)

    def ask(self, number: int) -> Params | None:
        """Take the next point of the grid."""
        del number
        return self._unused.next()

    def tell(self, outcome: Outcome) -> None:
        """Pass over the point of a trial."""
        self._unused.use(outcome.params)

    def resume(self, number: int, params: Params) -> None:
        """Pass over the point of a trial that runs."""
        del number
        self._unused.use(params)

    def size(self) -> int | None:
        """How many points the grid has."""
        return self._unused.points.size
