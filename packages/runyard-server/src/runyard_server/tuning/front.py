"""The Pareto front: the trials of which no other is better in one objective and as good in all."""

from collections.abc import Iterable, Sequence

from runyard.protocol.sweeps import MAXIMIZE, Objective


class Front:
    """The best of several objectives, kept as trials come; in which order does not matter."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self._signs = [-1.0 if each.goal == MAXIMIZE else 1.0 for each in objectives]
        self._members: dict[int, tuple[float, ...]] = {}

    def __len__(self) -> int:
        return len(self._members)

    def __contains__(self, number: int) -> bool:
        return number in self._members

    def numbers(self) -> list[int]:
        """The trials on the front, in order of number."""
        return sorted(self._members)

    def along(self) -> list[int]:
        """The trials on the front from the best to the worst in the first objective."""
        return sorted(self._members, key=lambda number: (self._members[number], number))

    def add(self, number: int, values: Sequence[float]) -> bool:
        """Take a trial in, unless another is as good; of equal ones the lowest number stays.

        Args:
            number: Of the trial.
            values: One for each objective.

        Returns:
            Whether it is on the front.
        """
        losses = tuple(value * sign for value, sign in zip(values, self._signs, strict=True))
        # The front is enough to compare with: whoever is covered by a trial that has left it is
        # covered by the one that this has made room for.
        for other, theirs in self._members.items():
            if _covers(theirs, losses) and (theirs != losses or other < number):
                return False
        covered = [other for other, theirs in self._members.items() if _covers(losses, theirs)]
        for other in covered:
            del self._members[other]
        self._members[number] = losses
        return True


def pareto_front(
    objectives: Sequence[Objective], trials: Iterable[tuple[int, Sequence[float]]]
) -> list[int]:
    """The numbers of the trials that no other is better than.

    Args:
        objectives: What is to be large or small.
        trials: Number and values of each.
    """
    front = Front(objectives)
    for number, values in trials:
        front.add(number, values)
    return front.numbers()


def _covers(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether a trial is as good as another in every objective."""
    return all(mine <= theirs for mine, theirs in zip(one, other, strict=True))
