"""The card about a run."""

from runyard.sdk.v1.widgets import RunDetails

__all__ = ["RunDetails"]
