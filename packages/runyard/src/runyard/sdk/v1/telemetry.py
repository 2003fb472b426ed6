"""The v1 names that do nothing, because nothing is collected: diagnostics, and who asks.

Runyard sends no diagnostics anywhere, so there is nothing to switch on or off, and no request of
its clients says by whose program it was made.
"""

from typing import Any, Optional

from runyard.sdk.v1.versions import VERSION


def set_diagnostics_collection(
    send_diagnostics: bool = True, verbosity: Any = None, reason: str = "", path: Any = None
) -> None:
    """Accept the wish and do nothing: no diagnostics are collected or sent.

    Args:
        send_diagnostics: Without effect.
        verbosity: Without effect.
        reason: Without effect.
        path: Without effect.
    """
    del send_diagnostics, verbosity, reason, path


def append(prefix: str, version: Optional[str] = None) -> None:
    """Accept a program's name and do nothing: requests do not tell it.

    Args:
        prefix: The name.
        version: Its version.
    """
    del prefix, version


def get_user_agent() -> str:
    """What requests say of their program: that it is this SDK."""
    return f"azureml-sdk-core/{VERSION}"
