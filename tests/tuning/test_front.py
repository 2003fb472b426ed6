"""The front of several objectives."""

from itertools import permutations

import pytest

from runyard.protocol.sweeps import MAXIMIZE, Objective
from runyard_server.tuning.front import Front, pareto_front

GOALS = [Objective("loss"), Objective("accuracy", MAXIMIZE)]


@pytest.mark.parametrize(
    ("trials", "expected"),
    [
        ([], []),
        ([(0, (1, 0.5))], [0]),
        # 1 is better in both, 2 in one; 3 is as good as 1 in one and worse in the other.
        ([(0, (2, 0.5)), (1, (1, 0.6)), (2, (0.5, 0.1)), (3, (1, 0.5))], [1, 2]),
        # Of equal ones the first stays.
        ([(4, (1, 0.5)), (2, (1, 0.5)), (3, (1, 0.5))], [2]),
    ],
)
def test_front(trials: list[tuple[int, tuple[float, float]]], expected: list[int]) -> None:
    """A trial is on the front if no other is better in one objective and as good in the other."""
    for order in permutations(trials):
        assert pareto_front(GOALS, order) == expected


def test_front_is_ordered_along_its_first_objective() -> None:
    """A picture draws it as a line."""
    front = Front(GOALS)
    assert [front.add(*each) for each in ((0, (3, 0.9)), (1, (1, 0.5)), (2, (4, 0.1)))] == [
        True,
        True,
        False,
    ]
    assert front.along() == [1, 0]
    assert 1 in front
    assert len(front) == 2
