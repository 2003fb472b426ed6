"""A sweep in memory: its sampler, its policy and its open trials.

It is made of the rows when a sweep first needs it, by telling sampler and policy everything anew,
and it comes to what the former one had come to: samplers draw by number, and what trials have
reported is kept in the order in which the policy was told. Of trials that have ended it keeps
nothing, so its size and the cost of a trial do not grow with their number.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import msgspec

from runyard.protocol import events as kinds
from runyard.protocol import sweeps as protocol
from runyard.protocol.sweeps import MAXIMIZE, Objective, SweepSpec
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events
from runyard_server.core.work import Work
from runyard_server.execution import learned
from runyard_server.execution.sweep_log import LogPlace
from runyard_server.store import runs, sweeps
from runyard_server.store.sweeps import PAUSE, Point, SweepRow, TrialRow
from runyard_server.tuning import registry
from runyard_server.tuning.base import (
    Outcome,
    Params,
    Policy,
    Sampler,
    Setting,
    Successor,
    Verdict,
)
from runyard_server.tuning.front import Front

_SPEC = msgspec.json.Decoder(SweepSpec)


@dataclass(slots=True)
class Client:
    """A process that makes trials: its last exchange, and when it was heard of, in microseconds."""

    sequence: int
    answer: str
    heard: int


@dataclass
class Study:
    """What a sweep has in memory; see the module.

    Args:
        key: Key of the sweep's row.
        spec: What was asked for.
        sampler: Draws parameters.
        policy: Stops trials; None where nothing does.
        next_number: The number of the next trial.
        counts: How many trials there are, by state.
        open: The trials that have not ended, by number.
        runs: The numbers of the open trials, by key of their runs.
        seen: How many values of the objective each open trial has logged.
        stock: Open trials of clients that are gone, for others to make.
        clients: Who makes trials in processes of their own.
        best: The best value and the number of its trial; of one objective.
        reported: How many reports the sweep's log has.
        successors: What the policy wants next.
        used_up: The sampler has no further point.
        prepared: The environment of the trials is known to exist.
        told: Warnings that were given.
        log: How far the file of the log has come.

    Attributes:
        front: Of several objectives, the trials that no other beats.
    """

    key: int
    spec: SweepSpec
    sampler: Sampler
    policy: Policy | None
    next_number: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    open: dict[int, TrialRow] = field(default_factory=dict)
    runs: dict[int, int] = field(default_factory=dict)
    seen: dict[int, int] = field(default_factory=dict)
    stock: list[int] = field(default_factory=list)
    clients: dict[str, Client] = field(default_factory=dict)
    best: tuple[float, int] | None = None
    reported: int = 0
    successors: list[Successor] = field(default_factory=list)
    used_up: bool = False
    prepared: bool = False
    told: set[str] = field(default_factory=set)
    log: LogPlace = field(default_factory=LogPlace)

    def __post_init__(self) -> None:
        self.front = Front(self.spec.objectives)

    @property
    def single(self) -> bool:
        """Whether there is one objective, so that one trial is the best."""
        return len(self.spec.objectives) == 1

    @property
    def in_process(self) -> bool:
        """Whether trials are made by processes that ask for them."""
        return self.spec.base is None

    def report(self, trial: TrialRow, position: int, value: float) -> Verdict | None:
        """Take in what a trial reports; give the policy's first verdict on it.

        Args:
            trial: The trial.
            position: The step, or how many values it has logged.
            value: What it reports.
        """
        trial.last, trial.position = value, position
        if isfinite(value) and self.single:
            trial.best = better_of(self.spec.objectives[0], trial.best, value)
        if self.policy is None:
            return None
        verdict = self.policy.report(trial.number, position, value)
        # A trial with a verdict goes on logging until its run has ended, and others are compared
        # with that.
        return verdict if trial.verdict is None else None

    def rank(self, trial: TrialRow) -> bool:
        """Compare a trial's results with the best; say whether it is the best now."""
        values = finite(trial.results)
        if values is None or len(values) != len(self.spec.objectives):
            return False
        if not self.single:
            return self.front.add(trial.number, values)
        mine = values[0]
        if self.best is not None:
            value, number = self.best
            if mine == value:
                return self._is_first(mine, trial.number, number)
            if better_of(self.spec.objectives[0], value, mine) != mine:
                return False
        changed = self.best is None or self.best != (mine, trial.number)
        self.best = (mine, trial.number)
        return changed

    def end(self, trial: TrialRow, state: str) -> None:
        """Count an open trial as ended."""
        self.open.pop(trial.number)
        self.seen.pop(trial.number, None)
        self.runs.pop(trial.run_key or 0, None)
        self.count(trial.state, -1)
        trial.state = state
        self.count(state, 1)

    def tell(self, trial: TrialRow) -> None:
        """Have sampler and policy learn how a trial has ended."""
        self.sampler.tell(outcome_of(trial))
        if self.policy is not None:
            self.policy.ended(trial.number)

    def begin(self, trial: TrialRow, *, drawn: bool) -> None:
        """Take a new trial in.

        Args:
            trial: The trial.
            drawn: By the sampler, so that it knows of it.
        """
        self.open[trial.number] = trial
        self.seen[trial.number] = 0
        self.count(trial.state, 1)
        self.next_number = max(self.next_number, trial.number + 1)
        if not drawn:
            self.sampler.resume(trial.number, trial.params)
        if self.policy is not None:
            self.policy.started(trial.number, trial.params, trial.from_trial)

    def draw(self, queue: Sequence[Point]) -> "Drawn | None":
        """Draw the next trial: what was asked for first, what the policy wants, what is sampled.

        Args:
            queue: Points that are to be tried first.

        Returns:
            None where there is none now; `used_up` says whether there never will be.
        """
        if queue:
            point = queue[0]
            return Drawn(self.next_number, point.params, queued=1, resumes=point.resumes)
        self.successor()
        # What a trial has left is complete once its run has ended.
        ready = (each for each in self.successors if each.from_trial not in self.open)
        follows = next(ready, None)
        if follows is not None:
            self.successors.remove(follows)
            return Drawn(self.next_number, follows.params, follows.from_trial)
        if self.used_up or self.waits_for() is not None:
            return None
        params = self.sampler.ask(self.next_number)
        self.used_up = params is None
        return None if params is None else Drawn(self.next_number, params, by_sampler=True)

    def successor(self) -> Successor | None:
        """The trial that the policy wants next, if it wants one."""
        if self.policy is not None:
            self.successors += self.policy.successors()
        return self.successors[0] if self.successors else None

    def waits_for(self) -> str | None:
        """What sampler or policy wait for before there can be another trial, in words."""
        policy = None if self.policy is None else self.policy.wait()
        return policy or self.sampler.wait()

    def new_warnings(self) -> list[str]:
        """What the policy warns of and was not told before."""
        found = [] if self.policy is None else list(self.policy.warnings())
        fresh = [text for text in found if text not in self.told]
        self.told.update(fresh)
        return fresh

    def count(self, state: str, by: int) -> None:
        """Count trials into a state or out of it."""
        self.counts[state] = self.counts.get(state, 0) + by

    def _is_first(self, value: float, mine: int, other: int) -> bool:
        """Whether the first of two equal ones is the new one."""
        if mine < other:
            self.best = (value, mine)
        return mine < other


@dataclass(frozen=True, slots=True)
class Drawn:
    """A trial that is to begin.

    Args:
        number: Its number.
        params: Its parameters, by name.
        from_trial: The trial whose checkpoint it goes on from.
        queued: 1 if it is a point that was asked for, else 0.
        resumes: The run whose outputs it is given.
        by_sampler: The sampler has drawn it, and knows of it.
    """

    number: int
    params: Params
    from_trial: int | None = None
    queued: int = 0
    resumes: str | None = None
    by_sampler: bool = False


def spec_of(row: SweepRow) -> SweepSpec:
    """What was asked for with a sweep."""
    return _SPEC.decode(row.spec)


def setting_of(spec: SweepSpec, options: Mapping[str, Any], parallel: int | None) -> Setting:
    """What sampler or policy of a sweep are made for.

    Args:
        spec: What was asked for.
        options: Theirs.
        parallel: How many trials are made at once.
    """
    return Setting(spec.space, spec.objectives, spec.seed, options, parallel=parallel)


def make(work: Work, row: SweepRow) -> Study:
    """Make the study of a sweep of its rows."""
    spec = spec_of(row)
    sampler = registry.sampler(spec.sampler, setting_of(spec, spec.sampler.options, row.parallel))
    policy = registry.policy(spec.policy, setting_of(spec, spec.policy.options, row.parallel))
    study = Study(row.key, spec, sampler, policy, row.next_number)
    # What is learned from other sweeps came first, so it is told first.
    for other in learned.outcomes(work, row.workspace, spec):
        sampler.tell(other)
        learned.tell_policy(policy, other)
    trials = list(sweeps.all_trials(work.connection, row.key))
    for trial in trials:
        _take_in(study, trial)
    # The policy first: what trials have reported is read once, and samplers are given it, too.
    steps = _replay(work, study, policy, trials) if policy is not None else {}
    study.reported = sweeps.report_count(work.connection, row.key)
    sampler.restore(
        {number: each.params for number, each in study.open.items()},
        [outcome_of(each, steps.get(each.number, ())) for each in trials if each.ended_at],
    )
    _take_clients(work, study)
    return study


def finite(values: Sequence[float | None]) -> tuple[float, ...] | None:
    """The values if there are some and each is a finite number, else None."""
    known = tuple(value for value in values if value is not None and isfinite(value))
    return known if known and len(known) == len(values) else None


def outcome_of(trial: TrialRow, steps: Sequence[tuple[int, float]] = ()) -> Outcome:
    """How a trial has ended, as samplers are told."""
    values = None if trial.state == protocol.FAILED else finite(trial.results)
    state = protocol.STOPPED if trial.state == protocol.PAUSED else trial.state
    return Outcome(trial.number, trial.params, values, state, steps)


def better_of(objective: Objective, one: float | None, other: float) -> float:
    """The better of two values.

    Args:
        objective: Which way is better.
        one: A value, None where there is none yet.
        other: Another one.
    """
    if one is None:
        return other
    return max(one, other) if objective.goal == MAXIMIZE else min(one, other)


def warn(work: Work, run_key: int, texts: Sequence[str]) -> None:
    """Warn on the run that a sweep is; what it has been told already is left out.

    Args:
        work: The unit of work.
        run_key: Key of the run's row.
        texts: The warnings.
    """
    run = runs.by_key(work.connection, run_key) if texts else None
    fresh = [] if run is None else [text for text in texts if text not in run.warnings]
    if run is not None and fresh:
        append_events(work, run, [EventDraft(kinds.WARNING, text) for text in fresh])


def stopped_state(trial: TrialRow) -> str:
    """The state of a trial that its policy has stopped."""
    return protocol.PAUSED if trial.verdict == PAUSE else protocol.STOPPED


def _take_in(study: Study, trial: TrialRow) -> None:
    study.count(trial.state, 1)
    study.next_number = max(study.next_number, trial.number + 1)
    study.rank(trial)
    if trial.ended_at is None:
        study.open[trial.number] = trial
        study.seen[trial.number] = 0
        if trial.run_key is not None:
            study.runs[trial.run_key] = trial.number


def _replay(
    work: Work, study: Study, policy: Policy, trials: Sequence[TrialRow]
) -> dict[int, list[tuple[int, float]]]:
    """Bring the policy to what it had come to; give what each trial has reported."""
    found: dict[int, list[tuple[int, float]]] = {}
    waiting = iter(trials)
    begun = -1
    for each in sweeps.reports(work.connection, study.key):
        # None reports before it has begun, and they begin in order of number.
        while begun < each.trial:
            begun = _begin_again(policy, next(waiting))
        policy.report(each.trial, each.position, each.value)
        found.setdefault(each.trial, []).append((each.position, each.value))
    for trial in waiting:
        _begin_again(policy, trial)
    for trial in trials:
        if trial.ended_at is not None:
            policy.ended(trial.number)
        else:
            # As many as the policy was told: what a metric has beyond them is news for the next
            # step.
            study.seen[trial.number] = len(found.get(trial.number, ()))
    made: list[tuple[int | None, Params]] = [
        (trial.from_trial, trial.params) for trial in trials if trial.from_trial is not None
    ]
    study.successors = _without(policy.successors(), made)
    study.told = set(policy.warnings())
    return found


def _begin_again(policy: Policy, trial: TrialRow) -> int:
    policy.started(trial.number, trial.params, trial.from_trial)
    return trial.number


def _without(wanted: Iterable[Successor], made: list[tuple[int | None, Params]]) -> list[Successor]:
    """Those successors that were not made before: each is given once, also over a restart."""
    left = []
    for each in wanted:
        if (each.from_trial, each.params) in made:
            made.remove((each.from_trial, each.params))
        else:
            left.append(each)
    return left


def _take_clients(work: Work, study: Study) -> None:
    if study.in_process:
        known = sweeps.clients(work.connection, study.key)
        study.clients = {
            name: Client(sequence, answer, work.now) for name, (sequence, answer) in known.items()
        }
        # What was given back belongs to nobody.
        study.stock = [n for n, each in study.open.items() if each.client not in study.clients]
