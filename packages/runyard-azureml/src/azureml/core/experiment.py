"""The experiment."""

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.experiment_state import ViewType
from runyard.sdk.experiments import Experiment
from runyard.sdk.runs import Run

__all__ = ["Experiment", "Run", "UserErrorException", "ViewType"]
