"""The run of a submitted script."""

from runyard.sdk.runs import ScriptRun

__all__ = ["ScriptRun"]
