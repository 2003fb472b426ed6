"""The web service in Kubernetes."""

from runyard.sdk.v1.deployment import AksEndpoint, AksWebservice

__all__ = ["AksEndpoint", "AksWebservice"]
