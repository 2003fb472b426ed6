"""Errors of tuning."""

from runyard.sdk.v1.hyperdrive import HyperDriveConfigException

__all__ = ["HyperDriveConfigException"]
