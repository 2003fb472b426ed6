"""How many nodes a cluster had and how many of them runs held, over the last hours: read only.

Nothing is sampled for it. When runs got their nodes and had their last word stands with their jobs,
and each change of a cluster's size is an event; both are cut into parts of equal length.
"""

from collections.abc import Iterable
from itertools import pairwise

from runyard.protocol import events as kinds
from runyard.protocol.compute import Occupancy
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.work import Work
from runyard_server.store import events, job_nodes
from runyard_server.store.compute import ComputeRow

# So many ends of jobs and changes of the size are looked at: a busy day has more, of which the
# newest are told.
_MOST_JOBS, _MOST_CHANGES = 20_000, 1000

Span = tuple[int, int, int]
"""From when until when there were how many nodes; microseconds since 1970."""


def over(work: Work, cluster: ComputeRow, length: int, parts: int) -> Occupancy:
    """How many nodes a cluster had and how many were held, up to now.

    Args:
        work: The unit of work.
        cluster: The cluster.
        length: How far back, in microseconds.
        parts: Into how many parts that time is cut.
    """
    begin = work.now - length
    runs = job_nodes.held_since(work.connection, cluster.workspace, cluster.name, begin, _MOST_JOBS)
    held = [(one.begun, one.ended or work.now, one.nodes) for one in runs]
    return Occupancy(
        begin=iso(begin),
        step_seconds=length / parts / SECOND,
        nodes=_means(_sizes(work, cluster), begin, length, parts),
        held=_means(held, begin, length, parts),
    )


def _sizes(work: Work, cluster: ComputeRow) -> Iterable[Span]:
    """How many nodes there were, from one change of it to the next."""
    last = events.last_number(work.connection, cluster.subject)
    first = max(0, last - _MOST_CHANGES)
    told = events.page(work.connection, cluster.subject, first, _MOST_CHANGES)
    sizes = [
        (one.time, int(one.data.get("nodes", "0")) if one.kind == kinds.RESIZED else 0)
        for one in told
        # A cluster that was deleted may have left some, and one of its name begins without.
        if one.kind in (kinds.RESIZED, kinds.DELETED)
    ]
    for (since, count), (until, _) in pairwise([*sizes, (work.now, 0)]):
        yield since, until, count


def _means(spans: Iterable[Span], begin: int, length: int, parts: int) -> list[float]:
    """The mean of each part."""
    step = length / parts
    sums = [0.0] * parts
    for since, until, count in spans:
        first = max(0, int((since - begin) // step))
        for part in range(first, parts):
            low, high = begin + part * step, begin + (part + 1) * step
            if low >= until:
                break
            sums[part] += count * max(0.0, min(high, until) - max(low, since))
    return [round(each / step, 3) for each in sums]
