"""The card about a run, under its path of 2018."""

from runyard.sdk.widgets import RunDetails

__all__ = ["RunDetails"]
