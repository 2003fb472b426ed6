"""Where Runyard answers MLflow's client otherwise than MLflow's own server, on purpose.

Each has its reason here, and stands in docs/reference/mlflow.md; a test compares the two.
"""

from typing import Any, NamedTuple


class Difference(NamedTuple):
    """What is other in the answer of a scenario: a value by its path, and why."""

    path: tuple[str | int, ...]
    ours: Any
    why: str


DIFFERENCES: dict[str, list[Difference]] = {
    "experiments.rename": [
        Difference(
            ("taken",),
            "RESOURCE_ALREADY_EXISTS",
            "a name that is taken is told as such, not as a fault of the database",
        )
    ],
    "logged_models.odd_metrics": [
        Difference(
            ("metrics", 1, 1),
            "nan",
            "a metric that is no number is told as none, and is not less than 1",
        ),
        Difference(("found",), 0, "for that, it is not found as less than 1"),
        Difference(("again",), "INVALID_PARAMETER_VALUE", "as for parameters of runs"),
    ],
    "logged_models.search": [
        Difference(
            ("wrong",),
            "INVALID_PARAMETER_VALUE",
            "an attribute that there is not is the asker's mistake, and no fault to try again",
        )
    ],
    "runs.nobody": [
        Difference(
            (5,),
            "RESOURCE_DOES_NOT_EXIST",
            "a run that does not exist has no empty history",
        )
    ],
    "searches.orders": [
        Difference(
            ("status",),
            ["three", "two", "four", "one"],
            "states are ordered by our words for them: Completed, Failed, Running",
        )
    ],
}


def ours(scenario: str, answer: Any) -> Any:
    """The answer of MLflow's server with what is other here.

    Args:
        scenario: The scenario.
        answer: What MLflow's server answers.
    """
    for one in DIFFERENCES.get(scenario, []):
        at = answer
        for step in one.path[:-1]:
            at = at[step]
        at[one.path[-1]] = one.ours
    return answer
