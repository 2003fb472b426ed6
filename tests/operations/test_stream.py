"""Hints for open pages: each topic that was asked for, and nothing else."""

import io
import json

import pytest

from runyard.protocol.errors import InvalidRequest, WorkspaceNotFound
from runyard.protocol.metrics import SpoolQuery
from runyard.protocol.runs import StartRun
from runyard.protocol.stream import Hint, StreamQuery
from runyard_server.core.following import Stream
from runyard_server.core.system import System
from runyard_server.operations import metrics, runs, stream

W = "default"


def follow(system: System, *topics: str, after: int = 0) -> Stream:
    return stream.follow(system, W, StreamQuery(",".join(topics), after))


def hints(followed: Stream) -> list[Hint]:
    return [hint for _, hint in followed.look().events if isinstance(hint, Hint)]


def log(system: System, run: str, first: int, count: int) -> None:
    line = json.dumps({"n": "loss", "k": "scalar", "v": 1.0, "s": None, "t": 1}) + "\n"
    query = SpoolQuery(first_line=first)
    metrics.append(system, W, run, "1-a", query=query, body=io.BytesIO((line * count).encode()))


def test_only_what_is_followed_is_told(system: System, run: str) -> None:
    """A page is woken for its own run, and a list for any; the past is no news."""
    one, any_of_them = follow(system, f"run:{run}"), follow(system, "runs", "models")
    assert hints(one) == hints(any_of_them) == []
    other = runs.start(system, W, body=StartRun("mnist")).id
    runs.complete(system, W, run)
    assert [(hint.subject, hint.status) for hint in hints(one)] == [(run, "Completed")]
    assert {hint.subject for hint in hints(any_of_them)} == {run, other}
    assert hints(one) == hints(any_of_them) == []


def test_growth_is_told_once(system: System, run: str) -> None:
    """A chart hears how many points there are: at first of all, then of what grew."""
    log(system, run, 0, 3)
    followed = follow(system, f"run:{run}")
    assert [(hint.kind, hint.counts) for hint in hints(followed)] == [("metrics", {"loss": 3})]
    assert hints(followed) == []
    log(system, run, 3, 2)
    assert [hint.counts for hint in hints(followed)] == [{"loss": 5}]
    system.logs.append(W, run, "logs/a.txt", 0, io.BytesIO(b"12345"))
    assert [(h.kind, h.counts) for h in hints(followed)] == [("logs", {"logs/a.txt": 5})]


def test_it_goes_on_behind_a_position(system: System, run: str) -> None:
    """A stream that broke off misses nothing."""
    first = follow(system, "runs")
    first.look()
    runs.complete(system, W, runs.start(system, W, body=StartRun("mnist")).id)
    (number, *_), *_ = first.look().events
    again = follow(system, "runs", after=number)
    assert [hint.status for hint in hints(again)] == ["Completed"]


@pytest.mark.parametrize("topics", ["", ",", "nonsense", ",".join(f"run:{n}" for n in range(501))])
def test_what_cannot_be_followed_is_refused(system: System, topics: str) -> None:
    """No topic, an unknown one, or more than a page can show."""
    with pytest.raises(InvalidRequest, match="topic"):
        stream.follow(system, W, StreamQuery(topics))


def test_an_unknown_workspace_is_told(system: System) -> None:
    """Not an empty stream for ever."""
    with pytest.raises(WorkspaceNotFound):
        stream.follow(system, "nope", StreamQuery("runs")).look()
