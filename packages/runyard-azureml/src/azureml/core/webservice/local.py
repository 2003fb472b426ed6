"""The web service on this machine."""

from runyard.sdk.v1.deployment import (
    LocalWebservice,
    LocalWebserviceDeploymentConfiguration,
)

__all__ = [
    "LocalWebservice",
    "LocalWebserviceDeploymentConfiguration",
]
