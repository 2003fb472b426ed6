"""The runs that one turn has no time for, in the order in which they are to be seen to.

A hundred thousand may come at once, after a start or from a sweep. The database is asked once for
the place of each; the loop carries on with them turn by turn, and looks at agents in between.
"""

from collections.abc import Iterable, Sequence

from runyard_server.core.system import System
from runyard_server.execution import active_runs
from runyard_server.store.queues import TurnRow
from runyard_server.store.subjects import Subject

PIECE = 250
"""How many are brought on in one write: requests wait for the writer as long as that takes."""


class Backlog:
    """Runs by their places; used by the loop's thread.

    Args:
        system: The service's parts.
        places: The runs that it begins with.
    """

    def __init__(self, system: System, places: Sequence[TurnRow] = ()) -> None:
        self._system = system
        self._places = list(places)
        self._known = {row.subject for row in places}

    def __len__(self) -> int:
        return len(self._places)

    def add(self, subjects: Iterable[Subject]) -> None:
        """Put runs where they belong; those that are in it stay where they are."""
        new = active_runs.in_turn(self._system, set(subjects) - self._known)
        self._known |= {row.subject for row in new}
        # Nearly sorted already, which Python's sort makes use of.
        self._places = sorted([*self._places, *new])

    def piece(self, most: int = PIECE) -> list[Subject]:
        """The next ones; they stay until they are dropped."""
        return [row.subject for row in self._places[:most]]

    def drop(self, subjects: Sequence[Subject]) -> None:
        """Forget the next ones, as `piece` gave them."""
        del self._places[: len(subjects)]
        self._known.difference_update(subjects)

    def clear(self) -> list[Subject]:
        """Forget all; give them."""
        left = self.piece(len(self))
        self._places, self._known = [], set()
        return left
