"""System metrics: read as series, and never among what a script has logged."""

import io
import json
from typing import Any

import pytest

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.metrics import MetricQuery, MetricsOfRuns, SpoolQuery
from runyard.protocol.series import ReadSeries, SeriesName
from runyard.protocol.stream import StreamQuery
from runyard.protocol.usage import UsageQuery, UsageSeries
from runyard_server.core.system import System
from runyard_server.operations import metrics, series, stream, usage

W = "default"
NOW = 1_600_000_000_000_000


def line(name: str, value: Any, at: int = 0, kind: str = "usage") -> str:
    """A line as an agent writes it, `at` seconds after the beginning."""
    return json.dumps({"n": name, "k": kind, "v": value, "s": None, "t": NOW + at * 1_000_000})


def send(system: System, run: str, writer: str, *lines: str, first: int = 0) -> None:
    """Bring lines as a courier does."""
    body = io.BytesIO("".join(one + "\n" for one in lines).encode())
    metrics.append(system, W, run, writer, query=SpoolQuery(first_line=first), body=body)


def read(system: System, run: str, **more: Any) -> list[UsageSeries]:
    return usage.series(system, W, run, UsageQuery(**more)).items


def test_what_was_sampled_is_told_by_thing_and_measure(system: System, run: str) -> None:
    """A page knows of each series whose it is, its unit, and what it can be at most."""
    send(
        system,
        run,
        "1-a",
        line("system/0/node/cpu_capacity", 8),
        line("system/0/gpu/1/label", "H200"),
        line("system/0/gpu/1/memory_capacity", 100),
        line("system/0/gpu/1/memory", 40, 1),
        line("system/0/job/cpu", 1.5, 1),
        line("system/0/job/cpu", 2.5, 2),
        line("system/0/rank/3/memory", 7, 2),
        line("system/0/of/a/newer/agent", 7, 2),
    )
    found = read(system, run)
    assert [(one.scope, one.index, one.measure, one.unit) for one in found] == [
        ("job", None, "cpu", "cores"),
        ("rank", 3, "memory", "bytes"),
        ("gpu", 1, "memory", "bytes"),
    ]
    cpu, _, gpu = found
    assert (cpu.x, cpu.y) == ([NOW / 1e6 + 1, NOW / 1e6 + 2], [1.5, 2.5])
    assert (cpu.capacity, cpu.last, cpu.minimum, cpu.maximum, cpu.count) == (8, 2.5, 1.5, 2.5, 2)
    assert (gpu.capacity, gpu.label) == (100, "H200")


def test_sums_come_without_points(system: System, run: str) -> None:
    """Whoever wants the greatest value of a run of weeks need not read its points."""
    send(system, run, "1-a", *(line("system/0/job/memory", at, at) for at in range(5)))
    (found,) = read(system, run, points=0)
    assert (found.x, found.maximum, found.count) == ([], 4, 5)
    assert read(system, run, scope="gpu") == []
    with pytest.raises(InvalidRequest, match="job, node, rank, gpu"):
        read(system, run, scope="gpus")


def test_metrics_do_not_show_them(system: System, run: str) -> None:
    """A script that reads its metrics sees what it has logged, by name too, and no search does."""
    send(system, run, "1-a", line("system/0/job/cpu", 1.5))
    send(system, run, "1-b", line("loss", 0.5, kind="scalar"))
    assert [one.name for one in metrics.list_(system, W, run, MetricQuery()).series] == ["loss"]
    assert metrics.list_(system, W, run, MetricQuery("system/0/job/cpu")).series == []
    for names in ([], ["system/0/job/cpu", "loss"]):
        (page,) = metrics.read_many(system, W, MetricsOfRuns([run], names)).items
        assert [one.name for one in page.series] == ["loss"]


def test_a_script_may_use_their_names(system: System, run: str) -> None:
    """Whichever came first, both are there: the script's as a metric, the agent's as its own."""
    name = "system/0/job/cpu"
    send(system, run, "1-a", line(name, 1.5))
    send(system, run, "1-b", line(name, 42, kind="scalar"))
    send(system, run, "1-a", line(name, 2.5, 1), first=1)
    (logged,) = metrics.list_(system, W, run, MetricQuery()).series
    assert (logged.name, logged.values) == (name, [42])
    (found,) = read(system, run)
    assert (found.scope, found.measure, found.y) == ("job", "cpu", [1.5, 2.5])


def test_charts_read_them_by_name(system: System, run: str) -> None:
    """A chart of several runs asks for what it lacks of a series, as of any metric."""
    name = "system/0/job/cpu"
    send(system, run, "1-a", line(name, 1.5), line(name, 2.5, 1))
    asked = ReadSeries([SeriesName(run, name, 1)], x="relative")
    (found,) = series.read(system, W, asked).items
    assert (found.y, found.x, found.count) == ([2.5], [1.0], 2)


def test_pages_hear_of_them(system: System, run: str) -> None:
    """An open page asks again when samples came, and its metrics' charts do not."""
    followed = stream.follow(system, W, StreamQuery(f"run:{run}"))
    followed.look()
    send(system, run, "1-a", line("system/0/job/cpu", 1.5))
    told = [hint for _, hint in followed.look().events]
    assert [(hint.kind, hint.counts) for hint in told] == [("usage", {"system/0/job/cpu": 1})]  # type: ignore[union-attr]
