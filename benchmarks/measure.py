"""What is measured, and how: contestants of one benchmark take turns, pass after pass.

A benchmark has cases: ours, the peers', and the limit that the machine sets. In each pass every
case runs once, so that whatever else the machine does falls on all of them alike. A case checks
in the same run that its work was done (the line was printed, the run ended well); a result
without that check counts as a failure of the case.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

RESAMPLES = 4000
OURS, PEER, LIMIT, BEFORE = "ours", "peer", "limit", "before"
Figures = dict[str, float]


@dataclass(frozen=True)
class Case:
    """One contestant.

    Args:
        name: As the report shows it, with its version.
        kind: OURS, PEER, LIMIT, or BEFORE for a former commit of ours.
        once: Does the work, checks it and gives the figures by quantity; called once per pass.
        close: Ends what the case left running.
        passes: At most so many passes; 0 is as many as asked for.
    """

    name: str
    kind: str
    once: Callable[[], Figures]
    close: Callable[[], None] = lambda: None
    passes: int = 0


@dataclass(frozen=True)
class Quantity:
    """One column of a benchmark.

    Args:
        name: Key in the figures.
        title: As the report shows it.
        unit: `s`, `MB`, `processes`, `runs/s` …
        target: What we promise, in words; "" for none.
        plotted: Whether it gets a plot.
        paired: Whether the report gives the interval of ours over the limit, pass by pass.
        added: Whether it gives the interval of ours minus the limit instead, for each of ours.
    """

    name: str
    title: str
    unit: str
    target: str = ""
    plotted: bool = False
    paired: bool = False
    added: bool = False


@dataclass(frozen=True)
class Benchmark:
    """A benchmark of the list in docs/benchmarks.md."""

    id: str
    title: str
    about: str
    quantities: list[Quantity]
    cases: list[Case]
    absent: dict[str, str] = field(default_factory=dict)
    least_passes: int = 5


@dataclass(frozen=True)
class Outcome:
    """What one case gave: the figures of each pass, or why it failed."""

    case: Case
    figures: list[Figures]
    failure: str = ""

    def values(self, quantity: str) -> list[float]:
        """A quantity's figures, one per pass that has it."""
        return [figures[quantity] for figures in self.figures if quantity in figures]

    def median(self, quantity: str) -> float | None:
        """The median over the passes."""
        values = self.values(quantity)
        return statistics.median(values) if values else None


def interval(pairs: list[float]) -> tuple[float, float, float]:
    """The median of figures and the interval in which it lies with 95 %, by resampling."""
    draw = random.Random(1)
    medians = sorted(statistics.median(draw.choices(pairs, k=len(pairs))) for _ in range(RESAMPLES))
    cut = RESAMPLES // 40
    return statistics.median(pairs), medians[cut], medians[-cut - 1]


def run(benchmark: Benchmark, passes: int) -> list[Outcome]:
    """Run all cases in turns; the first pass only warms caches and is thrown away."""
    figures: dict[str, list[Figures]] = {case.name: [] for case in benchmark.cases}
    failures: dict[str, str] = {}
    try:
        for number in range(passes + 1):
            # Who goes first changes from pass to pass: what a case leaves behind for the next (a
            # warm processor, a full cache) then falls on all of them.
            first = number % len(benchmark.cases)
            for case in benchmark.cases[first:] + benchmark.cases[:first]:
                if case.name in failures or (case.passes and number > case.passes):
                    continue
                _once(case, number, figures[case.name], failures)
    finally:
        for case in benchmark.cases:
            case.close()
    return [Outcome(c, figures[c.name], failures.get(c.name, "")) for c in benchmark.cases]


def _once(case: Case, number: int, kept: list[Figures], failures: dict[str, str]) -> None:
    begun = time.monotonic()
    try:
        found = case.once()
    except Exception as error:  # noqa: BLE001 - a peer may fail in any way; the report says how
        failures[case.name] = f"{type(error).__name__}: {str(error).strip()[-300:]}"
        print(f"    {case.name}: {failures[case.name]}", file=sys.stderr, flush=True)
        return
    if number:
        kept.append(found)
    shown = "  ".join(f"{key} {value:.4g}" for key, value in found.items())
    took = time.monotonic() - begun
    print(f"    pass {number}  {case.name:32} {shown}   ({took:.1f} s)", flush=True)


@contextmanager
def stopwatch(figures: Figures, name: str) -> Iterator[None]:
    """Put the seconds that a block takes into the figures."""
    begun = time.perf_counter()
    yield
    figures[name] = time.perf_counter() - begun
