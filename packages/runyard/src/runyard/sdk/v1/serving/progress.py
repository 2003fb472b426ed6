"""The state of an operation as it is printed: once at each change, and a dot a second."""

from __future__ import annotations

import re
import time

from runyard.client import printing

_DOT_SECONDS = 1.0
_NUMBER = re.compile(r"\d+")


class Progress:
    """Prints the state of an operation, with a dot a second.

    Args:
        show: Whether anything is printed.
    """

    def __init__(self, show: bool) -> None:
        self._show = show
        self._state = ""
        self._reason = ""
        self._dotted = 0.0

    def take(self, state: str, reason: str) -> None:
        """Print what is new.

        Args:
            state: The operation's state.
            reason: What is waited for.
        """
        if not self._show:
            return
        self._reason = tell_news(reason, self._reason)
        now = time.monotonic()
        if state != self._state:
            printing.say(f"\n{state}" if self._state else state)
            self._state, self._dotted = state, now
        elif now - self._dotted >= _DOT_SECONDS:
            printing.say(".")
            self._dotted = now

    def end(self) -> None:
        """End the line; ended again, it stays so."""
        if self._show and self._state:
            self._state = ""
            printing.say("\n")


def tell_news(reason: str, told: str) -> str:
    """Print on stderr what is waited for, if that is news; seconds that pass are none.

    Args:
        reason: What is waited for, "" for nothing.
        told: What was printed last.

    Returns:
        What was printed last, after this.
    """
    first = (reason.splitlines() or [""])[0]
    if not first or _NUMBER.sub("", first) == _NUMBER.sub("", told):
        return told
    printing.tell(first)
    return first
