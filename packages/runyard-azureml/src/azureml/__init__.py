"""The `azureml` names of the v1 SDK, served by Runyard.

This package holds re-exports only: what each name does is in `runyard.sdk`.
"""

from runyard.sdk.v1.entry import NOT_OFFERED

__all__ = ["NOT_OFFERED"]
