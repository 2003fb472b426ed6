"""The run."""

from runyard.sdk.runs import OfflineRun as _OfflineRun
from runyard.sdk.runs import Run, get_run

__all__ = ["Run", "_OfflineRun", "get_run"]
