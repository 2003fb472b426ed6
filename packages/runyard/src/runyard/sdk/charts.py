"""Pictures of a sweep in text: how the best value came about, and what decides.

    0.973 ┤         ▂▄▄▄███████
          ┤   ▃████████████████
    0.801 ┤▁▆██████████████████
           trial 0           19

Where the output takes no such letters, or NO_COLOR asks for plain output, `#` stands for a block.
"""

from __future__ import annotations

import math
import os
from typing import Any, List, Optional, Sequence, Tuple

BLOCKS = " ▁▂▃▄▅▆▇█"
PLAIN = " #"
# Drawn wider, a few trials would look like many.
_WIDEST_STEP = 4
# Beyond that a plain scale shows nothing but the worst value.
_LOG_FROM = 1000.0


def plain_for(stream: Any) -> bool:
    """Whether a stream is to get `#` in place of blocks.

    Args:
        stream: Where the picture goes.
    """
    encoding = (getattr(stream, "encoding", None) or "ascii").lower().replace("_", "-")
    return bool(os.environ.get("NO_COLOR")) or encoding not in ("utf-8", "utf8")


def best_so_far(
    numbers: Sequence[int],
    best: Sequence[Optional[float]],
    *,
    plain: bool = False,
    width: int = 60,
    height: int = 6,
) -> List[str]:
    """Draw how the best value came about.

    Args:
        numbers: Numbers of trials, in order.
        best: The best value up to each; None as long as there is none.
        plain: Draw with `#` alone.
        width: How many columns at most, the scale not counted.
        height: How many lines, at least two.

    Returns:
        The lines, none while there is no value.
    """
    known = [(number, value) for number, value in zip(numbers, best) if value is not None]
    if not known:
        return []
    columns = _columns([value for _, value in known], width)
    low, high = min(columns), max(columns)
    scale = _scale(low, high)
    signs = PLAIN if plain else BLOCKS
    steps = (len(signs) - 1) * height
    levels = [1 + round(scale(value) * (steps - 1)) for value in columns]
    top, bottom = (_label(value) for value in (high, low))
    margin = max(len(top), len(bottom))
    # A value that never changed ends halfway up, and so does its label.
    middle = height - 1 - (levels[0] - 1) // (len(signs) - 1)
    labels = {0: top, height - 1: bottom} if low < high else {middle: top}
    axis = "|" if plain else "┤"
    lines = []
    for row in range(height):
        base = (height - 1 - row) * (len(signs) - 1)
        cells = [signs[max(0, min(len(signs) - 1, level - base))] for level in levels]
        lines.append(f"{labels.get(row, ''):>{margin}} {axis}{''.join(cells)}".rstrip())
    first, last = f"trial {known[0][0]}", str(known[-1][0]) if len(known) > 1 else ""
    gap = max(1, len(columns) - len(first) - len(last))
    lines.append(f"{'':{margin}}  {first}{' ' * gap}{last}".rstrip())
    return lines


def bars(pairs: Sequence[Tuple[str, float]], *, plain: bool = False, width: int = 30) -> List[str]:
    """Draw parts of a whole as bars, with their names and values.

    Args:
        pairs: Names, and parts from 0 to 1.
        plain: Draw with `#` alone.
        width: How long the bar of a whole would be.
    """
    margin = max((len(name) for name, _ in pairs), default=0)
    lines = []
    for name, part in pairs:
        bar = _bar(part, width, PLAIN if plain else " ▏▎▍▌▋▊▉█")
        lines.append(f"{name:<{margin}}  {part:4.2f} {bar}".rstrip())
    return lines


def _bar(part: float, width: int, signs: str) -> str:
    whole, rest = divmod(round(max(0.0, min(1.0, part)) * width * (len(signs) - 1)), len(signs) - 1)
    return signs[-1] * whole + (signs[rest] if rest else "")


def _columns(values: Sequence[float], width: int) -> List[float]:
    """One value a column, from the first to the last; few values are several columns wide each."""
    count = len(values)
    if count > width:
        return [values[column * (count - 1) // max(1, width - 1)] for column in range(width)]
    step = min(_WIDEST_STEP, width // count)
    return [value for value in values for _ in range(step)]


def _scale(low: float, high: float) -> Any:
    """Where a value is between the lowest, 0, and the highest, 1."""
    if low == high:
        return lambda _: 0.5
    if low > 0 and high / low >= _LOG_FROM:
        floor, span = math.log(low), math.log(high) - math.log(low)
        return lambda value: (math.log(value) - floor) / span
    # Halved, so that the distance of the largest numbers is none beyond them.
    span = high / 2 - low / 2
    return lambda value: (value / 2 - low / 2) / span


def _label(value: float) -> str:
    return f"{value:.5g}"
