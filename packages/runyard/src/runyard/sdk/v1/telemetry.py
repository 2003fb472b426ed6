"""`set_diagnostics_collection`: the one v1 name that does nothing, because nothing is collected.

Runyard sends no diagnostics anywhere, so there is nothing to switch on or off.
"""

from typing import Any


def set_diagnostics_collection(send_diagnostics: bool = True, verbosity: Any = None) -> None:
    """Accept the wish and do nothing: no diagnostics are collected or sent.

    Args:
        send_diagnostics: Without effect.
        verbosity: Without effect.
    """
    del send_diagnostics, verbosity
