"""How sweeps look: in a list, on their own with trials and pictures, and as lines with commas."""

import csv
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from runyard.protocol.runs import TERMINAL
from runyard.protocol.sweeps import (
    MAXIMIZE,
    NO_POLICY,
    SweepColumn,
    SweepRecord,
    SweepTable,
    TrialRecord,
)
from runyard.sdk import charts, sweep_words
from runyard_server.cli import humane, output, tables
from runyard_server.cli.tables import Column, Row
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.texts import Styled, cut_middle

COLUMNS = [
    Column("SWEEP", cut=cut_middle, least=20),
    Column("EXPERIMENT", worth=2, cut=cut_middle),
    Column("STATUS", least=15),
    Column("TRIALS", right=True),
    Column("RUNNING", right=True, worth=3),
    Column("BEST", wanted=28, least=16),
    Column("SAMPLER", worth=1),
    Column("AGE", right=True, worth=4),
]
STATES = {"completed": "green", "failed": "red", "stopped": "yellow", "canceled": "yellow"}
CHART_WIDTH = 60
DEFAULT_BAR = 30


def row(record: SweepRecord) -> Row:
    """A sweep's cells for `COLUMNS`."""
    return (
        record.name or record.id,
        record.spec.experiment,
        humane.status("Paused" if _is_paused(record) else record.status),
        sweep_words.count_of(record),
        str(record.counts.get("running", 0) or ""),
        sweep_words.best_of(record),
        record.spec.sampler.name,
        humane.age(record.created_at),
    )


def show(client: WorkspaceClient, record: SweepRecord, top: int) -> None:
    """Print all there is to know of a sweep at a glance.

    Args:
        client: The workspace.
        record: The sweep.
        top: How many of the best trials.
    """
    output.facts(_facts(record))
    table = client.sweeps.table(record.id)
    if not table.total:
        return
    _trials(record, table, top)
    plain = charts.plain_for(sys.stdout)
    room = min(CHART_WIDTH, (output.columns() or CHART_WIDTH) - 16)
    columns = {column.role: column.values for column in table.columns}
    lines = charts.best_so_far(
        columns["number"], columns.get("best", []), plain=plain, width=max(1, room)
    )
    _picture(f"Best {record.spec.objectives[0].name} so far", lines)
    # Last, below what is on the screen already: the first time the service loads Optuna for it.
    found = client.sweeps.importance(record.id)
    pairs = [(each.name, each.importance) for each in found.items]
    _picture("How much each parameter decides", charts.bars(pairs, plain=plain))


def best(record: SweepRecord, found: Sequence[TrialRecord]) -> None:
    """Print the best trial of a sweep, or all that are on its front.

    Args:
        record: The sweep.
        found: The trials.
    """
    goals = [goal.name for goal in record.spec.objectives]
    if len(goals) == 1:
        output.facts(_best_facts(record, found[0]))
        return
    names = [each.name for each in record.spec.space]
    rows = [sweep_words.row_of(trial, goals) for trial in found]
    shown = ["number", *goals, *(name for name in names if any(name in each for each in rows))]
    tables.show(
        [Column(name.upper() if name == "number" else name, right=True) for name in shown],
        ([_value(each.get(name)) for name in shown] for each in rows),
        "",
    )


def limits(record: SweepRecord) -> str:
    """What bounds a sweep, in words."""
    spec = record.spec
    seconds = spec.max_duration_seconds
    parts = [
        "paused" if _is_paused(record) else "",
        f"at most {spec.max_trials} trials" if spec.max_trials else "",
        f"{spec.parallel} at once" if spec.parallel else "",
        f"{humane.seconds(seconds)} in all" if seconds else "",
    ]
    return ", ".join(part for part in parts if part) or "no limits"


def as_csv(record: SweepRecord, trials: Iterable[TrialRecord]) -> str:
    """All trials with commas between their fields.

    Args:
        record: The sweep.
        trials: Its trials.
    """
    goals = [goal.name for goal in record.spec.objectives]
    own = ["number", "state", *(each.name for each in record.spec.space), *goals]
    more = ["best", "position", "run", "from_trial", "started_at", "ended_at", "reason"]
    names = [*own, *(name for name in more if name not in own)]
    text = io.StringIO()
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for trial in trials:
        fields = {name: getattr(trial, name) for name in more}
        writer.writerow({**fields, **sweep_words.row_of(trial, goals)})
    return text.getvalue()


def _is_paused(record: SweepRecord) -> bool:
    return record.paused and record.status not in TERMINAL


def _facts(record: SweepRecord) -> Iterator[tuple[str, str | Styled]]:
    spec = record.spec
    yield "Sweep", record.id
    yield "Name", record.name or ""
    yield "Experiment", spec.experiment
    yield "Status", humane.status("Paused" if _is_paused(record) else record.status)
    yield ("Reason" if record.status in TERMINAL else "Waits"), record.reason
    yield "Trials", sweep_words.states_of(record)
    yield "Best", sweep_words.best_of(record)
    yield "Goal", ", ".join(f"{goal.goal} {goal.name}" for goal in spec.objectives)
    yield "Sampler", _named(spec.sampler.name, spec.sampler.options)
    if spec.policy.name != NO_POLICY:
        yield "Policy", _named(spec.policy.name, spec.policy.options)
    yield "Limits", limits(record)
    yield "Seed", str(spec.seed)
    yield "Learns from", ", ".join(spec.resume_from)
    yield "Created", f"{record.created_at} ({humane.ago(record.created_at)})"
    yield "Ran", humane.between(record.created_at, record.ended_at)
    yield "Warnings", "\n".join(record.warnings)


def _named(name: str, options: dict[str, Any]) -> str:
    return " ".join([name, *(f"{key}={value}" for key, value in options.items())])


def _best_facts(record: SweepRecord, trial: TrialRecord) -> Iterator[tuple[str, str | Styled]]:
    goal = record.spec.objectives[0]
    yield goal.name, _value(trial.best)
    for name, value in trial.params.items():
        yield name, str(value)
    yield "Trial", f"{trial.number} of {record.id}"
    yield "State", Styled(trial.state, STATES.get(trial.state, ""))
    yield "Run", trial.run or ""


def _trials(record: SweepRecord, table: SweepTable, top: int) -> None:
    """Print the best of the trials that a table holds."""
    order = _order(record, table)[:top]
    shown = [each for each in table.columns if each.role in ("number", "value", "state")]
    params = [each for each in table.columns if each.role == "param"]
    seconds = next(each for each in table.columns if each.role == "seconds")
    columns = [shown[0], *shown[1:-1], *params, shown[-1]]
    if not order:
        return
    output.say()
    tables.show(
        [*map(_column, columns), Column("TIME", right=True, worth=1)],
        (
            [
                *(_cell(column, column.values[place]) for column in columns),
                humane.seconds(seconds.values[place] or 0.0),
            ]
            for place in order
        ),
        "",
    )
    if table.total > len(order):
        output.say(f"... of {table.total}: `runyard sweeps export {record.id}` has all")


def _order(record: SweepRecord, table: SweepTable) -> list[int]:
    """The places of trials in the table, best first, those without a value last, newest first."""
    values = [each.values for each in table.columns if each.role == "value"]
    sign = -1.0 if record.spec.objectives[0].goal == MAXIMIZE else 1.0
    places = range(len(values[0]))
    valued = [place for place in places if values[0][place] is not None]
    front = {trial.number for trial in record.front}
    numbers = table.columns[0].values
    # The front first: of several objectives the first alone would order it.
    valued.sort(key=lambda place: (numbers[place] not in front, sign * values[0][place]))
    return [*valued, *(place for place in reversed(places) if values[0][place] is None)]


def _column(column: SweepColumn) -> Column:
    if column.role == "number":
        return Column("TRIAL", right=True)
    if column.role == "state":
        return Column("STATE")
    return Column(column.name, right=column.scale != "category", worth=5)


def _cell(column: SweepColumn, value: Any) -> str | Styled:
    if column.role == "state":
        return Styled(value, STATES.get(value, ""))
    return _value(value)


def _value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def _picture(title: str, lines: Sequence[str]) -> None:
    if lines:
        output.say()
        output.say(Styled(title, "bold"))
        for line in lines:
            output.say(line)
