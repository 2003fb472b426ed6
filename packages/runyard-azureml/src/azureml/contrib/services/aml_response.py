"""The response."""

from runyard.runtime.model.raw import AMLResponse

__all__ = ["AMLResponse"]
