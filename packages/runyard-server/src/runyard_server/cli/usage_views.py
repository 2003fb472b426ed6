"""What a run used, in text: a line of blocks for each measure, and its figures.

cluster-1
  cpu          ▁▅▇███▇▇▆  1.9 now   2.0 most  of 2 cores
  memory       ▁▁▂▃▄▅▆▇█  1.2 GB now   1.2 GB most  of 8.0 GB
"""

import sys
from collections.abc import Iterable, Iterator, Sequence

from runyard.protocol.usage import GPU_SCOPE, JOB_SCOPE, NODE_SCOPE, UNITS, UsageSeries
from runyard.sdk import charts
from runyard_server.cli import humane, output

WIDTH = 40
_MOST = (
    (JOB_SCOPE, "cpu", ""),
    (JOB_SCOPE, "memory", " of memory"),
    (GPU_SCOPE, "utilization", " of a GPU"),
    (GPU_SCOPE, "memory", " of its memory"),
)
_WHOSE = {JOB_SCOPE: "this run", NODE_SCOPE: "the whole node"}


def show(found: Sequence[UsageSeries]) -> None:
    """Print a line for each series, by node and by what it is of."""
    plain = charts.plain_for(sys.stdout)
    width = max(8, min(WIDTH, (output.columns() or 2 * WIDTH) - 50))
    for line in _lines(found, plain=plain, width=width):
        output.say(line)


def most(found: Iterable[UsageSeries]) -> str:
    """The highest values of a run in a line, of its busiest node and GPU; "" without samples."""
    told = list(found)
    parts = []
    for scope, measure, what in _MOST:
        values = [one.maximum for one in told if (one.scope, one.measure) == (scope, measure)]
        known = [value for value in values if value is not None]
        if known:
            parts.append(_value(max(known), UNITS[measure]) + what)
    return f"at most {', '.join(parts)}" if parts else ""


def drawn(one: UsageSeries, *, plain: bool, width: int) -> str:
    """A series as blocks, from zero to what it can be at most, else to its greatest value.

    Args:
        one: The series.
        plain: Draw with `#` alone.
        width: How many columns.
    """
    values = [value for value in one.y if value is not None]
    signs = charts.PLAIN if plain else charts.BLOCKS
    most = max(one.capacity or 0.0, one.maximum or 0.0)
    if not values or most <= 0:
        return ""
    shown = [values[place * len(values) // width] for place in range(width)]
    shown = values if len(values) < width else shown
    # Something is drawn for the least of use: an empty column would look like no sample.
    top = len(signs) - 1
    return "".join(signs[max(1, min(top, round(value / most * top)))] for value in shown)


def _lines(found: Sequence[UsageSeries], *, plain: bool, width: int) -> Iterator[str]:
    several = len({one.node for one in found}) > 1
    above = ""
    for one in found:
        head = _head(one, several=several)
        if head != above:
            yield f"\n{head}" if above else head
            above = head
        picture = drawn(one, plain=plain, width=width)
        most = f", {_value(one.maximum, one.unit)} at most" if one.maximum is not None else ""
        limit = f" of {_value(one.capacity, one.unit)}" if one.capacity else ""
        yield (
            f"  {one.measure:<12} {picture:<{width}}  "
            f"{_value(one.last, one.unit)} last{most}{limit}"
        )


def _head(one: UsageSeries, *, several: bool) -> str:
    what = _WHOSE.get(one.scope) or f"{'GPU' if one.scope == GPU_SCOPE else one.scope} {one.index}"
    label = f" ({one.label})" if one.label else ""
    return f"node {one.node}: {what}{label}" if several else f"{what}{label}"


def _value(value: float | None, unit: str) -> str:
    if value is None:
        return "?"
    if unit in ("bytes", "bytes/s"):
        return humane.size(round(value)) + unit.removeprefix("bytes")
    return f"{value:.3g} {unit}"
