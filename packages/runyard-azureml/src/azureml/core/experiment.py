"""The experiment."""

from runyard.sdk.experiments import Experiment
from runyard.sdk.runs import Run

__all__ = ["Experiment", "Run"]
