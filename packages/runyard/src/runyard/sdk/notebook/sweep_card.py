"""What a card shows of a sweep: its trials, how they went, and which was best.

One table of the service has all of it but the curves, which are read of the best trials alone, and
why trials failed.
"""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from runyard.protocol.metrics import SCALAR
from runyard.protocol.sweeps import (
    COMPLETED,
    FAILED,
    MAXIMIZE,
    PAUSED,
    STOPPED,
    SweepColumn,
    TrialQuery,
)
from runyard.sdk import charts
from runyard.sdk.notebook import html, pictures, sweep_pictures

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient

# A screen of a terminal; a notebook has pictures for the others.
IN_TEXT, IN_HTML = 20, 10
_CURVES, _POINTS = 10, 60
_FAILED = 5
_PARAMS = 8
# v1's widget had no other word for a child that a policy stopped.
_V1_STATUS = {STOPPED: "Canceled", PAUSED: "Canceled"}


class Trial(NamedTuple):
    """One trial as the card shows it; `rank` is from 0, the best, to 1."""

    number: int
    state: str
    params: Dict[str, Any]
    best: Optional[float]
    seconds: float
    rank: Optional[float] = None


class SweepCard:
    """The trials of a sweep as they are now.

    Args:
        service: The workspace.
        run_id: The sweep.

    Raises:
        RunyardError: The service refused, or cannot be reached.
    """

    def __init__(self, service: WorkspaceClient, run_id: str) -> None:
        self._service = service
        self._id = run_id
        self._sweep = service.sweeps.get(run_id)
        table = service.sweeps.table(run_id)
        self._columns = table.columns
        self.total = table.total
        self.goal = self._sweep.spec.objectives[0]
        self.trials = _ranked(_trials(table.columns), self.goal.goal == MAXIMIZE)

    def rows(self) -> List[Tuple[str, str]]:
        """What is said of the whole sweep."""
        counts = ", ".join(f"{count} {state}" for state, count in self._sweep.counts.items())
        limit = self._sweep.spec.max_trials
        rows = [
            ("Trials", f"{self.total} of at most {limit}: {counts}" if limit else counts),
            ("Goal", f"{self.goal.goal} {self.goal.name}"),
        ]
        best = self.best
        if best is not None:
            rows.append(("Best", f"{best.best:.6g} by {self.child(best)}"))
        why = "Ended because" if self._sweep.ended_at else "Waits for"
        return [*rows, (why, self._sweep.reason)]

    @property
    def best(self) -> Optional[Trial]:
        """The best trial, None while no trial has a value."""
        first = self.trials[0] if self.trials else None
        return None if first is None or first.best is None else first

    def child(self, trial: Trial) -> str:
        """The id of a trial's run."""
        return f"{self._id}_{trial.number}"

    def text(self) -> str:
        """The table of the best trials and how the best value came about, for a terminal."""
        names = self._names()
        lines = [["Child", "Status", *names, self.goal.name]]
        lines += [self._cells(trial, names) for trial in self.trials[:IN_TEXT]]
        widths = [max(map(len, column)) for column in zip(*lines)]
        shown = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in lines]
        if self.total > IN_TEXT:
            shown.append(f"… and {self.total - IN_TEXT} more")
        chart = self._best_so_far(plain=charts.plain_for(sys.stdout))
        return "\n".join([*shown, *([""] if chart else []), *chart])

    def parts(self) -> List[str]:
        """Head, pictures and tables as HTML, what matters most first."""
        return [
            self._progress(),
            self._table(),
            self._best_image(),
            sweep_pictures.parallel_coordinates(
                [c for c in self._columns if c.role in ("param", "value")], self._ranks()
            ),
            sweep_pictures.curves(self.goal.name, self._curves()),
            self._failures(),
        ]

    def _progress(self) -> str:
        limit = self._sweep.spec.max_trials or self._sweep.space_size or 0
        done = sum(self._sweep.counts.get(state, 0) for state in (COMPLETED, STOPPED, FAILED))
        bar = f'<progress max="{limit}" value="{min(done, limit)}"></progress> ' if limit else ""
        rows = [(name, value) for name, value in self.rows() if value]
        return html.pairs(rows, before=bar)

    def _table(self) -> str:
        names = self._names()[:_PARAMS]
        rows = [self._cells(trial, names) for trial in self.trials[:IN_HTML]]
        more = self.total - len(rows)
        note = html.note(f"… and {more} more") if more > 0 else ""
        return html.table(["Child", "Status", *names, self.goal.name], rows) + note

    def _best_image(self) -> str:
        best = next((column for column in self._columns if column.role == "best"), None)
        if best is None:
            return ""
        title = f"best {self.goal.name} so far"
        return pictures.lines(title, [(self._numbers(), best.values)], 340, 150, steps=True)

    def _failures(self) -> str:
        if not self._sweep.counts.get(FAILED):
            return ""
        query = TrialQuery(state=FAILED)
        failed = list(self._service.sweeps.trials(self._id, query, limit=_FAILED))
        rows = [[one.run or f"{self._id}_{one.number}", one.reason] for one in failed]
        return html.table(["Failed", "Reason"], rows)

    def _ranks(self) -> List[Optional[float]]:
        by_number = {trial.number: trial.rank for trial in self.trials}
        return [by_number[number] for number in self._numbers()]

    def child_runs(self) -> List[Dict[str, Any]]:
        """The trials in the words of v1's widget."""
        return [
            {
                "run_id": self.child(trial),
                "run_number": trial.number,
                "status": _V1_STATUS.get(trial.state, trial.state.capitalize()),
                "duration": trial.seconds,
                "hyperdrive_id": self._id,
                "metric": trial.best,
                "best_metric": trial.best,
                **{f"param_{name}": value for name, value in trial.params.items()},
            }
            for trial in self.trials
        ]

    def _names(self) -> List[str]:
        return [column.name for column in self._columns if column.role == "param"]

    def _numbers(self) -> List[int]:
        return next(column.values for column in self._columns if column.role == "number")

    def _cells(self, trial: Trial, names: Sequence[str]) -> List[str]:
        values = [trial.params.get(name) for name in names]
        best = "" if trial.best is None else f"{trial.best:.6g}"
        return [self.child(trial), trial.state.capitalize(), *map(_brief, values), best]

    def _best_so_far(self, *, plain: bool) -> List[str]:
        best = next((column for column in self._columns if column.role == "best"), None)
        if best is None:
            return []
        return charts.best_so_far(self._numbers(), best.values, plain=plain)

    def _curves(self) -> List[List[float]]:
        """What the best trials have logged, one value after another."""
        first = [self.child(trial) for trial in self.trials[:_CURVES] if trial.best is not None]
        if not first:
            return []
        found = self._service.metrics.read_many(first, [self.goal.name], _POINTS)
        return [
            [float(v) for v in one.values if isinstance(v, (int, float))]
            for child in first
            for one in found[child]
            if one.kind == SCALAR
        ]


def _trials(columns: Sequence[SweepColumn]) -> List[Trial]:
    # Of several goals there are several columns of a role: the first one's counts.
    by_role = {column.role: column.values for column in reversed(columns)}
    params = [column for column in columns if column.role == "param"]
    return [
        Trial(
            number,
            by_role["state"][row],
            {each.name: each.values[row] for each in params if each.values[row] is not None},
            by_role["value"][row],
            by_role["seconds"][row],
        )
        for row, number in enumerate(by_role["number"])
    ]


def _ranked(trials: Sequence[Trial], largest: bool) -> List[Trial]:
    """The trials, best first and those without a value last, each with its rank."""
    sign = -1.0 if largest else 1.0
    known = [(sign * t.best, t) for t in trials if t.best is not None and math.isfinite(t.best)]
    known.sort(key=lambda pair: pair[0])
    last = max(1, len(known) - 1)
    ranked = [trial._replace(rank=place / last) for place, (_, trial) in enumerate(known)]
    return ranked + [
        trial for trial in trials if trial.best is None or not math.isfinite(trial.best)
    ]


def _brief(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)
