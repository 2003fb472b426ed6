"""How sweeps end: when no further trial comes, and what is said then.

A sweep ends once nothing brings a further trial and none is open. `Completed` if a trial has
completed or was stopped by the policy, `Failed` when all have failed, `Canceled` after a cancel.
"""

from dataclasses import dataclass

from runyard.protocol import runs as states
from runyard.protocol import sweeps as protocol
from runyard.protocol.runs import RunError
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.work import Work
from runyard_server.execution.study import Study
from runyard_server.store import sweeps
from runyard_server.store.runs import RunRow
from runyard_server.store.sweeps import SweepRow

_NAMED = 3
_GOOD = (protocol.COMPLETED, protocol.STOPPED, protocol.PAUSED)
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


@dataclass(frozen=True, slots=True)
class Drained:
    """That no further trial comes, and why.

    Args:
        reason: In words.
        now: What is open is canceled.
        failed: The sweep has failed.
        over: The reason in words once nothing is open any more, where it is another.
    """

    reason: str
    now: bool = False
    failed: bool = False
    over: str = ""


def drained(study: Study, row: SweepRow, run: RunRow, now: int) -> Drained | None:
    """Why no further trial comes, None while one may.

    Args:
        study: The sweep in memory.
        row: Its row.
        run: Its run.
        now: Microseconds since 1970.
    """
    return _at_once(study, row, run, now) or _after_the_open(study, row)


def status_of(study: Study, run: RunRow, why: Drained) -> str:
    """What the run of a sweep ends as.

    Args:
        study: The sweep in memory.
        run: Its run.
        why: Why no further trial comes.
    """
    if run.cancel_requested:
        return states.CANCELED
    failed, canceled = (study.counts.get(s, 0) for s in (protocol.FAILED, protocol.CANCELED))
    if why.failed:
        return states.FAILED
    if _good(study) or not failed + canceled:
        return states.COMPLETED
    return states.FAILED if failed and not canceled else states.CANCELED


def error_of(work: Work, row: SweepRow, study: Study, why: str) -> RunError:
    """The error of a sweep that has failed: the commonest reason, and some trials.

    Args:
        work: The unit of work.
        row: The sweep.
        study: The sweep in memory.
        why: What is known of the whole.
    """
    failed = study.counts.get(protocol.FAILED, 0)
    found = sweeps.commonest_reasons(work.connection, row.key, protocol.FAILED, 1)
    reason, many = found[0] if found else ("no reason is known", failed)
    some = sweeps.trial_page(work.connection, row.key, -1, _NAMED, protocol.FAILED)
    called = "run" if study.spec.base is not None else "trial"
    named = ", ".join(
        f"{row.id}_{each.number}" if called == "run" else str(each.number) for each in some
    )
    text = (
        f"{why}; most often ({many} of {failed}): {reason}; "
        f"for example {called}{'s' if len(some) > 1 else ''} {named}"
    )
    return RunError("UserError", text, iso(work.now))


def _at_once(study: Study, row: SweepRow, run: RunRow, now: int) -> Drained | None:
    """Why the sweep ends with what is open."""
    if run.cancel_requested:
        return Drained("the sweep was canceled", now=True)
    if row.closed or not run.active:
        return Drained("the sweep was closed", now=True)
    limit = row.max_duration_seconds
    if limit is not None and now - row.created_at >= limit * SECOND:
        return Drained(f"the sweep's time of {_told(limit)} is over", now=True)
    failed = study.counts.get(protocol.FAILED, 0)
    if 0 < study.spec.max_failures <= failed and not _good(study):
        return Drained(f"the first {failed} trials have failed", now=True, failed=True)
    return None


def _after_the_open(study: Study, row: SweepRow) -> Drained | None:
    """Why no further trial comes, though the open ones go on."""
    if row.max_trials is not None and study.next_number >= row.max_trials:
        every = f"all {row.max_trials} trials have"
        return Drained(f"{every} begun", over=f"{every} ended")
    if study.used_up and row.taken >= len(row.queue) and study.successor() is None:
        size = f" of {row.space_size}" if row.space_size is not None else ""
        return Drained(f"space used up: {study.next_number}{size}")
    return None


def _good(study: Study) -> int:
    return sum(study.counts.get(state, 0) for state in _GOOD)


def _told(seconds: float) -> str:
    for size, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:g} {name}"
    return f"{seconds:g} s"
