"""The trials that a sampler learns from: all of a small sweep, else the best and the last.

What is kept depends on which trials there were and not on the order in which they ended, so a
sampler that is told them anew after a restart sees what the former one saw.
"""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from runyard.protocol.sweeps import Objective
from runyard_server.tuning.front import Front

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry(Generic[T]):
    """A trial as a sampler sees it.

    Args:
        loss: Small is good; of several objectives it is not looked at.
        number: Of the trial.
        values: One for each objective.
        item: What the sampler makes of it.
    """

    loss: float
    number: int
    values: tuple[float, ...]
    item: T


class History(Generic[T]):
    """At most so many trials: half of them the newest, the others the best of the older ones.

    Of several objectives the best are those on the Pareto front.

    Args:
        limit: How many.
        objectives: What is to be large or small.
    """

    def __init__(self, limit: int, objectives: Sequence[Objective]) -> None:
        self._limit = max(2, limit)
        self._front = Front(objectives) if len(objectives) > 1 else None
        self._newest: list[tuple[int, Entry[T]]] = []
        self._best: list[Entry[T]] = []
        self._on_front: dict[int, Entry[T]] = {}
        self._view: list[T] | None = None
        self.count = 0

    def add(self, entry: Entry[T]) -> None:
        """Take a trial in, and another one out if there are too many."""
        self.count += 1
        self._view = None
        # Trials end in any order: the number decides what is old, as it does after a restart.
        insort(self._newest, (entry.number, entry), key=lambda pair: pair[0])
        if self._front is not None:
            self._add_to_front(entry)
        # With a front only a look shows how much room that leaves; the newest may then fill all of
        # it.
        half = self._limit if self._front is not None else self._limit // 2
        if len(self._newest) > half:
            _, older = self._newest.pop(0)
            if self._front is None:
                insort(self._best, older, key=lambda each: (each.loss, each.number))
                del self._best[self._limit - half :]

    def items(self) -> list[T]:
        """The trials, in order of number."""
        if self._view is None:
            kept = {entry.number: entry for entry in self._best}
            front = self._spread_front()
            kept.update((entry.number, entry) for entry in front)
            room = self._limit - len(kept) if self._front is not None else self._limit
            kept.update(self._newest[-room:])
            self._view = [kept[number].item for number in sorted(kept)]
        return self._view

    def _add_to_front(self, entry: Entry[T]) -> None:
        assert self._front is not None
        if self._front.add(entry.number, entry.values):
            self._on_front[entry.number] = entry
            for number in [each for each in self._on_front if each not in self._front]:
                del self._on_front[number]

    def _spread_front(self) -> list[Entry[T]]:
        """The front, or so many of it, evenly, that half of the view is left."""
        if self._front is None:
            return []
        along = self._front.along()
        half = self._limit // 2
        if len(along) > half:
            along = [along[at * (len(along) - 1) // (half - 1)] for at in range(half)]
        return [self._on_front[number] for number in along]
