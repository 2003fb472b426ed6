"""What a program calls itself, by its private path."""

from runyard.sdk.v1.telemetry import append, get_user_agent

__all__ = ["append", "get_user_agent"]
