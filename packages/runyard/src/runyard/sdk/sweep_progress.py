"""How far a sweep is, in a line that is renewed on a terminal and written anew elsewhere.

12 of 20 trials, 2 running, 1 failed; best val_acc 0.931 (trial 7: lr=0.0031 layers=2)
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any, Mapping, Optional

from runyard.protocol.sweeps import CANCELED, COMPLETED, FAILED, PAUSED, RUNNING, STOPPED
from runyard.sdk.exceptions import translated
from runyard.sdk.run_base import TERMINAL

if TYPE_CHECKING:
    from runyard.protocol.sweeps import SweepRecord, TrialRecord
    from runyard.sdk.runs import Run

ENDED = (COMPLETED, STOPPED, FAILED, CANCELED)
_NAMED = (RUNNING, PAUSED, STOPPED, FAILED, CANCELED)
COMPLETED_RUN = "Completed"
# Trials that end in a burst are told together: reading takes the service's time.
_SECONDS = 0.2
_WIDTH = 100


def show(run: Run) -> None:
    """Follow a sweep to its end, with a line for each change; nothing is asked in between.

    Args:
        run: The sweep.
    """
    line = _Line()
    line.print(f"RunId: {run.id}\nWeb View: {run.get_portal_url()}\n")
    with translated():
        record = run._refresh()
        found = run.service.sweeps.get(run.id)
        line.renew(line_of(found))
        since = time.monotonic()
        if record.status not in TERMINAL:
            for _ in run.service.events.follow(run.id, record.last_event):
                if time.monotonic() - since >= _SECONDS:
                    since = time.monotonic()
                    line.renew(line_of(run.service.sweeps.get(run.id)))
        found = run.service.sweeps.get(run.id)
    line.renew(line_of(found))
    line.end()
    why = f": {found.reason}" if found.reason and found.status != COMPLETED_RUN else ""
    line.print(f"{found.status}{why}\n")


def line_of(record: SweepRecord) -> str:
    """How far a sweep is, in a line.

    Args:
        record: The sweep.
    """
    parts = [f"{count_of(record)} trials"]
    parts += [f"{record.counts[state]} {state}" for state in _NAMED if record.counts.get(state)]
    line = ", ".join(parts)
    best = best_of(record)
    if best:
        line = f"{line}; best {best}"
    return f"{line}; {waits_for(record)}" if waits_for(record) else line


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


class _Line:
    """The last line of the output, written over on a terminal."""

    def __init__(self) -> None:
        self._terminal = sys.stdout.isatty()
        self._last = ""

    def renew(self, text: str) -> None:
        """Show a line in place of the former one; the same again shows nothing."""
        if text == self._last:
            return
        if self._terminal:
            shown = text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1]}…"
            self.print(f"\r\x1b[K{shown}")
        else:
            self.print(f"{text}\n")
        self._last = text

    def end(self) -> None:
        """Leave the line as it is and begin another."""
        self.print("\n\n" if self._terminal else "\n")

    def print(self, text: str) -> None:
        """Write to stdout, whatever it can encode."""
        out = sys.stdout
        encoding = getattr(out, "encoding", None) or "ascii"
        out.write(text.encode(encoding, "replace").decode(encoding))
        out.flush()
