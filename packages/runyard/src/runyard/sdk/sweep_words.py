"""A sweep in words: how many trials, which is best, why it waits; as a run, the prompt and a table.

12 of 20 trials, 2 running, 1 failed; best val_acc 0.931 (trial 7: lr=0.0031 layers=2)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional

from runyard.protocol.runs import TERMINAL
from runyard.protocol.sweeps import (
    CANCELED,
    COMPLETED,
    FAILED,
    PAUSED,
    RUNNING,
    STOPPED,
)

if TYPE_CHECKING:
    from runyard.protocol.sweeps import SweepRecord, TrialRecord

ENDED = (COMPLETED, STOPPED, FAILED, CANCELED)
_NAMED = (RUNNING, PAUSED, STOPPED, FAILED, CANCELED)


def line_of(record: SweepRecord) -> str:
    """How far a sweep is, in a line.

    Args:
        record: The sweep.
    """
    count, _, states = states_of(record).partition(", ")
    noun = "trial" if count.rpartition(" ")[2] == "1" else "trials"
    line = f"{count} {noun}{f', {states}' if states else ''}"
    best = best_of(record)
    if best:
        line = f"{line}; best {best}"
    return f"{line}; {waits_for(record)}" if waits_for(record) else line


def brief(record: SweepRecord) -> str:
    """What a list of runs says of a sweep: `trials=12/20  val_acc=0.931  running=2`.

    Args:
        record: The sweep.
    """
    words = [f"trials={count_of(record).replace(' of ', '/')}"]
    goals = record.spec.objectives
    if len(goals) == 1 and record.best is not None and record.best.best is not None:
        words.append(f"{goals[0].name}={record.best.best:.6g}")
    elif record.front:
        words.append(f"front={len(record.front)}")
    states = ((state, record.counts.get(state)) for state in _NAMED)
    return "  ".join([*words, *(f"{state}={count}" for state, count in states if count)])


def states_of(record: SweepRecord) -> str:
    """How many trials have ended, and how many are in which state: `12 of 20, 2 running`.

    Args:
        record: The sweep.
    """
    counts = record.counts
    states = [f"{counts[state]} {state}" for state in _NAMED if counts.get(state)]
    return ", ".join([count_of(record), *states])


def waits_for(record: SweepRecord) -> str:
    """Why no trial of a sweep runs; "" where one does, or nothing is to come.

    Args:
        record: The sweep.
    """
    done = ended_of(record) == most_of(record) or record.status in TERMINAL
    return "" if done or record.counts.get(RUNNING) else record.reason


def count_of(record: SweepRecord) -> str:
    """How many trials have ended, of how many: `12 of 20`.

    Args:
        record: The sweep.
    """
    most = most_of(record)
    return str(ended_of(record)) if most is None else f"{ended_of(record)} of {most}"


def ended_of(record: SweepRecord) -> int:
    """How many trials have ended.

    Args:
        record: The sweep.
    """
    return sum(record.counts.get(state, 0) for state in ENDED)


def most_of(record: SweepRecord) -> Optional[int]:
    """How many trials there can be; None: endlessly many.

    Args:
        record: The sweep.
    """
    limits = [each for each in (record.spec.max_trials, record.space_size) if each is not None]
    # Points of the user's own choice may be more than the space counts.
    made = sum(record.counts.values())
    return None if not limits else max(min(limits), made)


def best_of(record: SweepRecord) -> str:
    """The best so far: metric, value, and the trial with its parameters; "" while there is none.

    Args:
        record: The sweep.
    """
    goals = record.spec.objectives
    if len(goals) > 1:
        count = len(record.front)
        return f"{count} on the front of {', '.join(goal.name for goal in goals)}" if count else ""
    best = record.best
    if best is None or best.best is None:
        return ""
    return f"{goals[0].name} {best.best:.6g} ({trial_of(best)})"


def trial_of(trial: TrialRecord) -> str:
    """A trial with its parameters: `trial 7: lr=0.0031 layers=2`.

    Args:
        trial: The trial.
    """
    return f"trial {trial.number}: {params_of(trial.params)}"


def params_of(params: Mapping[str, Any]) -> str:
    """Parameters in a line: `lr=0.0031 layers=2`.

    Args:
        params: By name.
    """
    return " ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in params.items()
    )


def row_of(trial: TrialRecord, goals: List[str]) -> Dict[str, Any]:
    """A trial as a row.

    Args:
        trial: The trial.
        goals: Names of the metrics, in the order of its values.
    """
    row: Dict[str, Any] = {"number": trial.number, "state": trial.state, **trial.params}
    values = trial.values or ([trial.best] if len(goals) == 1 else [])
    row.update((name, value) for name, value in zip(goals, values) if value is not None)
    if trial.run is not None:
        row["run"] = trial.run
    return row
