"""The web service."""

from runyard.sdk.exceptions import WebserviceException
from runyard.sdk.v1.deployment import (
    AciWebservice,
    AksEndpoint,
    AksWebservice,
    LocalWebservice,
    Webservice,
)

__all__ = [
    "AciWebservice",
    "AksEndpoint",
    "AksWebservice",
    "LocalWebservice",
    "Webservice",
    "WebserviceException",
]
