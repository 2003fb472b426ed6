"""The nodes of one cluster: as many as are wanted, reserved at Ray and given back.

Every turn compares what there is with what is wanted, so it does not matter how often it is asked
or what was missed. For a run that needs several nodes at once they are reserved together, all or
none: two clusters that each held half of what they need would wait for ever. All others are
reserved one by one. What was reserved together is given back together.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runyard_server.compute.ray.on_head import engine
from runyard_server.compute.ray.on_head.engine import Group, Size, Slot

if TYPE_CHECKING:
    from collections.abc import Callable

START_SECONDS = 120.0
_STARTERS = 16
# Whoever was refused a node asks again, and finds it then.
KEEP_DEMAND_SECONDS = 20.0
# A node stays so long after an agent's end, should somebody have to clean up after it.
SALVAGE_SECONDS = 15.0


@dataclass(frozen=True)
class Want:
    """What a cluster shall have: so many nodes, and so many at once for the run that is first."""

    nodes: int = 0
    together: int = 1
    size: Size = field(default_factory=Size)


class Pool:
    """The nodes of a cluster.

    Args:
        folder: Where nodes keep what is ours.
        python: The interpreter of the agents.
        ready: Called with each slot that can have agents.
    """

    def __init__(self, folder: str, python: str, ready: Callable[[Slot], None]) -> None:
        self.given = (folder, python)
        self._ready = ready
        self._starters = ThreadPoolExecutor(_STARTERS)
        self.changed = threading.Condition(threading.RLock())
        self.want = Want()
        self.trouble = ""
        self.slots: list[Slot] = []
        self._busy: dict[Slot, set[str]] = {}
        self._groups: list[Group] = []
        self._coming: set[tuple[Group, int]] = set()
        self._demand: dict[str, float] = {}
        self._kept: dict[Slot, float] = {}

    def suggest(self, sizes: list[Size]) -> None:
        """Have nodes of a size for agents that come before anybody has said what is wanted."""
        with self.changed:
            if sizes and not self.want.nodes and not self._groups:
                self.want = Want(0, 1, sizes[0])

    def turn(self) -> None:
        """Bring the nodes nearer to what is wanted."""
        with self.changed:
            groups = [each for each in self._groups if self._lacks(each)]
        # Asked outside of the lock: the head may be slow.
        found = [(group, group.nodes()) for group in groups]
        with self.changed:
            for group, nodes in found:
                for index, node in nodes.items():
                    self._occupy(group, index, node)
            self._reserve()

    def take(self, handle: str, beside: set[Slot], seconds: float) -> Slot | None:
        """Find an agent a node; None where there is none after so many seconds.

        Args:
            handle: The agent.
            beside: Nodes that others of its run have.
            seconds: How long to wait for one.
        """
        with self.changed:
            self._demand[handle] = time.monotonic() + KEEP_DEMAND_SECONDS
            self.changed.notify_all()
            self.changed.wait_for(lambda: self._fit(beside) is not None, seconds)
            slot = self._fit(beside)
            if slot is not None:
                self._demand.pop(handle, None)
                self._busy.setdefault(slot, set()).add(handle)
            return slot

    def occupy(self, slot: Slot, handle: str) -> None:
        """Count another agent on a node."""
        with self.changed:
            self._busy.setdefault(slot, set()).add(handle)

    def leave(self, slot: Slot, handle: str, *, well: bool = False) -> None:
        """Count an agent no more; what it has left is on the node, unless it ended well.

        Args:
            slot: The node.
            handle: The agent.
            well: Whether it has delivered everything.
        """
        with self.changed:
            self._busy.get(slot, set()).discard(handle)
            if not well:
                self._kept[slot] = time.monotonic() + SALVAGE_SECONDS
            self.changed.notify_all()

    def lose(self, slot: Slot) -> None:
        """Drop a node that is gone; Ray reserves another in its place."""
        with self.changed:
            if slot in self.slots:
                self.slots.remove(slot)
            self._busy.pop(slot, None)
            self.changed.notify_all()

    @property
    def is_short(self) -> bool:
        """Whether nodes are missing."""
        return self.want.nodes > len(self.slots)

    def counts(self) -> dict[str, int]:
        """How many nodes there are, have no agent, could be a run's at once, and are asked for."""
        with self.changed:
            free = self._free()
            return {
                "nodes": len(self.slots),
                "free": len(free),
                "apart": self._at_once(free),
                "asked": sum(each.count for each in self._groups) - len(self.slots),
            }

    def close(self) -> None:
        """Let Ray have everything back."""
        with self.changed:
            for group in self._groups:
                group.give_back()
            self._groups, self.slots = [], []

    def _lacks(self, group: Group) -> bool:
        here = {each.index for each in self.slots if each.group is group}
        here |= {index for of, index in self._coming if of is group}
        return len(here) < group.count

    def _is_coming(self, group: Group) -> bool:
        """Whether not all nodes of a group can have agents yet."""
        return sum(1 for each in self.slots if each.group is group) < group.count

    def _occupy(self, group: Group, index: int, node: str) -> None:
        """Have an actor come up in a bundle that has none."""
        if group not in self._groups or (group, index) in self._coming:
            return
        if any(each.group is group and each.index == index for each in self.slots):
            return
        self._coming.add((group, index))
        self._starters.submit(self._start, group, index, node)

    def _start(self, group: Group, index: int, node: str) -> None:
        slot = trouble = None
        try:
            slot = Slot.take(group, index, node, self.given)
            about = slot.call("about", within=START_SECONDS)
            slot.host, trouble = str(about["host"]), str(about["trouble"])
            # A bundle whose node is lost comes again on another.
            slot.node = group.nodes().get(index, node)
        except (engine.Failed, ValueError) as error:
            trouble = f"no actor came up on a node: {type(error).__name__}: {error}"
        with self.changed:
            self._coming.discard((group, index))
            self.trouble = trouble or ""
            if slot is not None and not trouble and group in self._groups:
                self.slots.append(slot)
                self._ready(slot)
            elif slot is not None:
                slot.let_go()
            self.changed.notify_all()

    def _free(self) -> list[Slot]:
        return [each for each in self.slots if not self._busy.get(each)]

    def _at_once(self, free: list[Slot]) -> int:
        """How many nodes a run could have of some: where they share, all of them."""
        return len(free) if self.want.size.share else len({each.node for each in free})

    def _fit(self, beside: set[Slot]) -> Slot | None:
        apart = {each.node for each in beside} if not self.want.size.share else set()
        free = [each for each in self._free() if each.node not in apart]
        return free[0] if free else None

    def _reserve(self) -> None:
        """Ask Ray for what is missing, give back what is too much."""
        now = time.monotonic()
        self._demand = {handle: end for handle, end in self._demand.items() if end > now}
        free = self._free()
        busy = len(self.slots) - len(free)
        # For agents that were sent and found no node, as after this driver began anew.
        wanted = max(self.want.nodes, busy + len(self._demand))
        together = min(self.want.together, wanted - busy)
        if together > 1 and self._at_once(free) < together:
            self._reserve_together(together)
        missing = wanted - sum(each.count for each in self._groups)
        for _ in range(missing):
            self._groups.append(Group.ask(self.want.size, 1))
        if missing < 0:
            self._give_back(-missing)

    def _reserve_together(self, count: int) -> None:
        if any(each.count >= count for each in self._groups if self._is_coming(each)):
            return
        # What is free would be too few, or on one machine: it makes room for all of them.
        for group in self._unused():
            self._drop(group)
        self._groups.append(Group.ask(self.want.size, count))

    def _give_back(self, surplus: int) -> None:
        """Let go of groups that nobody uses, those that are not there yet first."""
        for group in sorted(self._unused(), key=lambda each: not self._is_coming(each)):
            if group.count <= surplus and not self._serves(group):
                surplus -= group.count
                self._drop(group)

    def _serves(self, group: Group) -> bool:
        """Whether a group is what the first run that waits is to have."""
        return group.count == self.want.together and self.want.together > 1

    def _unused(self) -> list[Group]:
        now = time.monotonic()
        self._kept = {slot: end for slot, end in self._kept.items() if end > now}
        used = {each.group for each in self.slots if self._busy.get(each) or each in self._kept}
        return [each for each in reversed(self._groups) if each not in used]

    def _drop(self, group: Group) -> None:
        self._groups.remove(group)
        for slot in [each for each in self.slots if each.group is group]:
            self.slots.remove(slot)
            slot.let_go()
        group.give_back()
