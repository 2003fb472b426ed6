"""The benchmarks' own parts: what they start by hand does what it stands for."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).resolve().parent.parent.parent / "benchmarks"


@pytest.fixture
def part(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import a module of the benchmarks; they are scripts, not a package."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(BENCHMARKS)):
            del sys.modules[name]


@pytest.mark.parametrize("way", ["tf_config", "torch"])
def test_processes_started_by_hand_meet(part: Any, tmp_path: Path, way: str) -> None:
    """The limit of the distributed launch is one: all processes have met, and said when."""
    begun = getattr(part("launching"), way)(Path(sys.executable), str(tmp_path), 3)
    marks = {path.name: float(path.read_text()) for path in tmp_path.iterdir()}
    assert set(marks) == {"0", "1", "2"}
    assert begun["begun"] < min(marks.values())
    assert max(marks.values()) < begun["ended"]


def test_a_launch_without_all_marks_is_no_result(part: Any) -> None:
    """A launcher that loses a process must not look fast."""
    b10 = part("b10_distributed")

    def launch(folder: str, count: int) -> dict[str, float]:
        del count
        Path(folder, "0").write_text("1.0")
        return {"begun": 0.0, "ended": 2.0}

    with pytest.raises(RuntimeError, match="of 2 processes there are marks of"):
        b10._measured(launch, 2)


def test_a_difference_is_told_for_each_of_ours(part: Any) -> None:
    """A target of seconds above a limit is judged pass by pass."""
    measure, report = part("measure"), part("report")
    columns = [measure.Quantity("met", "met", "s", added=True)]
    cases = [
        measure.Case("by hand", measure.LIMIT, dict),
        measure.Case("ours", measure.OURS, dict),
    ]
    benchmark = measure.Benchmark("B0", "title", "about", columns, cases)
    outcomes = [
        measure.Outcome(cases[0], [{"met": 1.0}, {"met": 3.0}]),
        measure.Outcome(cases[1], [{"met": 1.25}, {"met": 3.25}]),
    ]
    text = report.section(benchmark, outcomes, "then")
    assert "ours minus by hand, met, pass by pass: 0.250 s" in text
