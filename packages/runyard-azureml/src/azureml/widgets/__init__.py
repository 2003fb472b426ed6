"""The card about a run."""

from runyard.sdk.widgets import RunDetails

__all__ = ["RunDetails"]
