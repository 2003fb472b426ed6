"""Counts and times of what was answered."""

import asyncio
import random
from bisect import bisect_left

import msgspec

from runyard_server.serving.tallies import BOUNDS, Counts, Histogram, Tally, read


def test_times_that_are_counted_together_fall_where_each_would_alone():
    """Whoever reads a histogram finds all that was added, each in its bucket."""
    drawn = random.Random(4)
    times = [drawn.choice((drawn.expovariate(100), *BOUNDS, 61.0, 0.0)) for _ in range(3000)]
    expected = [0] * (len(BOUNDS) + 1)
    tally = Tally()
    for each in times:
        expected[bisect_left(BOUNDS, each)] += 1
        tally.add(200, each, 1, 2, None, 0)
    tally.settle()
    assert tally.taken.buckets == expected
    assert abs(tally.taken.total - sum(times)) < 1e-6
    assert (tally.codes, tally.received, tally.sent) == ({200: 3000}, 3000, 6000)
    assert tally.queued.buckets == Histogram().buckets


async def _counted(path):
    counts = Counts(path)
    counts.of("w", "e", "d").of("score").add(200, 0.02, 1, 1, 0.0, 15_000)
    counts.touch()
    counts.settle()


def test_what_was_counted_a_moment_ago_is_in_the_file(tmp_path):
    """Times that wait to be sorted are written, and read by whoever starts next."""
    asyncio.run(_counted(tmp_path / "counts.json"))
    found = read(tmp_path / "counts.json")["w", "e", "d"].of("score")
    assert sum(found.taken.buckets) == sum(found.ran.buckets) == 1
    assert found.ran.total == 0.015
    assert b"late" not in msgspec.json.encode(found)
