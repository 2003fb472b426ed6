"""RunDetails of a sweep: its trials, which was best, and pictures of how they went."""

from __future__ import annotations

import base64
import re
from types import SimpleNamespace
from typing import Any
from xml.dom import minidom

from tests.sdk.test_widgets import FakeRun

from runyard.protocol.metrics import SCALAR, MetricSeries
from runyard.protocol.runs import RunRecord
from runyard.protocol.sweeps import (
    HYPERDRIVE,
    Objective,
    ParameterSpec,
    SweepColumn,
    SweepRecord,
    SweepSpec,
    SweepTable,
    TrialQuery,
    TrialRecord,
)
from runyard.sdk.notebook import sweep_pictures
from runyard.sdk.widgets import RunDetails

SPACE = [
    ParameterSpec("--lr", "number", low=0.01, high=1.0, log=True),
    ParameterSpec("--opt", "choice", choices=["<sgd>", "adam"]),
]
VALUES = [0.5, None, 0.9, 0.7]
COLUMNS = [
    SweepColumn("number", "number", "linear", [0, 1, 2, 3]),
    SweepColumn("--lr", "param", "log", [0.01, 0.02, 1.0, 0.1]),
    SweepColumn("--opt", "param", "category", ["<sgd>", "adam", "<sgd>", None]),
    SweepColumn("acc", "value", "linear", VALUES),
    SweepColumn("state", "state", "category", ["completed", "failed", "stopped", "running"]),
    SweepColumn("seconds", "seconds", "linear", [1.0, 2.0, 3.0, 4.0]),
    SweepColumn("best", "best", "linear", [0.5, 0.5, 0.9, 0.9]),
]


class FakeService:
    """The service as the card asks it."""

    sweeps = metrics = property(lambda self: self)
    files = SimpleNamespace(list=lambda *_, **__: [])

    def __init__(self, record: RunRecord, *, ended: bool = True) -> None:
        self.runs = SimpleNamespace(get=lambda _: record)
        self.ended = ended
        self.asked: list[str] = []

    def get(self, sweep: str) -> SweepRecord:
        spec = SweepSpec("e", SPACE, [Objective("acc", "maximize")], max_trials=8)
        counts = {"completed": 1, "failed": 1}
        ended = "2026-01-01T00:00:00Z" if self.ended else None
        return SweepRecord(
            sweep, "w", "Completed", "", spec, ended_at=ended, counts=counts, reason="because"
        )

    def trials(self, sweep: str, query: TrialQuery, limit: int) -> list[TrialRecord]:
        assert (query.state, limit) == ("failed", 5)
        return [TrialRecord(1, "failed", run=f"{sweep}_1", reason="<b>it diverged")]

    def table(self, sweep: str) -> SweepTable:
        assert sweep == "HD_1"
        return SweepTable(COLUMNS, 4)

    def read_many(
        self, runs: list[str], names: list[str], points: int
    ) -> dict[str, list[MetricSeries]]:
        self.asked = list(runs)
        assert names == ["acc"]
        assert points
        return {run: [MetricSeries("acc", SCALAR, 2, values=[0.1, 0.2])] for run in runs}


class FakeSweep(FakeRun):
    """A sweep of four trials."""

    id = "HD_1"

    def __init__(self, status: str = "Completed") -> None:
        super().__init__(status)
        self.service = FakeService(self._refresh(), ended=status == "Completed")

    def _refresh(self) -> RunRecord:
        return RunRecord(
            id=self.id,
            workspace="w",
            experiment="e",
            number=1,
            status=self.status,
            target="local",
            created_at="2026-01-01T00:00:00Z",
            run_type=HYPERDRIVE,
        )


def test_the_trials_in_a_terminal(capsys):
    """The best first, those without a value last, and how the best value came about."""
    RunDetails(FakeSweep()).show()
    out = capsys.readouterr().out
    assert "2 of" not in out
    assert "4 of at most 8: 1 completed, 1 failed" in out
    assert "maximize acc" in out
    assert "0.9 by HD_1_2" in out
    lines = out.splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("Child"))
    assert lines[head].split() == ["Child", "Status", "--lr", "--opt", "acc"]
    assert [line.split()[0] for line in lines[head + 1 : head + 5]] == [
        *("HD_1_2", "HD_1_3", "HD_1_0", "HD_1_1")
    ]
    assert lines[head + 1].split() == ["HD_1_2", "Stopped", "1", "<sgd>", "0.9"]
    assert "trial 0" in out


def test_what_a_sweep_waits_for_is_told(capsys):
    """Of one that has ended it is why it has."""
    RunDetails(FakeSweep("Running")).show()
    assert "Waits for" in capsys.readouterr().out
    RunDetails(FakeSweep()).show()
    assert "Ended because" in capsys.readouterr().out


def test_a_notebook_shows_best_table_curves_and_coordinates(notebook):
    """What users chose as names and values cannot become part of the page."""
    sweep = FakeSweep()
    RunDetails(sweep).show()
    page = notebook.page
    assert ">HD_1_2</td>" in page
    assert "<sgd>" not in page
    assert "<progress" in page
    assert "it diverged" in page
    assert sweep.service.asked == ["HD_1_2", "HD_1_3", "HD_1_0"]
    best, coordinates, curves = map(_parsed, _images(page))
    assert len(best.getElementsByTagName("polyline")) == 1
    assert len(coordinates.getElementsByTagName("polyline")) == 4
    assert len(curves.getElementsByTagName("polyline")) == 3


def test_a_card_of_a_thousand_trials_stays_small():
    """A notebook with it can be saved, sent and opened: at most 300 lines, at most 60 KB."""
    axes = [
        SweepColumn(f"--param{n}", "param", "linear", [k * 1.7 % 9 for k in range(1000)])
        for n in range(11)
    ]
    ranks = [k / 999 for k in range(1000)]
    drawn = sweep_pictures.parallel_coordinates(axes, ranks)
    assert len(drawn) < 40_000
    (picture,) = _images(drawn)
    assert 100 < picture.count("<polyline") <= 300


def test_programs_read_the_trials():
    """`child_runs` in v1's words: a child that the policy stopped is Canceled."""
    first = RunDetails(FakeSweep()).get_widget_data()["child_runs"][0]
    assert (first["run_id"], first["status"], first["best_metric"]) == ("HD_1_2", "Canceled", 0.9)
    assert (first["param_--lr"], first["param_--opt"]) == (1.0, "<sgd>")


def _images(page: str) -> list[str]:
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', page)
    return [base64.b64decode(one).decode() for one in found]


def _parsed(picture: str) -> Any:
    return minidom.parseString(picture)


def _drawn(images: str) -> Any:
    (picture,) = _images(images)
    return _parsed(picture)


def test_pictures_take_any_values():
    """Infinities, one value alone, values of several types, and none at all."""
    infinite = [1.0, float("inf"), float("nan"), -1e308, 1e308]
    assert len(_drawn(sweep_pictures.curves("a<b", [infinite])).getElementsByTagName("line")) == 1
    assert len(_drawn(sweep_pictures.curves("x", [[2.0]])).getElementsByTagName("circle")) == 1
    assert sweep_pictures.curves("x", [[float("nan")]]) == ""
    odd = [
        SweepColumn("one", "param", "linear", [3, 3, 3]),
        SweepColumn("mixed", "param", "linear", ["a", 2, None]),
        SweepColumn("zero", "param", "log", [0.0, 1.0, 2.0]),
        SweepColumn("acc", "value", "linear", [float("nan"), None, 1.0]),
    ]
    drawn = _drawn(sweep_pictures.parallel_coordinates(odd, [None, None, 0.0]))
    assert len(drawn.getElementsByTagName("polyline")) == 3
    assert sweep_pictures.parallel_coordinates([], []) == ""
