"""How states look on a card, and how long something took in words.

Colour, word and shape: none of them alone is seen by everybody.
"""

from __future__ import annotations

from typing import Dict, Tuple

from runyard.protocol.runs import CANCELED, COMPLETED, FAILED, QUEUED, RUNNING

_LOOKS: Dict[str, Tuple[str, str]] = {
    COMPLETED: ("#2e9e5b", "✓"),
    FAILED: ("#d64545", "✕"),
    CANCELED: ("#7f8792", "■"),
    RUNNING: ("#3b7dd8", "●"),
    QUEUED: ("#b8860b", "◷"),
}
_WAITS = ("#b8860b", "◌")


def look(status: str) -> Tuple[str, str]:
    """The colour and the shape of a state."""
    return _LOOKS.get(status, _WAITS)


def took(seconds: float) -> str:
    """`2 h 5 min`, `3 min 12 s` or `4.2 s`."""
    whole = int(seconds)
    if whole >= 3600:  # noqa: PLR2004 - an hour
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    if whole >= 60:  # noqa: PLR2004 - a minute
        return f"{whole // 60} min {whole % 60} s"
    return f"{seconds:.1f} s"
