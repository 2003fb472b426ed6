"""Cards about runs for notebooks: `runyard.widgets.RunDetails`, the native name."""

from runyard.sdk.widgets import RunDetails

__all__ = ["RunDetails"]
