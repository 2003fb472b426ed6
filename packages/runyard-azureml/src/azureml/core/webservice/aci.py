"""The web service in a container."""

from runyard.sdk.v1.deployment import (
    AciServiceDeploymentConfiguration,
    AciWebservice,
    ContainerResourceRequirements,
)

__all__ = [
    "AciServiceDeploymentConfiguration",
    "AciWebservice",
    "ContainerResourceRequirements",
]
