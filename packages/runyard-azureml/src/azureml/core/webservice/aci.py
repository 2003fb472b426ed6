"""The web service in a container."""

from runyard.sdk.v1.deployment import AciWebservice

__all__ = ["AciWebservice"]
