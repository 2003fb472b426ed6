"""Warnings that point at the line of the user's script, however deep below it they arise."""

from __future__ import annotations

import warnings


def warn(text: str) -> None:
    """Warn at the nearest line that is not of this package, whichever way led here."""
    # It was a fifth of what importing the SDK took.
    import inspect

    frame, level = inspect.currentframe(), 1
    while frame is not None and _is_ours(str(frame.f_globals.get("__name__"))):
        frame, level = frame.f_back, level + 1
    warnings.warn(text, UserWarning, stacklevel=level)


def _is_ours(module: str) -> bool:
    return module == "runyard" or module.startswith("runyard.")
