"""Diagnostics, of which there are none."""

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.v1.telemetry import set_diagnostics_collection

__all__ = ["UserErrorException", "set_diagnostics_collection"]
