"""The trials of a sweep as columns, for pictures: axes, best so far, timeline.

Of more trials than are wanted the best are kept, and of the others evenly many over the numbers,
so that a picture shows both where the good ones are and how the sweep went.
"""

from collections.abc import Sequence
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import (
    CHOICE,
    COMPLETED,
    MAXIMIZE,
    ParameterSpec,
    SweepColumn,
    SweepImportance,
    SweepSpec,
    SweepTable,
    TableQuery,
)
from runyard_server.core.clock import SECOND
from runyard_server.core.lookups import sweep_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import study
from runyard_server.store import sweeps
from runyard_server.store.sweeps import SweepRow, TrialRow

LINEAR, LOG, CATEGORY = "linear", "log", "category"
MOST = 10_000


def table(system: System, workspace: str, sweep: str, query: TableQuery) -> SweepTable:
    """The trials of a sweep as columns, in order of number.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
        query: What is asked for.

    Raises:
        NotFound: No such sweep in the workspace.
        InvalidRequest: Less than one trial is wanted.
    """
    if query.trials < 1:
        raise InvalidRequest(f"trials is {query.trials}; use 1 or more")

    def read(work: Work) -> tuple[SweepSpec, list[TrialRow]]:
        row = sweep_row(work, workspace, sweep)
        return study.spec_of(row), list(sweeps.all_trials(work.connection, row.key))

    spec, found = system.read(read)
    # Of all trials, before some are left out: the curve must not depend on which.
    best = _best_so_far(spec, found)
    chosen = _chosen(spec, found, min(query.trials, MOST))
    return SweepTable(_columns(spec, found, best, chosen, system.clock.now_us()), len(found))


def importance(system: System, workspace: str, sweep: str) -> SweepImportance:
    """How much each parameter of a sweep decides; worked out anew when more trials have completed.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        sweep: Id of the sweep.

    Raises:
        NotFound: No such sweep in the workspace.
    """
    row = system.read(lambda work: sweep_row(work, workspace, sweep))
    done = row.counts.get(COMPLETED, 0)
    return system.studies.remembered(row.subject, done, lambda: _importance(system, row))


def _importance(system: System, row: SweepRow) -> SweepImportance:
    # It brings Optuna, which takes seconds: nobody waits for that who does not ask for this.
    from runyard_server.tuning import importance

    def read(work: Work) -> list[tuple[dict[str, Any], list[float]]]:
        found = sweeps.all_trials(work.connection, row.key)
        return [
            (each.params, list(values))
            for each in found
            if each.state == COMPLETED and (values := study.finite(each.results)) is not None
        ]

    spec = study.spec_of(row)
    return importance.importance(spec.space, spec.objectives, system.read(read))


def _columns(
    spec: SweepSpec,
    found: Sequence[TrialRow],
    best: Sequence[float | None],
    chosen: Sequence[int],
    now: int,
) -> list[SweepColumn]:
    rows = [found[index] for index in chosen]
    params = [
        SweepColumn(each.name, "param", _scale(each), [row.params.get(each.name) for row in rows])
        for each in spec.space
    ]
    values = [
        SweepColumn(goal.name, "value", LINEAR, [_value(row, place) for row in rows])
        for place, goal in enumerate(spec.objectives)
    ]
    columns = [
        SweepColumn("number", "number", LINEAR, [row.number for row in rows]),
        *params,
        *values,
        SweepColumn("state", "state", CATEGORY, [row.state for row in rows]),
        SweepColumn("seconds", "seconds", LINEAR, [_seconds(row, now) for row in rows]),
        SweepColumn("position", "position", LINEAR, [row.position for row in rows]),
    ]
    if len(spec.objectives) == 1:
        columns.append(SweepColumn("best", "best", LINEAR, [best[index] for index in chosen]))
    return columns


def _scale(parameter: ParameterSpec) -> str:
    if parameter.kind == CHOICE:
        return CATEGORY
    return LOG if parameter.log else LINEAR


def _value(row: TrialRow, place: int) -> float | None:
    return row.results[place] if place < len(row.results) else None


def _seconds(row: TrialRow, now: int) -> float:
    return round(((row.ended_at or now) - row.started_at) / SECOND, 6)


def _best_so_far(spec: SweepSpec, found: Sequence[TrialRow]) -> list[float | None]:
    best: float | None = None
    line = []
    for row in found:
        value = _value(row, 0)
        if value is not None:
            best = study.better_of(spec.objectives[0], best, value)
        line.append(best)
    return line


def _chosen(spec: SweepSpec, found: Sequence[TrialRow], wanted: int) -> list[int]:
    """The places of the trials that are shown: half of them the best."""
    if len(found) <= wanted:
        return list(range(len(found)))
    sign = -1.0 if spec.objectives[0].goal == MAXIMIZE else 1.0
    # With the place, so that of equal ones the first are kept, whoever asks.
    valued = [(sign * v, i) for i, row in enumerate(found) if (v := _value(row, 0)) is not None]
    chosen = {index for _, index in sorted(valued)[: (wanted + 1) // 2]}
    left = [index for index in range(len(found)) if index not in chosen]
    more = wanted - len(chosen)
    chosen.update(left[len(left) * k // more] for k in range(more))
    return sorted(chosen)
