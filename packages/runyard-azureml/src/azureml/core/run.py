"""The run."""

from runyard.sdk.exceptions import (
    ActivityFailedException,
    ExperimentExecutionException,
    RunEnvironmentException,
    SnapshotException,
    UserErrorException,
)
from runyard.sdk.runs import Run, _OfflineRun, get_run

__all__ = [
    "ActivityFailedException",
    "ExperimentExecutionException",
    "Run",
    "RunEnvironmentException",
    "SnapshotException",
    "UserErrorException",
    "_OfflineRun",
    "get_run",
]
