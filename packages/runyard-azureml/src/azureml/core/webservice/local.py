"""The web service on this machine."""

from runyard.sdk.v1.deployment import LocalWebservice

__all__ = ["LocalWebservice"]
