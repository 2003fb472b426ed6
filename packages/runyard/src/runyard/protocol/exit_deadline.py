"""The exit deadline: how long processes that decide may outlast the first that has completed.

On one node its agent watches over it, over several the service, which alone sees all: by this rule.
"""

from __future__ import annotations

from typing import Optional, Sequence


def is_fit(seconds: float) -> bool:
    """Whether a number of seconds can be a deadline."""
    return 0 < seconds < float("inf")


def left(
    completed: Sequence[float], unended: int, seconds: Optional[float], now: float
) -> Optional[float]:
    """How many seconds are left, or since when they are over; None while there is no deadline.

    Args:
        completed: When those that decide completed, in seconds.
        unended: How many of those that decide still run.
        seconds: How long they may; None: for ever.
        now: The time, by the clock of `completed`.
    """
    if seconds is None or not completed or not unended:
        return None
    return min(completed) + seconds - now


def text(hanging: Sequence[str], first: str, seconds: float) -> str:
    """The message that names those that hang.

    Args:
        hanging: Each process and its node.
        first: The one that completed first, and its node.
        seconds: The deadline.
    """
    verb = "runs" if len(hanging) == 1 else "run"
    return (
        f"{', '.join(hanging)} still {verb}, {seconds:g} s after {first} had completed "
        "(exit_deadline_seconds)"
    )
