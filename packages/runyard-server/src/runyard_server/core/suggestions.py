"""What somebody may have meant: the known names that are nearest to a wrong one."""

import difflib
from collections.abc import Iterable
from typing import NamedTuple

KNOWN = 2000
"""How many names an operation reads to suggest from."""

COUNT = 5
LIKE = 0.5


class Suggestions(NamedTuple):
    """Names for a message and for programs.

    Args:
        names: The nearest names; all there are where these are few and none is near.
        sentence: What ends the message.
    """

    names: list[str]
    sentence: str


def suggest(
    wrong: str, known: Iterable[str], none: str, *, like: float = LIKE, few: int = COUNT
) -> Suggestions:
    """Find what was meant by a wrong name.

    Args:
        wrong: The name that does not exist.
        known: Those that do.
        none: What to say when there are none at all.
        like: How alike a name must be, from 0 to 1.
        few: Up to so many names are listed when none is near.
    """
    names = list(known)
    lower: dict[str, str] = {name.lower(): name for name in names}
    close = difflib.get_close_matches(wrong.lower(), lower, n=COUNT, cutoff=like)
    near = [lower[name] for name in close]
    if near:
        return Suggestions(near, f"nearest: {_listed(near)}")
    if not names:
        return Suggestions([], none)
    if len(names) <= few:
        return Suggestions(names, f"there are: {_listed(names)}")
    return Suggestions([], "none there is like it")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
