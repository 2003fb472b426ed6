"""The client of metrics, against a real service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runyard.protocol.errors import InvalidRequest, WrongState
from runyard.protocol.runs import StartRun

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient


def _lines(*values: float) -> bytes:
    rows = [{"n": "loss", "k": "scalar", "v": value, "s": None, "t": 1} for value in values]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.fixture
def run(client: WorkspaceClient) -> str:
    """A run that goes on."""
    return client.runs.start(StartRun(experiment="e")).id


def test_lines_become_series_and_none_is_stored_twice(client: WorkspaceClient, run: str) -> None:
    """Sending again what has arrived is harmless, as after a broken connection."""
    assert client.metrics.append(run, "w", _lines(1, 2), 0).lines == 2
    assert client.metrics.append(run, "w", _lines(2, 3), 1).lines == 3
    assert client.metrics.mark(run, "w").lines == 3
    (series,) = client.metrics.list(run)
    assert (series.name, series.values) == ("loss", [1, 2, 3])


def test_one_metric_is_read_and_thinned(client: WorkspaceClient, run: str) -> None:
    """The count is that of all values, however few are read."""
    client.metrics.append(run, "w", _lines(*range(100)), 0)
    (series,) = client.metrics.list(run, "loss", points=10)
    assert series.count == 100
    assert len(series.values) <= 10
    assert client.metrics.list(run, "other") == []


def test_a_gap_and_an_unknown_kind_are_refused(client: WorkspaceClient, run: str) -> None:
    """Nothing is passed over in silence."""
    with pytest.raises(WrongState):
        client.metrics.append(run, "w", _lines(1), 5)
    with pytest.raises(InvalidRequest):
        client.metrics.append(run, "w", b'{"n": "x", "k": "nope", "v": 1, "t": 1}\n', 0)
