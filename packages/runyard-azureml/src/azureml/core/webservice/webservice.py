"""The web service."""

from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.deployment import (
    AciWebservice,
    AksEndpoint,
    AksWebservice,
    AutoScaler,
    ContainerResourceRequirements,
    DataCollection,
    LivenessProbeRequirements,
    LocalWebservice,
    Webservice,
    WebServiceAccessToken,
    WebserviceDeploymentConfiguration,
)

__all__ = [
    "AciWebservice",
    "AksEndpoint",
    "AksWebservice",
    "AutoScaler",
    "ContainerResourceRequirements",
    "DataCollection",
    "LivenessProbeRequirements",
    "LocalWebservice",
    "WebServiceAccessToken",
    "Webservice",
    "WebserviceDeploymentConfiguration",
    "WebserviceException",
]
