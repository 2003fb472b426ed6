"""What somebody may have meant: the known names that are nearest to a wrong one."""

import difflib
from collections.abc import Iterable

KNOWN = 2000
"""How many names an operation reads to suggest from."""


def nearest(wrong: str, known: Iterable[str], count: int = 5) -> list[str]:
    """Give up to `count` of `known` that look most like `wrong`; the first few if none does."""
    names = list(known)
    lower: dict[str, str] = {name.lower(): name for name in names}
    like = difflib.get_close_matches(wrong.lower(), lower, n=count, cutoff=0.5)
    return [lower[name] for name in like] or names[:count]


def hint(names: list[str], none: str) -> str:
    """Give the sentence that ends a message: the nearest names, or `none` if there are none."""
    return f"nearest: {', '.join(repr(name) for name in names)}" if names else none
