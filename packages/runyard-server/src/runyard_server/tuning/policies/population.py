"""Population-based training: the worst members take over from the best, and vary.

Jaderberg et al., Population Based Training of Neural Networks (2017). Every generation of a member
is a trial of its own, which goes on from the checkpoint of the one before.
"""

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.sweeps import CHOICE, FIXED, NORMAL, ParameterSpec
from runyard_server.tuning.base import Params, Setting, Successor
from runyard_server.tuning.chance import bits, uniform
from runyard_server.tuning.options import at_least
from runyard_server.tuning.policies.judging import Judge, Track
from runyard_server.tuning.spaces import bounds_of, draw, in_order, is_active, rounded

# The paper's factors; a quarter at each end and one parameter in four drawn anew are what Ray Tune
# takes, too.
_FACTORS = (0.8, 1.2)
_RESAMPLED = 0.25
_QUARTER = 4


@dataclass(slots=True)
class Member:
    """A trial as one generation of a member; `ends` is the position at which the next begins."""

    params: Params
    generation: int
    ends: int | None = None
    before: "Member | None" = None
    ended_at: int = 0


@dataclass(slots=True)
class Generation:
    """The members that have ended a generation: (turned value, trial), in order."""

    reached: list[tuple[float, int]] = field(default_factory=list)


class PopulationPolicy(Judge):
    """Ends the generation of a member every so many steps, and begins its next one.

    A member whose value is in the worst quarter of all that have ended the generation so far goes
    on from the checkpoint of one in the best quarter, with that one's parameters, each times 0.8 or
    1.2, or, one in four, drawn anew; all others go on from their own, unchanged.

    Args:
        steps: How long a generation is.
        population: How many members there are; as many as the sweep makes trials at once, if not
            given.
        max_steps: A member that has made so many steps is done.
    """

    def __init__(
        self,
        setting: Setting,
        interval: int = 1,
        delay: int = 0,
        *,
        steps: int,
        population: int | None = None,
        max_steps: int | None = None,
    ) -> None:
        super().__init__(setting, interval, delay)
        self._steps = at_least(1, steps, "steps of the pbt policy")
        size = population if population is not None else setting.parallel
        if size is None:
            raise InvalidRequest(
                "the pbt policy needs to know how many members there are: give population, or how "
                "many trials run in parallel"
            )
        self._size = at_least(2, size, "population of the pbt policy")
        if max_steps is not None:
            at_least(steps, max_steps, "max_steps of the pbt policy")
        self._max_steps = max_steps
        self._space = in_order(setting.space)
        self._members: dict[int, Member] = {}
        self._generations: dict[int, Generation] = {}
        self._running: set[int] = set()
        self._next: dict[int, Successor] = {}
        self._given: dict[int, Successor] = {}
        # Successors that are told to have begun before what calls for them, as a restart may do.
        self._taken: list[tuple[int, Params]] = []

    def started(self, trial: int, params: Params, from_trial: int | None = None) -> None:
        """Take a member in, or the next generation of one.

        Args:
            trial: Its number.
            params: Its parameters.
            from_trial: The trial whose checkpoint it goes on from.
        """
        before = None if from_trial is None else self._members.get(from_trial)
        generation = 0 if before is None else before.generation + 1
        self._members[trial] = Member(params, generation, before=before)
        self._running.add(trial)
        self._take_up(params, from_trial)

    def ended(self, trial: int) -> None:
        """A member is done, or lost."""
        self._running.discard(trial)

    def judge(self, track: Track) -> str | None:
        """End a member's generation when it has made its steps."""
        member = self._members.get(track.trial)
        if member is None or track.judged:
            return None
        if member.ends is None:
            member.ends = self._end_of(member, track.position)
        if track.position < member.ends or self._is_last(track.position):
            return None
        member.ended_at = track.position
        self._running.discard(track.trial)
        return self._follow(track, member)

    def pauses(self, track: Track) -> bool:
        """Whether the member goes on from its own checkpoint."""
        following = self._next.get(track.trial) or self._given.get(track.trial)
        return following is not None and following.from_trial == track.trial

    def successors(self) -> Sequence[Successor]:
        """The next generations of the members whose one has ended."""
        found = [self._next[trial] for trial in sorted(self._next)]
        self._given.update(self._next)
        self._next.clear()
        return found

    def wait(self) -> str | None:
        """Whether all members are there; new ones come for those that are lost."""
        members = len(self._running) + len(self._next) + len(self._given)
        if members < self._size:
            return None
        return f"all {self._size} members of the population are there; the next trial follows one"

    def _end_of(self, member: Member, position: int) -> int:
        """Where a generation ends: a script that goes on counting began where the last one ended.

        Args:
            member: The generation.
            position: The first that it has logged.
        """
        before = member.before.ended_at if member.before else 0
        return self._steps + (before if position > before else 0)

    def _is_last(self, position: int) -> bool:
        return self._max_steps is not None and position >= self._max_steps

    def _follow(self, track: Track, member: Member) -> str:
        """Rank a member at the end of its generation, and say what comes next.

        Args:
            track: Its values.
            member: Its generation.
        """
        reached = self._generations.setdefault(member.generation, Generation()).reached
        insort(reached, (track.last, track.trial))
        # Of fewer than four there is a worst one when all are there, and not before.
        quarter = len(reached) // _QUARTER or int(len(reached) >= self._size)
        place = bisect_left(reached, (track.last, track.trial))
        # Where the best quarter is no better nobody is bad: equals would copy each other for
        # nothing.
        is_bad = place >= len(reached) - quarter and reached[max(quarter, 1) - 1][0] < track.last
        start = (
            f"pbt policy: generation {member.generation} ends at {track.position} with "
            f"{self.objective.name} {self.shown(track.last)}, place {place + 1} of {len(reached)}"
        )
        if is_bad:
            _, donor = reached[bits(self.setting.seed, track.trial, "donor") % quarter]
            params = self._varied(track.trial, self._members[donor].params)
            self._announce(track.trial, Successor(params, donor, f"{start}; {donor} takes over"))
            return f"{start}; the next one goes on from trial {donor}, varied"
        self._announce(track.trial, Successor(member.params, track.trial, f"{start}; it goes on"))
        return f"{start}; the next one goes on from here"

    def _announce(self, trial: int, successor: Successor) -> None:
        """Let a successor come next, if it is not there already, as after a restart.

        Args:
            trial: Whose generation has ended.
            successor: What follows it.
        """
        key = (successor.from_trial, successor.params)
        if key in self._taken:
            self._taken.remove(key)
        else:
            self._next[trial] = successor

    def _take_up(self, params: Params, from_trial: int | None) -> None:
        """Note that a successor has begun, also one that was given before a restart."""
        if from_trial is None:
            return
        for waiting in (self._given, self._next):
            for trial, each in sorted(waiting.items()):
                if each.from_trial == from_trial and each.params == params:
                    del waiting[trial]
                    return
        self._taken.append((from_trial, params))

    def _varied(self, trial: int, params: Params) -> Params:
        """Another member's parameters, each changed a little or drawn anew."""
        found: Params = {}
        for parameter in self._space:
            if is_active(parameter, found):
                key = (self.setting.seed, trial, parameter.name)
                anew = parameter.name not in params or uniform(*key, "anew") < _RESAMPLED
                found[parameter.name] = (
                    draw(parameter, uniform(*key, "value"))
                    if anew
                    else _scaled(parameter, params[parameter.name], _FACTORS[bits(*key) % 2])
                )
        return found


def _scaled(parameter: ParameterSpec, value: Any, factor: float) -> Any:
    """A number times a factor, within its bounds; choices stay."""
    if parameter.kind in {CHOICE, FIXED} or isinstance(value, bool | str):
        return value
    if parameter.kind == NORMAL:
        return rounded(parameter, value * factor)
    low, high = bounds_of(parameter)
    return rounded(parameter, min(max(value * factor, low), high))
