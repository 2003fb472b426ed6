"""The Kubernetes cluster."""

from runyard.sdk.v1.attached import AksCompute

__all__ = ["AksCompute"]
