"""What the runs of a sweep's trials have done since it was looked at last.

Of each open trial its run and its primary metric are read, all of one moment, so a run that has
ended has told all its values. The policy is told them in order, and its verdicts are written down
together with them, before they act.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from runyard.protocol import runs as states
from runyard.protocol import sweeps as protocol
from runyard.protocol.metrics import LIST, SCALAR
from runyard.protocol.sweeps import MAXIMIZE
from runyard_server.core.work import Work
from runyard_server.execution.study import Study, better_of, stopped_state
from runyard_server.store import metrics, sweeps
from runyard_server.store.segments import unpack
from runyard_server.store.sweeps import PAUSE, STOP, ChildRow, Logged, Report, TrialRow

_ENDS = {states.COMPLETED: protocol.COMPLETED, states.FAILED: protocol.FAILED}


@dataclass(slots=True)
class Seen:
    """What is new of the open trials, each by number.

    Args:
        children: Their runs, of those that have ended, and of all while it is not known whether
            the environment can be made.
        logged: Their objectives, by name, of those that have logged more.
        points: New values of the objective: step or None, and value.
        others: What runs that have ended without the objective have logged.
    """

    children: dict[int, ChildRow] = field(default_factory=dict)
    logged: dict[int, dict[str, Logged]] = field(default_factory=dict)
    points: dict[int, list[tuple[int | None, float]]] = field(default_factory=dict)
    others: dict[int, list[str]] = field(default_factory=dict)


@dataclass(slots=True)
class News:
    """What follows from it, to be written down together.

    Args:
        changed: Trials that stand otherwise now.
        ended: Those among them that have ended.
        reports: What the policy was told, in order.
        stopped: Trials that it has stopped.
        silent: Trials that have ended without the objective, with what they have logged.
        best: Whether another trial is the best.
        hopeless: Why no trial can begin, "" while that is not known.
    """

    changed: dict[int, TrialRow] = field(default_factory=dict)
    ended: list[TrialRow] = field(default_factory=list)
    reports: list[Report] = field(default_factory=list)
    stopped: list[TrialRow] = field(default_factory=list)
    silent: list[tuple[TrialRow, list[str]]] = field(default_factory=list)
    best: bool = False
    hopeless: str = ""

    def __bool__(self) -> bool:
        return bool(self.changed)


def look(work: Work, study: Study) -> Seen:
    """Read what is new of the open trials of a sweep, all of one moment."""
    seen = Seen()
    if study.in_process or not study.open:
        return seen
    connection, names = work.connection, [each.name for each in study.spec.objectives]
    found = sweeps.children(connection, study.runs, only_ended=study.prepared)
    seen.children = {study.runs[key]: child for key, child in found.items()}
    silent = {number for number, child in seen.children.items() if not child.active}
    for logged in sweeps.logged(connection, study.runs, names):
        trial = study.open[study.runs[logged.run_key]]
        if logged.name == names[0] and logged.kind in (SCALAR, LIST):
            silent.discard(trial.number)
        if not _is_news(study, trial, logged):
            continue
        seen.logged.setdefault(trial.number, {})[logged.name] = logged
        if study.single and (study.policy is not None or logged.kind == LIST):
            seen.points[trial.number] = _points(work, study, trial, logged)
    for number in silent:
        series = metrics.series(connection, study.open[number].run_key or 0)
        seen.others[number] = [row.name for row in series]
    return seen


def take_in(study: Study, seen: Seen, now: int) -> News:
    """Bring policy and trials up to date; give what is to be written down.

    Args:
        study: The sweep; it is changed.
        seen: What is new of its open trials.
        now: Microseconds since 1970.
    """
    news = News()
    study.prepared = study.prepared or any(each.prepared for each in seen.children.values())
    ended = {number for number, child in seen.children.items() if not child.active}
    for number in sorted(seen.logged):
        _take_values(study, seen, study.open[number], news, ended)
    for number, child in sorted(seen.children.items()):
        if not child.active:
            _take_end(study, seen, child, study.open[number], now, news)
    return news


def _is_news(study: Study, trial: TrialRow, logged: Logged) -> bool:
    """Whether a metric says more than is known."""
    if logged.kind not in (SCALAR, LIST):
        return False
    if not study.single:
        return True
    # How many values lists have is known only when they are read.
    if logged.kind == LIST:
        return True
    known = trial.position if study.policy is None else study.seen[trial.number]
    return logged.count != (known or 0)


def _points(
    work: Work, study: Study, trial: TrialRow, primary: Logged
) -> list[tuple[int | None, float]]:
    known = study.seen[trial.number]
    # A list counts as several values, so its place does not say how many came before it.
    first = 0 if primary.kind == LIST else known
    found: list[tuple[int | None, float]] = []
    for place, count, encoding, payload in sweeps.segments_from(work.connection, primary.id, first):
        points = unpack(encoding, count, payload)
        rows = zip(points.steps, points.values, strict=True)
        for index, (step, value) in enumerate(rows, start=place):
            if index >= first:
                found += [(step, each) for each in _numbers(value)]
    return found[known:] if primary.kind == LIST else found


def _numbers(value: Any) -> list[float]:
    """The values that one logging counts for; a text is worse than any number."""
    if isinstance(value, list):
        return [number for each in value for number in _numbers(each)]
    if isinstance(value, int | float):
        try:
            return [float(value)]
        except OverflowError:
            return [float("inf") if value > 0 else float("-inf")]
    return [float("nan")]


def _take_values(
    study: Study, seen: Seen, trial: TrialRow, news: News, ended: Collection[int]
) -> None:
    logged = seen.logged[trial.number]
    if not study.single:
        _take_last(study, trial, logged, news)
        return
    points = seen.points.get(trial.number)
    if points is None:
        _take_summary(study, trial, logged[study.spec.objectives[0].name])
    elif points:
        _take_points(study, trial, points, news, ended)
    else:
        return
    news.changed[trial.number] = trial
    if trial.best is not None:
        trial.results = [trial.best]
        news.best = study.rank(trial) or news.best


def _take_points(
    study: Study,
    trial: TrialRow,
    points: Sequence[tuple[int | None, float]],
    news: News,
    ended: Collection[int],
) -> None:
    """Report each value to the policy; the first verdict stands."""
    for step, value in points:
        study.seen[trial.number] += 1
        count = study.seen[trial.number]
        position = step if study.spec.policy.by_step and step is not None else count
        verdict = study.report(trial, position, value)
        if study.policy is not None:
            news.reports.append(Report(trial.number, position, value))
        # One that has ended by itself needs no verdict.
        if verdict is not None and trial.number not in ended:
            trial.verdict = PAUSE if verdict.pause else STOP
            trial.reason = verdict.reason
            news.stopped.append(trial)


def _take_summary(study: Study, trial: TrialRow, primary: Logged) -> None:
    """Without a policy the best of all values is what matters, and the series has that."""
    goal = study.spec.objectives[0].goal
    best = primary.maximum if goal == MAXIMIZE else primary.minimum
    trial.last, trial.position = primary.last, primary.count
    if best is not None:
        trial.best = better_of(study.spec.objectives[0], trial.best, best)


def _take_last(study: Study, trial: TrialRow, logged: dict[str, Logged], news: News) -> None:
    """Of several objectives the last values, which belong together."""
    found = [
        logged[each.name].last if each.name in logged else None for each in study.spec.objectives
    ]
    if any(value is not None for value in found) and found != trial.results:
        trial.results = found
        news.changed[trial.number] = trial


def _take_end(
    study: Study, seen: Seen, child: ChildRow, trial: TrialRow, now: int, news: News
) -> None:
    state = _ENDS.get(child.status)
    if state is None:
        state = protocol.CANCELED if trial.verdict is None else stopped_state(trial)
    if state == protocol.COMPLETED:
        # It was quicker than the policy's verdict.
        trial.reason = ""
    if state == protocol.FAILED:
        trial.reason = child.error.partition("\n")[0] or "the run failed"
        if not study.prepared:
            news.hopeless = trial.reason
    if trial.number in seen.others:
        news.silent.append((trial, seen.others[trial.number]))
    trial.ended_at = now
    study.end(trial, state)
    if not study.single:
        news.best = study.rank(trial) or news.best
    news.changed[trial.number] = trial
    news.ended.append(trial)
