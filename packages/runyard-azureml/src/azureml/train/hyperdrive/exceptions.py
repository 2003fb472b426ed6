"""Errors of tuning."""

from runyard.sdk.v1.hyperdrive.exceptions import (
    HyperDriveConfigException,
    HyperDriveNotImplementedException,
    HyperDriveRunException,
    HyperDriveScenarioNotSupportedException,
)

__all__ = [
    "HyperDriveConfigException",
    "HyperDriveNotImplementedException",
    "HyperDriveRunException",
    "HyperDriveScenarioNotSupportedException",
]
