"""What pipelines raise, by the private path from which public scripts take it."""

from runyard.sdk.v1.aliases import ErrorResponseException

__all__ = ["ErrorResponseException"]
