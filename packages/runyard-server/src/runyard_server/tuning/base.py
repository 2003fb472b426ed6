"""What a sampler and a policy are, and what they are given.

Parameters are dicts from the name in the space to a JSON value; those of branches that a trial did
not take are not in it. Numbers of trials begin with 0 and are never used twice.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from runyard.protocol.sweeps import Objective, ParameterSpec

Params = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Setting:
    """What a sampler or a policy is made for.

    Args:
        space: The parameters of the sweep.
        objectives: What is to be large or small; policies get one.
        seed: The same seed gives the same trials.
        options: What the sweep says beside the name: the keyword-only parameters of the class;
            `registry` checks their names and types.
        history: How many finished trials a sampler may look at, so that trial 10,000 costs what
            trial 1 does.
        parallel: How many trials are made at once, at most; None where nothing bounds it.
    """

    space: Sequence[ParameterSpec]
    objectives: Sequence[Objective]
    seed: int = 0
    options: Mapping[str, Any] = field(default_factory=dict)
    # Of TPE's draws: 12 ms with 600 trials to look at, 100 ms with 10,000.
    history: int = 600
    parallel: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended, for samplers: `values` None where it failed or never had one.

    Args:
        number: Of the trial; negative for trials of other sweeps that are learned from.
        params: What it was made with.
        values: One for each objective; of a stopped trial its best so far.
        state: `completed`, `stopped`, `failed` or `canceled` (`runyard.protocol.sweeps`).
        steps: What it reported on the way, (position, value), in order; of one objective only.
    """

    number: int
    params: Params
    values: tuple[float, ...] | None
    state: str
    steps: Sequence[tuple[int, float]] = ()


class Sampler(ABC):
    """Draws the parameters of trials. Made once for a sweep, and anew after a restart.

    The contract, which `runyard_server.testing.sampler_contract` checks:

    - **Refusals first.** The constructor raises `InvalidRequest`, naming the parameter, for a
      space, objectives or options that it cannot serve; nothing is drawn then.
    - **Seeded by number.** What `ask(n)` gives depends on the setting, on n, and on what was told
      and asked before: never on a generator's state that a restart would lose. Samplers that do not
      learn depend on the setting, on n, and in a finite space on which points were used.
    - **Restored by replay.** `restore` with all trials of the sweep, then `ask`, gives what the
      former instance would have given.
    - **Flat.** The cost of `ask` does not grow with the number of trials beyond `history`.
    - One thread at a time calls it.
    """

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @abstractmethod
    def ask(self, number: int) -> Params | None:
        """Draw the parameters of the next trial; it counts as pending until it is told.

        Args:
            number: Of the trial; larger than any before.

        Returns:
            Its parameters, or None: the space is used up.
        """

    @abstractmethod
    def tell(self, outcome: Outcome) -> None:
        """Learn how a trial ended; its parameters may be of a user's own choice.

        Args:
            outcome: Of a trial that was not told before.
        """

    def restore(self, pending: Mapping[int, Params], ended: Iterable[Outcome]) -> None:
        """Take up a sweep that an instance before this one has begun.

        Args:
            pending: The trials that were asked for and not told, by number.
            ended: All others, in order of number.
        """
        for outcome in ended:
            self.tell(outcome)
        for number, params in sorted(pending.items()):
            self.resume(number, params)

    def resume(self, number: int, params: Params) -> None:
        """Count a trial that was not drawn here as pending: enqueued, promoted, or restored.

        Args:
            number: Of the trial.
            params: Its parameters.
        """
        del number, params

    def size(self) -> int | None:
        """How many different points it can draw, None if they cannot be counted."""
        return None

    def wait(self) -> str | None:
        """Why no trial can be drawn before others have ended, None if one can."""
        return None

    @property
    def learns(self) -> bool:
        """Whether what it draws depends on results: then few trials are asked for ahead."""
        return False


@dataclass(frozen=True, slots=True)
class Successor:
    """A trial that follows from another one's checkpoint.

    Args:
        params: Its parameters.
        from_trial: Number of the trial whose checkpoint it goes on from.
        reason: Why, for people.
    """

    params: Params
    from_trial: int
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """That a trial is to stop.

    Args:
        trial: Its number.
        position: At which step or how-many-th value.
        reason: Which policy, the value and the bound, as people read it.
        pause: It may go on later (`Policy.successors`).
    """

    trial: int
    position: int
    reason: str
    pause: bool = False


class Policy(ABC):
    """Stops trials that are not worth going on. Made once for a sweep, and anew after a restart.

    It is told every value of every trial, in the order in which they were logged, also those of
    trials that it does not look at, and keeps of them what it needs. The contract, which
    `runyard_server.testing.policy_contract` checks:

    - **Refusals first**, as samplers do.
    - **A function of what was told.** The same values in the same order give the same verdicts, so
      a restart replays them. Trials that have a verdict are judged no more.
    - A value that is not finite is worse than any other and counts as a position.
    - **Flat.** The cost of `report` does not grow with the number of trials, or only with its
      logarithm.
    - One thread at a time calls it.

    Whether a position is one to look at (`evaluation_interval`, `delay_evaluation`) is decided by
    `due`, which `report` asks first. Steps need not come one by one, so the first position beyond
    a multiple of the interval is one, too.
    """

    def __init__(self, setting: Setting, interval: int = 1, delay: int = 0) -> None:
        self.setting = setting
        self.interval = interval
        self.delay = delay

    def due(self, position: int) -> bool:
        """Whether a trial is looked at when it reaches a position."""
        return position >= self.delay and position % self.interval == 0

    @abstractmethod
    def report(self, trial: int, position: int, value: float) -> Verdict | None:
        """Take a value of a trial in, and decide.

        Args:
            trial: Its number; negative for trials of other sweeps that are learned from.
            position: The step, or how many values the trial has logged, from 1. A step that was
                told before is passed over.
            value: What was logged.

        Returns:
            That the trial stops, or None.
        """

    def started(self, trial: int, params: Params, from_trial: int | None = None) -> None:
        """A trial has begun.

        Args:
            trial: Its number.
            params: What it is made with.
            from_trial: The trial whose checkpoint it goes on from.
        """
        del trial, params, from_trial

    def ended(self, trial: int) -> None:
        """A trial has ended by itself, was canceled or has failed."""
        del trial

    def successors(self) -> Sequence[Successor]:
        """Trials that should come next, before any that the sampler draws; each is given once."""
        return ()

    def wait(self) -> str | None:
        """Why no new trial should begin before others have ended, None if one may."""
        return None

    def warnings(self) -> Sequence[str]:
        """What people should know, such as a metric of the wrong sign; each is given once."""
        return ()
