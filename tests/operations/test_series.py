"""Series as columns: what a chart draws is what was logged."""

import io
import json
from array import array
from base64 import b64decode
from typing import Any

import pytest
from sqlalchemy import delete, select

from runyard.protocol.errors import InvalidRequest, RunNotFound
from runyard.protocol.metrics import MetricQuery, SpoolQuery
from runyard.protocol.series import OddPoint, ReadSeries, SeriesColumns, SeriesName
from runyard_server.core.system import System
from runyard_server.execution import summarising
from runyard_server.operations import metrics, runs, series
from runyard_server.store.schema import metric_segments, metric_summaries

NOW = 1_600_000_000_000_000


def log(system: System, run: str, values: list[Any], first: int = 0, **more: Any) -> None:
    """Append values of `loss`, a second apart."""
    lines = [
        {"n": "loss", "k": "scalar", "v": value, "s": None, "t": NOW + (first + i) * 1_000_000}
        | more
        for i, value in enumerate(values)
    ]
    body = io.BytesIO("".join(json.dumps(one) + "\n" for one in lines).encode())
    metrics.append(system, "default", run, "1-aa", query=SpoolQuery(first_line=first), body=body)


def read(system: System, run: str, after: int = 0, **more: Any) -> SeriesColumns:
    asked = ReadSeries([SeriesName(run, "loss", after)], **more)
    return series.read(system, "default", asked).items[0]


def test_what_is_asked_for_twice_is_answered_twice(system: System, run: str) -> None:
    """Two charts of one series may know different parts of it; neither gets less than it lacks."""
    log(system, run, [1.0, 2.0, 3.0])
    for afters in ((0, 3), (3, 0)):
        asked = ReadSeries([SeriesName(run, "loss", after) for after in afters])
        items = series.read(system, "default", asked).items
        found = {after: item.y for after, item in zip(afters, items, strict=True)}
        assert found == {0: [1.0, 2.0, 3.0], 3: []}


def test_columns_hold_what_was_logged(system: System, run: str) -> None:
    """A chart has the points that were logged, over their number, their time or since the first."""
    log(system, run, [3, 2.5, 2.0])
    found = read(system, run)
    assert (found.x, found.y, found.count) == ([0, 1, 2], [3, 2.5, 2.0], 3)
    assert read(system, run, x="relative").x == [0, 1, 2]
    assert read(system, run, x="time").x == [NOW / 1e6 + place for place in range(3)]


def test_only_what_is_new_comes(system: System, run: str) -> None:
    """A live chart asks for what it lacks: nothing twice, nothing left out, also across batches."""
    log(system, run, [0, 1, 2])
    log(system, run, [3, 4], first=3)
    for after in range(6):
        found = read(system, run, after=after, x="relative")
        assert (found.y, found.x, found.count) == (list(range(after, 5)), list(range(after, 5)), 5)


def test_thinning_keeps_the_spikes(system: System, run: str) -> None:
    """A chart of a long series shows its extremes, its first and its last point."""
    values = [0.0] * 10_000
    values[4321] = 99.0
    log(system, run, values)
    found = read(system, run, points=100)
    assert len(found.x) <= 100
    assert found.y[found.x.index(4321)] == 99.0
    assert (found.x[0], found.x[-1], found.count) == (0, 9999, 10_000)


def test_what_is_no_number_is_told(system: System, run: str) -> None:
    """NaN and infinities are gaps, and their places are told: they never go missing silently."""
    log(system, run, [1.0, "NaN", "Infinity", 2.0], x=1)
    found = read(system, run)
    assert found.y == [1.0, None, None, 2.0]
    assert found.odd == [OddPoint(1, "NaN"), OddPoint(2, "Infinity")]


def test_a_range_has_its_neighbours(system: System, run: str) -> None:
    """A zoomed chart's lines go on to its edges."""
    log(system, run, list(range(100)))
    assert read(system, run, low=10.5, high=12.5).y == [10, 11, 12, 13]


def test_what_cannot_be_read_is_refused(system: System, run: str) -> None:
    """A wrong axis and an unknown run are told; a metric that was never logged has no points."""
    with pytest.raises(InvalidRequest, match="step, time, relative"):
        read(system, run, x="wall")
    with pytest.raises(RunNotFound):
        read(system, "nope_1")
    asked = ReadSeries([SeriesName(run, "other")])
    assert series.read(system, "default", asked).items == [SeriesColumns(run, "other", 0)]


def test_a_long_series_is_thinned_where_it_lies(system: System, run: str) -> None:
    """A chart of a run of days keeps its spikes, its ends and its steps, whatever was logged."""
    values: list[Any] = [1 + 1 / (place + 1) for place in range(30_000)]
    values[21_000], values[11_111] = 99.5, -7
    log(system, run, values[:25_000])
    log(system, run, values[25_000:], first=25_000)
    for x, unit in (("step", 1.0), ("relative", 1.0)):
        found = read(system, run, points=100, x=x)
        drawn = dict(zip(found.x, found.y, strict=True))
        assert (found.count, len(found.x) <= 100, found.odd) == (30_000, True, [])
        assert (drawn[21_000 * unit], drawn[11_111 * unit]) == (99.5, -7)
        assert (found.x[0], found.x[-1], found.x) == (0, 29_999, sorted(found.x))
        assert all(drawn[place] == values[int(place)] for place in drawn)
    whole = metrics.list_(system, "default", run, MetricQuery("loss", points=50)).series[0]
    assert (whole.count, len(whole.values) <= 50, set(whole.steps)) == (30_000, True, {None})
    assert {99.5, -7.0} < set(whole.values)
    log(system, run, ["NaN"], first=30_000, x=1)
    assert len(read(system, run, points=100).odd) == 1


def spiked(count: int) -> list[float]:
    """A falling curve with a spike up or down, each of another height, every 400 points."""
    values = [1 / (place + 1) for place in range(count)]
    for place in range(200, count, 400):
        values[place] = (1 if place % 800 == 200 else -1) * (10.0 + place)
    return values


def test_a_chart_of_what_has_been_summarised_is_exact(system: System, run: str) -> None:
    """Whatever came in whatever blocks, a chart has each spike, and a run that goes on its last."""
    values = spiked(100_000)
    first = 0
    for size in (7, 20_000, 16_384, 1, 40_000, 23_608):
        log(system, run, values[first : first + size], first=first)
        first += size
        found = read(system, run)
        drawn = dict(zip(found.x, found.y, strict=True))
        assert all(drawn[place] == values[int(place)] for place in drawn)
        spikes = range(200, first, 400) if first > 1000 else range(first)
        assert {*spikes, 0, first - 1} <= set(drawn), first
        assert (found.count, found.x, len(found.x) <= 1000) == (first, sorted(found.x), True)


def test_a_chart_of_an_ended_run_reads_none_of_its_points(system: System, run: str) -> None:
    """A hundred such series are drawn in no time, by clients that unpack columns and by others."""
    values = spiked(70_000)
    log(system, run, values, s=5)
    before = read(system, run)
    runs.complete(system, "default", run)
    assert read(system, run) == before
    gone = delete(metric_segments)
    system.write(lambda work: work.connection.execute(gone.where(metric_segments.c.first == 0)))
    assert read(system, run) == before
    packed = read(system, run, packed=True)
    numbers = array("d", b64decode(packed.packed))
    assert (packed.x, packed.y, numbers.tolist()) == ([], [], [*before.x, *before.y])


def test_a_summary_ends_where_points_are_no_numbers(system: System, run: str) -> None:
    """A NaN among a hundred thousand points is told, and whole numbers stay whole in lists."""
    log(system, run, list(range(40_000)))
    listed = metrics.list_(system, "default", run, MetricQuery("loss", points=500)).series[0]
    assert {type(value) for value in listed.values} == {int}
    assert (listed.values[0], listed.values[-1]) == (0, 39_999)
    log(system, run, [0.5, *range(40_001, 50_000)], first=40_000)
    assert {0.5, 49_999.0} <= set(read(system, run, points=500).y)
    log(system, run, ["NaN"], first=50_000, x=1)
    runs.complete(system, "default", run)
    assert [one.value for one in read(system, run, points=500).odd] == ["NaN"]


def test_a_series_from_before_there_were_summaries_is_read_in_parts(
    system: System, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hundred million points are summarised in the memory of a million, and all of them."""
    monkeypatch.setattr(summarising, "_AT_ONCE", 20_032)
    values = spiked(70_000)
    for first in range(0, 70_000, 7000):
        log(system, run, values[first : first + 7000], first=first)
    before = read(system, run)
    system.write(lambda work: work.connection.execute(delete(metric_summaries)))
    runs.complete(system, "default", run)
    assert read(system, run) == before
    found = select(metric_summaries.c["count"]).order_by(metric_summaries.c.first)
    parts = system.read(lambda work: work.connection.execute(found).scalars().all())
    assert parts == [20_032, 20_032, 20_032, 9904]
