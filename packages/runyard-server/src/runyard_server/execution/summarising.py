"""Keeps summaries of long series, so that a chart does not read all their points.

While a run goes on, after each `BLOCK` points of a series; all the rest when it ends. It is done
after the points have been written and acknowledged by a commit of their own: who dies in between
leaves points that are read as they are, until the next block is full.
"""

from collections.abc import Mapping, Sequence

from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import metrics, summaries
from runyard_server.store.metrics import SegmentRow

LONG = 20_000
"""Shorter series are thinned as lists, which need nothing to be loaded."""
# 16,384 points are 390 kB that are read once more, about 1 % of what writing them has taken.
BLOCK = 1 << 14
# Of a series from before there were summaries: 25 MB of points are in memory at once.
_AT_ONCE = 64 * BLOCK


def filled(count: int, added: int) -> int:
    """How many points of a series are to be summarised now; 0 while no block has become full.

    Args:
        count: How many points it has.
        added: How many of them have just come.
    """
    end = count // BLOCK * BLOCK
    return end if end > count - added else 0


def summarise(system: System, wanted: Mapping[int, int]) -> None:
    """Summarise the first points of some series, as far as that has not been done.

    Args:
        system: The service's parts.
        wanted: How many points, by series.
    """
    covered = system.read(lambda work: summaries.ends(work.connection, list(wanted)))
    while rows := [
        _summary(system, series, covered[series], min(end, covered[series] + _AT_ONCE))
        for series, end in wanted.items()
        if covered[series] < end
    ]:
        _add(system, rows)
        covered |= {row.series_id: row.first + row.count for row in rows}


def _add(system: System, rows: Sequence[SegmentRow]) -> None:
    system.write(lambda work: summaries.add(work.connection, rows))


def _summary(system: System, series: int, first: int, end: int) -> SegmentRow:
    # numpy takes a tenth of a second to load, and most services never see a long series.
    from runyard_server.execution import extremes

    def read(work: Work) -> list[SegmentRow]:
        return metrics.segments_between(work.connection, series, first, end)

    # One series after the other: those of a run together may be larger than the memory.
    return extremes.summary(system.read(read), first, end, summaries.BUCKET)
