"""Where endpoints are."""

from runyard.sdk.aks_compute import AksAttachConfiguration, AksProvisioningConfiguration
from runyard.sdk.compute import AksCompute

__all__ = ["AksAttachConfiguration", "AksCompute", "AksProvisioningConfiguration"]
