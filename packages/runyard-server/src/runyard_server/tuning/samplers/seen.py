"""Trials as Optuna sees them."""

from collections.abc import Sequence
from typing import Any

from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from runyard.protocol.sweeps import MAXIMIZE, Objective
from runyard_server.tuning.base import Params
from runyard_server.tuning.samplers.axes import Axis
from runyard_server.tuning.spaces import is_active


def directions_of(objectives: Sequence[Objective]) -> list[StudyDirection]:
    """What is to be large or small, as Optuna says it."""
    return [
        StudyDirection.MAXIMIZE if each.goal == MAXIMIZE else StudyDirection.MINIMIZE
        for each in objectives
    ]


def seen_trial(
    number: int,
    axes: Sequence[Axis],
    params: Params,
    values: Sequence[float] | None = None,
) -> FrozenTrial:
    """A trial with the parameters that the space has, and values that they can have.

    Args:
        number: Of the trial.
        axes: Of the space.
        params: What the trial was made with; what does not fit is left out.
        values: One for each objective; None: it runs.
    """
    found: dict[str, Any] = {}
    for axis in axes:
        name = axis.parameter.name
        if name in params and is_active(axis.parameter, params):
            value = axis.inward(params[name])
            if value is not None:
                found[name] = value
    return FrozenTrial(
        number=number,
        state=TrialState.RUNNING if values is None else TrialState.COMPLETE,
        value=None,
        values=None if values is None else list(values),
        datetime_start=None,
        datetime_complete=None,
        params=found,
        distributions={
            axis.parameter.name: axis.distribution for axis in axes if axis.parameter.name in found
        },
        user_attrs={},
        system_attrs={},
        intermediate_values={},
        trial_id=number,
    )
