"""The request."""

from runyard.runtime.model.raw import AMLRequest, rawhttp

__all__ = ["AMLRequest", "rawhttp"]
