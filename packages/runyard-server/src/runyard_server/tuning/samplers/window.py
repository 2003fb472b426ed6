"""A storage for Optuna that holds what a sampler may look at, for the time of one draw."""

from collections.abc import Container, Sequence
from typing import Any, NoReturn

from optuna.storages import BaseStorage
from optuna.study import Study, StudyDirection
from optuna.study._frozen import FrozenStudy
from optuna.trial import FrozenTrial, TrialState

_NAME, _ID = "sweep", 0
_READ_ONLY = "trials of a sweep are kept by its service; samplers only read them"


class Window(BaseStorage):
    """Trials of one study. What samplers write is for themselves, and gone after the draw.

    Args:
        directions: One for each objective.
        trials: What is to be seen, in order of number.
    """

    def __init__(self, directions: Sequence[StudyDirection], trials: list[FrozenTrial]) -> None:
        self._directions = list(directions)
        self._trials = trials
        self._notes: dict[str, Any] = {}

    def study(self) -> Study:
        """The study that samplers are given."""
        return Study(_NAME, self)

    def get_study_id_from_name(self, study_name: str) -> int:
        """The one study's."""
        del study_name
        return _ID

    def get_study_name_from_id(self, study_id: int) -> str:
        """The one study's."""
        del study_id
        return _NAME

    def get_study_directions(self, study_id: int) -> list[StudyDirection]:
        """One for each objective."""
        del study_id
        return self._directions

    def get_study_user_attrs(self, study_id: int) -> dict[str, Any]:
        """None are kept."""
        del study_id
        return {}

    def get_study_system_attrs(self, study_id: int) -> dict[str, Any]:
        """What the sampler noted during this draw."""
        del study_id
        return self._notes

    def set_study_system_attr(self, study_id: int, key: str, value: Any) -> None:
        """Keep what the sampler notes for the time of this draw.

        Args:
            study_id: The one study's.
            key: Of the note.
            value: What is noted.
        """
        del study_id
        self._notes[key] = value

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Pass over what a sampler tells others of a trial: they are told by its parameters.

        Args:
            trial_id: Of the trial that is drawn.
            key: Of the note.
            value: What is noted.
        """

    def get_all_trials(
        self,
        study_id: int,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
    ) -> list[FrozenTrial]:
        """The trials to be seen.

        Args:
            study_id: The one study's.
            deepcopy: Samplers change none, so none is copied.
            states: Those with one of these states; None: all.
        """
        del study_id, deepcopy
        if states is None:
            return self._trials
        return [each for each in self._trials if each.state in states]

    def get_all_studies(self) -> list[FrozenStudy]:
        """None is listed."""
        return []

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """A trial to be seen; its id is its number."""
        return next(each for each in self._trials if each.number == trial_id)

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(_READ_ONLY)

    create_new_study = delete_study = create_new_trial = _refuse
    set_study_user_attr = set_trial_user_attr = set_trial_param = _refuse
    set_trial_state_values = set_trial_intermediate_value = _refuse
