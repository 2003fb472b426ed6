"""The run."""

from runyard.sdk.runs import Run, _OfflineRun

__all__ = ["Run", "_OfflineRun"]
