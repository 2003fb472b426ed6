"""Diagnostics, of which there are none."""

from runyard.sdk.v1.telemetry import set_diagnostics_collection

__all__ = ["set_diagnostics_collection"]
