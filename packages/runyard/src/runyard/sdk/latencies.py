"""How long requests took, from the counts of a histogram.

Within a bucket requests are taken to be spread evenly, as Prometheus does in `histogram_quantile`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.protocol.endpoints import Latencies

if TYPE_CHECKING:
    from typing import List, Tuple

# The last bound of the gateway's: of what takes longer no more is known.
LONGEST = 60.0


def between(first: Optional[Latencies], now: Optional[Latencies]) -> Optional[Latencies]:
    """Those of the requests from one look to another; None where nothing is known of them.

    Args:
        first: At the first look; None: nobody had asked yet.
        now: At the second.
    """
    if now is None or first is None or first.bounds != now.bounds:
        return now
    return Latencies(now.bounds, [b - a for a, b in zip(first.counts, now.counts)])


def share_above(took: Latencies, seconds: float) -> float:
    """Which share took longer; 0 where there was no request.

    Args:
        took: The counts.
        seconds: Than which.
    """
    above = 0.0
    for low, high, count in _buckets(took):
        if seconds <= low:
            above += count
        elif seconds < high:
            above += count * (high - seconds) / (high - low)
    return above / (sum(took.counts) or 1)


def quantile(took: Latencies, share: float) -> float:
    """Within how many seconds this share was answered.

    Args:
        took: The counts.
        share: From 0 to 1.
    """
    left = share * sum(took.counts)
    for low, high, count in _buckets(took):
        if count and left <= count:
            return low + (high - low) * left / count
        left -= count
    return took.bounds[-1]


def words(seconds: float) -> str:
    """A time as people write it: `85 ms`, `1.2 s`."""
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else f"{seconds:.3g} s"


def _buckets(took: Latencies) -> List[Tuple[float, float, int]]:
    # What took longer than the last bound did so by nobody knows how much.
    lows, highs = [0.0, *took.bounds], [*took.bounds, took.bounds[-1]]
    return list(zip(lows, highs, took.counts))
