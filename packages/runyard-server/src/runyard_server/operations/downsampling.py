"""Fewer points that draw the same line: of each bucket the lowest and the highest are kept.

Min/max per bucket keeps every spike, unlike taking each n-th point or the mean. First and last
point are always kept.
"""

from math import isfinite

from runyard_server.store.segments import Points

# First and last are always among them: where a curve begins, and where it stands.
_ENDS = 2


def downsampled(points: Points, wanted: int) -> Points:
    """At most `wanted` of the points, in order.

    Args:
        points: More than `wanted` points whose values are all numbers.
        wanted: 1 or more.
    """
    chosen = sorted(_chosen(points.values, wanted))
    return Points(
        [points.values[i] for i in chosen],
        [points.steps[i] for i in chosen],
        [points.times[i] for i in chosen],
    )


def _chosen(values: list[float], wanted: int) -> set[int]:
    last = len(values) - 1
    if wanted < _ENDS:
        return {last}
    chosen = {0, last}
    buckets = (wanted - _ENDS) // 2
    for bucket in range(buckets):
        start = 1 + (last - 1) * bucket // buckets
        end = 1 + (last - 1) * (bucket + 1) // buckets
        # The smallest and the largest of each: no peak falls between two points.
        chosen |= _extremes(values, start, end)
    return chosen


def _extremes(values: list[float], start: int, end: int) -> set[int]:
    """The places of the least and the greatest finite value, else the first place."""
    part = values[start:end]
    # One sum, made in C, spares a look at each: it is finite only if all are.
    finite = part if isfinite(sum(part)) else [value for value in part if isfinite(value)]
    if not finite:
        return {start} if part else set()
    return {start + part.index(min(finite)), start + part.index(max(finite))}
