"""The states of runs, by their private path."""

from runyard.sdk.v1.run_states import RunStatus

__all__ = ["RunStatus"]
