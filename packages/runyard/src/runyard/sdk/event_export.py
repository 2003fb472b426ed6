"""Metrics of runs as event files.

    logged                what TensorBoard shows
    log                   a scalar; its step, or its number where none was given
    log_list              a scalar over all cells of all lists of the name, counted (v1's rule)
    log_row, log_table    a scalar `name/column` for each column of numbers

Texts and pictures are left out, and so is what came from event files: those are there already.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Iterable, Iterator, List, Optional, Tuple

from runyard.client.event_files import EventWriter
from runyard.protocol import metrics as kinds
from runyard.sdk.metrics import SPECIAL

if TYPE_CHECKING:
    from pathlib import Path

    from runyard.protocol.metrics import MetricSeries

SECOND_US = 1e6


class MetricsExport:
    """Writes what is new among a run's metrics into one event file, which the first number makes.

    Args:
        folder: The folder of the run's event file.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writer: Optional[EventWriter] = None
        self._done: Dict[str, int] = {}
        self._cells: Dict[str, int] = {}

    def add(self, found: Iterable[MetricSeries]) -> None:
        """Write the points that were not there the last time."""
        for series in found:
            if series.source != kinds.TENSORBOARD:
                self._add(series)
        if self._writer is not None:
            self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()

    def _add(self, series: MetricSeries) -> None:
        first = self._done.get(series.name, 0)
        self._done[series.name] = len(series.values)
        for place in range(first, len(series.values)):
            when = series.times[place] / SECOND_US
            step = series.steps[place]
            if series.kind == kinds.SCALAR:
                value = _number(series.values[place], place in series.nonfinite)
                self._write(series.name, place if step is None else step, when, value)
                continue
            for tag, cell in _cells(series.name, series.kind, series.values[place]):
                number = self._cells.get(tag, 0)
                self._cells[tag] = number + 1
                self._write(tag, number, when, _number(cell, special=True))

    def _write(self, tag: str, step: int, when: float, value: Optional[float]) -> None:
        if value is None:
            return
        if self._writer is None:
            self._writer = EventWriter(self._folder)
        self._writer.scalar(tag, value, step, when)


def _cells(name: str, kind: str, value: Any) -> Iterator[Tuple[str, Any]]:
    """The cells of what was logged at once, each with its tag."""
    if kind == kinds.LIST:
        for cell in value:
            yield name, cell
    elif kind in (kinds.ROW, kinds.TABLE):
        for column, cells in value.items():
            for cell in cells if isinstance(cells, list) else [cells]:
                yield f"{name}/{column}", cell


def _number(value: Any, special: bool) -> Optional[float]:
    """A value as a number; None for one that is none."""
    if special and isinstance(value, str):
        return SPECIAL.get(value)
    if not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


def export(runs: Iterable[Any], folder: Path, recursive: bool) -> List[Path]:
    """Write the metrics of runs, and of those below them, and return the folders.

    Args:
        runs: The runs.
        folder: Gets a folder for each, named by its id.
        recursive: Whether children are written, each below its parent.
    """
    made = []
    for run in runs:
        place = folder / run.id
        place.mkdir(parents=True, exist_ok=True)
        written = MetricsExport(place)
        written.add(run.service.metrics.list(run.id))
        written.close()
        made.append(place)
        if recursive:
            made += export(run.get_children(), place, recursive)
    return made
