"""What is said to people: on stdout, and beside it on stderr, where each line begins anew.

    Running....
    building environment

The first is stdout in the shape that v1's users know, the second stderr. In one terminal (or one
file) the second would go on in the line of the first, so a line that was left open is ended before;
where they are apart, neither is changed.
"""

from __future__ import annotations

import os
import sys

# What stdout's last line is: ended, left open, or left open and then ended for stderr's sake.
_ENDED, _OPEN, _CUT = range(3)
_line = _ENDED


def say(text: str) -> None:
    """Write to stdout, whatever it can encode.

    Args:
        text: The text; a line without its end is gone on with by the next.
    """
    global _line  # noqa: PLW0603 - the process has one stdout
    if not text:
        return
    if _line == _CUT and text.startswith("\n"):
        # It stands at the begin of a line already.
        _line, text = _ENDED, text[1:]
    out = sys.stdout
    try:
        out.write(text)
    except UnicodeEncodeError:
        # Scripts print more than a terminal's encoding may have, which must not end a wait.
        encoding = getattr(out, "encoding", None) or "ascii"
        out.write(text.encode(encoding, "replace").decode(encoding))
    out.flush()
    if text:
        _line = _ENDED if text.endswith("\n") else _OPEN


def tell(text: str) -> None:
    """Write a line to stderr, on a line of its own also where stdout is the same terminal.

    Args:
        text: The line, without its end.
    """
    global _line
    if _line == _OPEN and _are_one():
        text, _line = f"\n{text}", _CUT
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def _are_one() -> bool:
    try:
        return os.path.sameopenfile(sys.stdout.fileno(), sys.stderr.fileno())
    except (AttributeError, OSError, ValueError):
        # A notebook's, or one that somebody has put in its place: shown apart.
        return False
