"""RunDetails of a pipeline in a notebook: its graph, and how each step stands."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace
from typing import Any
from xml.dom import minidom

import pytest
from tests.sdk.test_widgets import FakeRun

from runyard.protocol.pipelines import PIPELINE_RUN, EdgeRecord, PipelineRecord, StepRecord
from runyard.protocol.runs import RunRecord
from runyard.sdk.widgets import RunDetails

BEGAN, ENDED = "2026-01-01T00:00:00Z", "2026-01-01T00:00:04.500Z"


class FakePipeline(FakeRun):
    """A pipeline of a step that was reused, one that failed, and so many that need it."""

    id = "p-1"

    def __init__(self, others: int = 1) -> None:
        super().__init__()
        told = ["reused from r-0", "r-0"]
        first = StepRecord("a", "<prepare>", "Step", "r-a", "settled", "Completed", "", *told)
        times = {"started_at": BEGAN, "ended_at": ENDED}
        new = "runs: new"
        train = StepRecord("b", "train", "Step", "r-b", "over", "Failed", "", new, layer=1, **times)
        nodes = [first, train]
        edges = [EdgeRecord("a", "b", "data", "clean")]
        for number in range(others):
            key = f"c{number}"
            nodes.append(
                StepRecord(key, key, "Step", f"r-{key}", "over", "Canceled", "it needs b", layer=2)
            )
            edges += [EdgeRecord("b", key, "order"), EdgeRecord("b", key, "order")]
        record = PipelineRecord(self.id, "w", "e", "Failed", BEGAN, nodes=nodes, edges=edges)
        none = SimpleNamespace(list=lambda *_, **__: [])
        self.service = SimpleNamespace(
            runs=SimpleNamespace(get=lambda _: self._refresh()),
            pipelines=SimpleNamespace(get={self.id: record}.get),
            metrics=none,
            files=none,
        )

    def _refresh(self) -> RunRecord:
        return RunRecord(self.id, "w", "e", 1, "Failed", "local", BEGAN, run_type=PIPELINE_RUN)


def _images(page: str) -> list[Any]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [minidom.parseString(base64.b64decode(one)) for one in found]


def test_a_notebook_shows_graph_steps_and_times(notebook) -> None:
    """Boxes with state and a sign for reused ones, solid and dashed lines, why each ran or not."""
    RunDetails(FakePipeline()).show()
    graph, times = _images(notebook.page)
    texts = [one.firstChild.data for one in graph.getElementsByTagName("text")]
    assert texts == ["✓ Completed ↺ reused", "<prepare>", "✕ Failed", "train", "■ Canceled", "c0"]
    lines = graph.getElementsByTagName("path")
    assert [line.hasAttribute("stroke-dasharray") for line in lines] == [False, True]
    assert [one.firstChild.data for one in times.getElementsByTagName("text")] == ["train", "4.5 s"]
    for told in ("&lt;prepare&gt;", "reused from r-0", "runs: new", "it needs b", ">4.5 s<"):
        assert told in notebook.page
    assert "<prepare>" not in notebook.page


@pytest.mark.parametrize(("others", "images"), [(58, 2), (59, 1)])
def test_a_large_pipeline_has_a_card_of_60_kb(others: int, images: int, notebook) -> None:
    """Up to sixty steps there is a picture, of more the table says how many are not shown."""
    RunDetails(FakePipeline(others)).show()
    assert len(_images(notebook.page)) == images
    assert f"… and {others + 2 - 30} more" in notebook.page
    assert len(notebook.page.encode()) <= 60_000
