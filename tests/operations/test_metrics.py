"""Metrics: spool lines in, series out."""

import io
import json
import threading
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runyard.protocol.errors import InvalidRequest, RunNotFound, WrongState
from runyard.protocol.metrics import MetricQuery, MetricSeries, MetricsOfRuns, SpoolMark, SpoolQuery
from runyard.protocol.runs import StartRun
from runyard_server.core.system import System
from runyard_server.execution import sealing
from runyard_server.operations import metrics, runs, tracked_values
from runyard_server.store import metrics as rows
from runyard_server.store.runs import key_of

NOW = 1_600_000_000_000_000


def line(name: str, value: Any, kind: str = "scalar", step: int | None = None, **more: Any) -> Any:
    return {"n": name, "k": kind, "v": value, "s": step, "t": NOW, **more}


def send(
    system: System, run: str, lines: list[Any], first: int = 0, writer: str = "1-aa"
) -> SpoolMark:
    body = io.BytesIO("".join(json.dumps(item) + "\n" for item in lines).encode())
    query = SpoolQuery(first_line=first)
    return metrics.append(system, "default", run, writer, query=query, body=body)


def series(system: System, run: str, points: int = 0) -> dict[str, MetricSeries]:
    page = metrics.list_(system, "default", run, MetricQuery(points=points))
    return {found.name: found for found in page.series}


def key(system: System, run: str) -> int:
    found = system.read(lambda work: key_of(work.connection, "default", run))
    assert found is not None
    return found


def summary(system: System, run: str, name: str) -> rows.SeriesRow:
    return system.read(lambda work: rows.series(work.connection, key(system, run), name))[0]


def test_values_come_back_in_order(system: System, run: str) -> None:
    """What a script logs over time is one series, with steps and times."""
    send(system, run, [line("acc", 0.5, step=1), line("loss", 2.0), line("acc", 0.75, step=2)])
    send(system, run, [line("acc", 0.875)], first=3)
    found = series(system, run)
    assert list(found) == ["acc", "loss"]
    assert found["acc"].values == [0.5, 0.75, 0.875]
    assert found["acc"].steps == [1, 2, None]
    assert found["acc"].times == [NOW] * 3
    assert (found["acc"].count, found["acc"].kind) == (3, "scalar")


def test_sending_again_stores_nothing_twice(system: System, run: str) -> None:
    """A courier that lost an answer sends again; the history does not stutter."""
    lines = [line("acc", n) for n in range(10)]
    assert send(system, run, lines[:6]).lines == 6
    assert send(system, run, lines[:6]).lines == 6
    assert send(system, run, lines[4:], first=4).lines == 10
    assert series(system, run)["acc"].values == list(range(10))
    assert metrics.mark(system, "default", run, "1-aa").lines == 10
    assert metrics.mark(system, "default", run, "other").lines == 0


def test_a_gap_is_refused_with_the_mark(system: System, run: str) -> None:
    """The courier learns from which line to send, and nothing is lost silently."""
    send(system, run, [line("acc", 1)])
    with pytest.raises(WrongState, match="1 lines of writer") as caught:
        send(system, run, [line("acc", 3)], first=2)
    assert caught.value.details == {"lines": 1}
    assert series(system, run)["acc"].values == [1]


def raw(system: System, run: str, body: bytes, first: int = 0) -> SpoolMark:
    query = SpoolQuery(first_line=first)
    return metrics.append(system, "default", run, "7-aa", query=query, body=io.BytesIO(body))


def test_a_malformed_line_does_not_lose_its_neighbours(system: System, run: str) -> None:
    """One line that a full disk cut short costs that line: it is kept, and the run tells of it."""
    good = json.dumps(line("acc", 1)).encode()
    bad = [b'{"n":"a","k":"sc{"n":"b"}', b'{"n": 1, "k": "scalar", "v": 1, "t": 1}', b"", b"\xff"]
    for place, text in enumerate(bad):
        body = b"\n".join([good, text, good, b""])
        assert raw(system, run, body, first=3 * place).lines == 3 * place + 3
        assert raw(system, run, body, first=3 * place).lines == 3 * place + 3
    assert series(system, run)["acc"].values == [1] * 8
    told = runs.get(system, "default", run).warnings
    assert len(told) == 1
    assert told[0].startswith("metrics of process 7 (writer 7-aa) could not be stored: malformed")
    kept = system.logs.path("default", run, "logs/metrics_set_aside_7-aa.jsonl").read_bytes()
    assert kept.splitlines() == [text for text in bad if text]
    with pytest.raises(RunNotFound):
        send(system, "nope", [line("acc", 1)])


def test_what_an_older_client_wrote_of_a_cut_emoji_is_mended(system: System, run: str) -> None:
    """Spools of clients that did not escape such texts are taken, and the texts come back."""
    body = (
        b'{"n":"loss","k":"scalar","v":1.0,"s":null,"t":7}\n'
        b'{"n":"file","k":"scalar","v":"d\\udce9\\\\.csv","s":null,"t":7}\n'
        b'{"n":"x\\ud83d","k":"row","v":{"a\\ud83d":"NaN"},"s":null,"t":7}\n'
    )
    assert raw(system, run, body).lines == 3
    found = series(system, run)
    assert {name: one.values for name, one in found.items()} == {
        "loss": [1.0],
        "file": [{"escaped": "d\\udce9\\\\.csv"}],
        "x\\ud83d": [{"a\\ud83d": "NaN"}],
    }
    assert runs.get(system, "default", run).warnings == []


def test_a_kind_that_is_unknown_is_refused(system: System, run: str) -> None:
    """A misspelt kind is no metric that nobody can read, but an error that lists the kinds."""
    with pytest.raises(InvalidRequest, match="'scalr' is no kind of metrics; there are scalar, li"):
        send(system, run, [line("acc", 1), line("acc", 1, kind="scalr")])
    assert series(system, run) == {}


def test_a_line_that_a_courier_could_not_send_is_told(system: System, run: str) -> None:
    """The line in its place keeps the count of lines right, and becomes no metric."""
    lost = line("", "too large; kept in logs/metrics_refused_1-aa.jsonl", kind="lost")
    assert send(system, run, [line("acc", 1), lost, line("acc", 2)]).lines == 3
    assert send(system, run, [lost], first=1).lines == 3
    assert send(system, run, [lost], first=3).lines == 4
    assert series(system, run)["acc"].values == [1, 2]
    (told,) = runs.get(system, "default", run).warnings
    assert told == (
        "metrics of process 1 (writer 1-aa) could not be stored: too large; kept in "
        "logs/metrics_refused_1-aa.jsonl"
    )


def test_whole_numbers_become_floats_beside_others(system: System, run: str) -> None:
    """`log('acc', 1)` then `log('acc', 0.5)` is a series of floats, nothing dropped."""
    send(system, run, [line("acc", 1)])
    send(system, run, [line("acc", 0.5)], first=1)
    values = series(system, run)["acc"].values
    assert values == [1.0, 0.5]
    assert [type(value) for value in values] == [float, float]
    send(system, run, [line("epoch", 1), line("epoch", 2)], first=2)
    assert [type(value) for value in series(system, run)["epoch"].values] == [int, int]


def test_entries_of_another_kind_are_kept(system: System, run: str) -> None:
    """The name keeps its first kind; what was logged later under it is not dropped."""
    send(system, run, [line("acc", 0.5), line("acc", [1, 2], kind="list"), line("acc", "text")])
    found = series(system, run)["acc"]
    assert (found.kind, found.values) == ("scalar", [0.5, [1, 2], "text"])


def test_all_kinds_come_back(system: System, run: str) -> None:
    """Rows, tables, lists and images are stored as they are."""
    given_values = {
        "list": [1, 2.5, None],
        "row": {"a": 1, "b": "x"},
        "table": {"a": [1, 2], "b": [3, 4]},
        "image": "plot_1.png",
    }
    send(system, run, [line(kind, value, kind=kind) for kind, value in given_values.items()])
    found = series(system, run)
    assert {name: found[name].values[0] for name in found} == given_values
    assert [found[name].kind for name in found] == list(given_values)


def test_not_a_number_is_marked(system: System, run: str) -> None:
    """NaN and infinities survive JSON, and a logged text "NaN" stays a text."""
    lines = [
        line("loss", 1.0),
        line("loss", "NaN", x=1),
        line("loss", "-Infinity", x=1),
        line("word", "NaN"),
    ]
    send(system, run, lines)
    found = series(system, run)
    assert found["loss"].values == [1.0, "NaN", "-Infinity"]
    assert found["loss"].nonfinite == [1, 2]
    assert (found["word"].values, found["word"].nonfinite) == (["NaN"], [])
    row = summary(system, run, "loss")
    assert (row.last, row.minimum, row.maximum, row.count) == (1.0, 1.0, 1.0, 3)


def test_summaries_follow(system: System, run: str) -> None:
    """Lists and searches by a metric read one row, so it must be right after each batch."""
    send(system, run, [line("acc", v) for v in (0.5, 0.25)])
    send(system, run, [line("acc", v) for v in (4, True, "x", None)], first=2)
    row = summary(system, run, "acc")
    assert (row.count, row.last, row.minimum, row.maximum) == (6, 4.0, 0.25, 4.0)


def test_many_names_at_once(system: System, run: str) -> None:
    """A thousand series in one batch are no different from one."""
    for turn in range(2):
        send(system, run, [line(f"m{n}", n + turn) for n in range(1000)], first=1000 * turn)
    found = series(system, run)
    assert len(found) == 1000
    assert found["m999"].values == [999, 1000]


def test_merging_changes_nothing_that_is_read(system: System, run: str) -> None:
    """Joining segments at the end of a run saves reads and keeps every point."""
    for number in range(20):
        value: Any = "text" if number == 10 else number / 2
        send(system, run, [line("acc", value, step=number)], first=number)
    before = series(system, run)
    sealing.merge_metrics(system, key(system, run))
    assert series(system, run) == before
    left = system.read(lambda work: rows.segments(work.connection, summary(system, run, "acc").id))
    assert [segment.count for segment in left] == [10, 1, 9]
    sealing.merge_metrics(system, key(system, run))
    send(system, run, [line("acc", 99.5)], first=20)
    assert series(system, run)["acc"].values == [*before["acc"].values, 99.5]


def test_what_came_value_by_value_is_joined_at_the_end(system: System, run: str) -> None:
    """A run that was logged call by call over days reads as quickly as one that came in batches."""
    for number in range(40):
        send(system, run, [line("acc", number / 2, step=number)], first=number)
        point = tracked_values.Point("loss", number / 4, number, number)
        tracked_values.log(
            system, "default", run, tracked_values.Logged(tracked_values.by_name([point]))
        )
    before = series(system, run)
    runs.complete(system, "default", run)
    assert series(system, run) == before
    for name in ("acc", "loss"):
        one = summary(system, run, name).id
        left = system.read(lambda work, one=one: rows.segments(work.connection, one))
        assert [segment.count for segment in left] == [40]


def test_a_trackers_batch_keeps_equal_points_once(system: System, run: str) -> None:
    """A batch and its repeat leave each point once; the highest step counts as the latest."""
    nan = float("nan")
    given = [(2.0, 5, 7), (1.0, 5, 7), (nan, 1, 1), (2.0, 5, 7), (1.0, 6, 7), (3.0, 9, 2)]
    points = [tracked_values.Point("loss", *point) for point in given]
    logged = tracked_values.Logged(tracked_values.by_name(points))
    for _ in range(2):
        tracked_values.log(system, "default", run, logged)
    found = series(system, run)["loss"]
    assert (found.values, found.nonfinite) == ([2.0, 1.0, "NaN", 1.0, 3.0], [2])
    assert (found.times, found.steps) == ([5, 5, 1, 6, 9], [7, 7, 1, 7, 2])
    row = summary(system, run, "loss")
    assert (row.last, row.last_step, row.last_time, row.maximum) == (1.0, 7, 6, 3.0)
    ends = [tracked_values.Point("loss", 4.0, 9, 8), tracked_values.Point("loss", 3.0, 9, 2)]
    logged = tracked_values.Logged(tracked_values.by_name(ends))
    tracked_values.log(system, "default", run, logged)
    assert series(system, run)["loss"].values[5:] == [4.0]


def test_a_point_that_comes_while_two_seal_stays(
    system: System, run: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A last word that is said twice joins segments twice at once, and loses no point."""
    for number in range(2):
        send(system, run, [line("acc", float(number))], first=number)
    write = system.records.write

    def late(work: Any) -> Any:
        monkeypatch.setattr(system.records, "write", write)
        send(system, run, [line("acc", 2.0)], first=2)
        sealing.merge_metrics(system, key(system, run))
        return write(work)

    monkeypatch.setattr(system.records, "write", late)
    sealing.merge_metrics(system, key(system, run))
    assert series(system, run)["acc"].values == [0.0, 1.0, 2.0]


def test_thinning_keeps_ends_and_spikes(system: System, run: str) -> None:
    """A chart of a long series shows each spike though it gets few points."""
    values = [0.0] * 5000
    values[1234], values[4000] = 9.0, -7.0
    send(system, run, [line("acc", v, step=n) for n, v in enumerate(values)])
    found = series(system, run, points=100)["acc"]
    assert found.count == 5000
    assert len(found.values) <= 100
    assert (found.steps[0], found.steps[-1]) == (0, 4999)
    assert found.values[found.steps.index(1234)] == 9.0
    assert found.values[found.steps.index(4000)] == -7.0
    assert found.steps == sorted(step for step in found.steps if step is not None)


def test_thinning_bears_what_is_not_finite(system: System, run: str) -> None:
    """A run that diverged to NaN still has its chart."""
    lines = [line("loss", "NaN", x=1) if n % 2 else line("loss", float(n)) for n in range(1000)]
    send(system, run, lines)
    found = series(system, run, points=10)["loss"]
    assert len(found.values) <= 10
    assert max(v for v in found.values if isinstance(v, float)) == 998.0
    assert all(found.values[index] == "NaN" for index in found.nonfinite)
    assert series(system, run, points=1)["loss"].values == ["NaN"]


def test_only_the_named_series_is_read(system: System, run: str) -> None:
    """`get_metrics('acc')` does not pay for the others; an unknown name gives none."""
    send(system, run, [line("acc", 1), line("loss", 2)])
    page = metrics.list_(system, "default", run, MetricQuery(name="acc"))
    assert [found.name for found in page.series] == ["acc"]
    assert metrics.list_(system, "default", run, MetricQuery(name="x")).series == []


def test_writers_are_counted_apart(system: System, run: str) -> None:
    """Processes of one run log at the same time into the same series; nothing is lost."""

    def log(writer: str) -> None:
        for first in range(0, 100, 10):
            send(system, run, [line("acc", 1.0)] * 10, first=first, writer=writer)

    threads = [threading.Thread(target=log, args=(f"{n}-aa",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert series(system, run)["acc"].count == 600
    assert len(series(system, run)["acc"].values) == 600


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    values=st.lists(
        st.one_of(st.integers(-(2**70), 2**70), st.text("ab", max_size=2)), max_size=30
    ),
    cuts=st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)), max_size=8),
    merge=st.booleans(),
)
def test_any_sending_again_gives_the_same_series(
    system: System, values: list[Any], cuts: list[tuple[int, int]], merge: bool
) -> None:
    """Whatever a courier repeats or overlaps, each line is stored once and in its place."""
    run = runs.start(system, "default", body=StartRun(experiment="mnist")).id
    stored = 0
    for start, end in [*cuts, (0, len(values))]:
        lines = [line("m", value) for value in values[start:end]]
        if start > stored:
            with pytest.raises(WrongState):
                send(system, run, lines, first=start)
            continue
        stored = send(system, run, lines, first=start).lines
    if merge:
        sealing.merge_metrics(system, key(system, run))
    found = series(system, run)
    assert (found["m"].values if values else []) == values


def test_metrics_of_many_runs_come_at_once(system: System, run: str) -> None:
    """A chart of a hundred runs is one request: the names it shows, thinned, in the order asked."""
    other = runs.start(system, "default", body=StartRun("mnist")).id
    send(system, run, [line("acc", n / 100) for n in range(100)] + [line("loss", 1.0)])
    send(system, other, [line("loss", 2.0), line("acc", 0.5), line("more", 3.0)])
    asked = MetricsOfRuns([other, run], ["acc", "loss"], points=10)
    pages = metrics.read_many(system, "default", body=asked).items
    assert [page.run for page in pages] == [other, run]
    assert [[one.name for one in page.series] for page in pages] == [
        ["loss", "acc"],
        ["acc", "loss"],
    ]
    thinned = pages[1].series[0]
    assert (thinned.count, thinned.values[0], thinned.values[-1]) == (100, 0.0, 0.99)
    assert len(thinned.values) <= 10
    whole = metrics.read_many(system, "default", body=MetricsOfRuns([run])).items
    assert whole == [metrics.list_(system, "default", run, MetricQuery())]


def test_metrics_of_one_kind_are_read_without_the_others(system: System, run: str) -> None:
    """The pictures of a hundred runs are shown without a million points of their curves."""
    send(system, run, [line("loss", 1.0), line("seen", "a.png", k="image", s=3)])
    (page,) = metrics.read_many(system, "default", body=MetricsOfRuns([run], kinds=["image"])).items
    assert [(one.name, one.values, one.steps) for one in page.series] == [("seen", ["a.png"], [3])]


def test_metrics_of_runs_that_are_not_there_are_refused(system: System, run: str) -> None:
    """A slip among many runs is told, and so is an answer that nobody could hold."""
    with pytest.raises(RunNotFound, match="nobody"):
        metrics.read_many(system, "default", body=MetricsOfRuns([run, "nobody"]))
    with pytest.raises(InvalidRequest, match="too many"):
        metrics.read_many(system, "default", body=MetricsOfRuns([run] * 1001))


def test_event_files_and_logs_of_one_name_are_two_series(system: System, run: str) -> None:
    """What TensorBoard's files hold never runs into what run.log has under the same name."""
    send(system, run, [line("loss", 1.0, o="tensorboard"), line("loss", 2.0, o="tensorboard")])
    assert series(system, run)["loss"].source == "tensorboard"
    send(system, run, [line("loss", 9.0), line("acc", 0.5, o="tensorboard")], first=2)
    send(system, run, [line("loss", 3.0, o="tensorboard"), line("loss", 8.0)], first=4)
    send(system, run, [line("acc", 0.6, o="tensorboard")], first=6)
    found = series(system, run)
    assert {name: one.values for name, one in found.items()} == {
        "loss": [9.0, 8.0],
        "tensorboard/loss": [1.0, 2.0, 3.0],
        "acc": [0.5, 0.6],
    }
    assert [found[name].source for name in ("loss", "tensorboard/loss")] == ["", "tensorboard"]
    assert summary(system, run, "loss").last == 8.0
