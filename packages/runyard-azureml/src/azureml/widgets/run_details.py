"""The card about a run, by the name of its module."""

from runyard.sdk.widgets import RunDetails

__all__ = ["RunDetails"]
