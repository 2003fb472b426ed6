"""What somebody may have meant: the known names that are nearest to a wrong one."""

from __future__ import annotations

from typing import Dict, Iterable, List, NamedTuple

KNOWN = 2000
"""How many names are read to suggest from."""

COUNT = 5
LIKE = 0.5


class Suggestions(NamedTuple):
    """Names for a message and for programs.

    Args:
        names: The nearest names; all there are where these are few and none is near.
        sentence: What ends the message.
    """

    names: List[str]
    sentence: str


def nearest(wrong: str, known: Iterable[str], count: int = 3, like: float = 0.6) -> List[str]:
    """The known names that are most like a wrong one, in any case, the nearest first.

    Args:
        wrong: The name that does not exist.
        known: Those that do.
        count: How many at most.
        like: How alike a name must be, from 0 to 1.
    """
    # Needed for a message alone: loading it takes as long as a small command has.
    import difflib

    folded: Dict[str, str] = {name.lower(): name for name in known}
    return [folded[name] for name in difflib.get_close_matches(wrong.lower(), folded, count, like)]


def nearest_scripts(script: str, files: Iterable[str]) -> List[str]:
    """The files that a wrong script's name may have meant; else the Python files that there are."""
    there = sorted(files)
    near = nearest(script, there, like=0.4)
    return near or [name for name in there if name.endswith((".py", ".ipynb"))][:COUNT]


def suggest(
    wrong: str, known: Iterable[str], none: str, *, like: float = LIKE, few: int = COUNT
) -> Suggestions:
    """What was meant by a wrong name, and the sentence that says so.

    Args:
        wrong: The name that does not exist.
        known: Those that do.
        none: What to say when there are none at all.
        like: How alike a name must be, from 0 to 1.
        few: Up to so many names are listed when none is near.
    """
    names = list(known)
    near = nearest(wrong, names, COUNT, like)
    if near:
        return Suggestions(near, f"nearest: {_listed(near)}")
    if not names:
        return Suggestions([], none)
    if len(names) <= few:
        return Suggestions(names, f"there are: {_listed(names)}")
    return Suggestions([], "none there is like it")


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))
