"""The classes of deployment: every kind of web service, and the images of 2019."""

from runyard.sdk.v1.serving.aci import AciWebservice
from runyard.sdk.v1.serving.aks import AksServiceAccessToken, AksWebservice
from runyard.sdk.v1.serving.aks_endpoints import AksEndpoint
from runyard.sdk.v1.serving.configurations import (
    AciServiceDeploymentConfiguration,
    AksEndpointDeploymentConfiguration,
    AksServiceDeploymentConfiguration,
    LocalWebserviceDeploymentConfiguration,
    WebserviceDeploymentConfiguration,
)
from runyard.sdk.v1.serving.image_configurations import ContainerImageConfig
from runyard.sdk.v1.serving.images import ContainerImage, Image
from runyard.sdk.v1.serving.inference import InferenceConfig
from runyard.sdk.v1.serving.local import LocalWebservice
from runyard.sdk.v1.serving.parts import (
    AutoScaler,
    ContainerResourceRequirements,
    DataCollection,
    LivenessProbeRequirements,
    WebServiceAccessToken,
)
from runyard.sdk.v1.serving.webservices import Webservice

__all__ = [
    "AciServiceDeploymentConfiguration",
    "AciWebservice",
    "AksEndpoint",
    "AksEndpointDeploymentConfiguration",
    "AksServiceAccessToken",
    "AksServiceDeploymentConfiguration",
    "AksWebservice",
    "AutoScaler",
    "ContainerImage",
    "ContainerImageConfig",
    "ContainerResourceRequirements",
    "DataCollection",
    "Image",
    "InferenceConfig",
    "LivenessProbeRequirements",
    "LocalWebservice",
    "LocalWebserviceDeploymentConfiguration",
    "WebServiceAccessToken",
    "Webservice",
    "WebserviceDeploymentConfiguration",
]
