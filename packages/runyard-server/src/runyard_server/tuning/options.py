"""Checks of options that several samplers and policies share."""

import math

from runyard.protocol.errors import InvalidRequest


def optional_positive(value: float | None, name: str) -> float | None:
    """An option that is a number above 0, or not given, which 0 means, too.

    Args:
        value: The option.
        name: What it is called.

    Raises:
        InvalidRequest: It is negative or not finite.
    """
    # v1's BanditPolicy asks which of its slacks is truthy, so scripts give 0 for the other one.
    if not value:
        return None
    if not math.isfinite(value) or value < 0:
        raise InvalidRequest(f"{name} is {value!r}; it must be a number above 0")
    return value


def at_least(least: int, value: int, name: str) -> int:
    """An option that is a whole number from some on.

    Args:
        least: The least that it may be.
        value: The option.
        name: What it is called.

    Raises:
        InvalidRequest: It is less.
    """
    if value < least:
        raise InvalidRequest(f"{name} is {value!r}; it must be a whole number from {least} on")
    return value
