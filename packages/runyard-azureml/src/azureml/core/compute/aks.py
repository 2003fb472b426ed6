"""Where endpoints are."""

from runyard.sdk.aks_compute import AksAttachConfiguration, AksProvisioningConfiguration
from runyard.sdk.compute import AksCompute, ComputeTarget
from runyard.sdk.exceptions import ComputeTargetException
from runyard.sdk.v1.attached import AksUpdateConfiguration, SslConfiguration

__all__ = [
    "AksAttachConfiguration",
    "AksCompute",
    "AksProvisioningConfiguration",
    "AksUpdateConfiguration",
    "ComputeTarget",
    "ComputeTargetException",
    "SslConfiguration",
]
