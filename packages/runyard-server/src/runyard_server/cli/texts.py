r"""Texts that others wrote, made fit for a terminal: nothing in them may steer it.

Names of runs, tags, file names, errors and logs come from jobs. An escape sequence among them
could set the window's title, hide lines or answer in the user's name; marks that turn the
direction of writing could make one name look like another. Both are shown instead of obeyed,
`\x1b` for escape. What a program reads is left as it is.
"""

import unicodedata
from typing import NamedTuple

_TURNING = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_ENDING = "\u2028\u2029"
# From 0x80 on there are signs of one letter that begin sequences, as escape and bracket do.
_STEERING = (*range(0x20), *range(0x7F, 0xA0), *map(ord, _TURNING), *map(ord, _ENDING))
_SHORT = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LATIN = 0x100
# A letter of each end, and the sign between them.
_BOTH_ENDS = 3


def _shown(code: int) -> str:
    letter = chr(code)
    return _SHORT.get(letter) or (f"\\x{code:02x}" if code < _LATIN else f"\\u{code:04x}")


_ALL = {code: _shown(code) for code in _STEERING}
_BUT_LINES = {**_ALL, ord("\n"): "\n", ord("\t"): "\t"}
# A lone carriage return is how progress bars go back to the beginning of their own line.
_BUT_LINES_AND_RETURNS = {**_BUT_LINES, ord("\r"): "\r"}
# What is below 0x20 the JSON encoder has escaped already.
_IN_JSON = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), *map(ord, _TURNING + _ENDING))}


def without_secrets(text: str) -> str:
    """A text without passwords in addresses, and with no more of a token than how it begins.

    What was typed is often repeated in an error, and what is on a terminal ends up in logs of CI.
    """
    import re

    from runyard.protocol.tokens import USER_TOKEN

    text = re.sub(r"(://[^/@:\s]*):[^/@\s]+@", r"\1:***@", text)
    return re.sub(rf"\b({USER_TOKEN}[\w-]{{6}})[\w-]{{8,}}", r"\1…", text)


class Styled(NamedTuple):
    """A text and how it looks where there are colours: words such as `bold red`."""

    text: str
    style: str = ""


def line(text: str) -> str:
    """Make a text fit to stand in a line."""
    return text.translate(_ALL)


def multiline(text: str) -> str:
    """Make a text fit to be printed, keeping its lines; redrawn lines stand below one another."""
    return text.replace("\r\n", "\n").replace("\r", "\n").translate(_BUT_LINES)


def log(text: str) -> str:
    """Make a piece of a log fit for a terminal: lines and progress bars work, nothing else does."""
    return text.translate(_BUT_LINES_AND_RETURNS)


def in_json(text: str) -> str:
    """Escape in a JSON document what a terminal would obey, or no encoding has: the same values."""
    safe = text.translate(_IN_JSON)
    if safe.isascii():
        return safe
    # Half of a pair, as file names and broken texts have it, cannot be written as UTF-8.
    return "".join(f"\\u{ord(c):04x}" if "\ud800" <= c <= "\udfff" else c for c in safe)


def width(text: str) -> int:
    """Count the columns that a text takes: two for wide letters, none for combining ones."""
    if text.isascii():
        return len(text)
    return sum(map(_columns, text))


def cut(text: str, room: int) -> str:
    """Shorten a text to `room` columns, with `…` where something is missing."""
    if width(text) <= room:
        return text
    # The sign for what is missing takes a column.
    kept, used = [], 1
    for letter in text:
        used += _columns(letter)
        if used > room:
            break
        kept.append(letter)
    return "".join(kept) + "…" if room > 0 else ""


def cut_middle(text: str, room: int) -> str:
    """Shorten a text to `room` columns, keeping its two ends, by which ids are told apart."""
    if width(text) <= room:
        return text
    # Two columns of a wide letter cannot be cut apart.
    if room < _BOTH_ENDS or not text.isascii():
        return cut(text, room)
    tail = (room - 1) // 2
    return f"{text[: room - 1 - tail]}…{text[len(text) - tail :]}"


def cut_words(text: str, room: int) -> str:
    """Shorten a text to `room` columns at a gap between words, so that no number loses digits."""
    if width(text) <= room:
        return text
    kept = text.split()
    while len(kept) > 1:
        kept.pop()
        shorter = f"{'  '.join(kept)} …"
        if width(shorter) <= room:
            return shorter
    return cut(text, room)


def _columns(letter: str) -> int:
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1
