"""The agents that the driver has started: where each is, whether it lives, how it ended.

A launch is done once, whoever asks how often. A thread for each node waits for news of its actor.
If that actor dies, a new one takes its place and takes up the agents that still live; if the node
is lost, so are they. Of agents that have ended the last hundred are remembered.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runyard_server.compute.ray.on_head import engine
from runyard_server.compute.ray.on_head.engine import Slot
from runyard_server.compute.ray.on_head.node import JOB

if TYPE_CHECKING:
    from collections.abc import Callable

    from runyard_server.compute.ray.on_head.pool import Pool

WAIT_SECONDS = 8.0
WATCH_SECONDS = 5.0
LOST_SECONDS = 20.0
_LAUNCHERS = 16
_REMEMBERED = 100
_NAMED = 20_000
_KEPT = ("handle", "run", "node", "attempt", "purpose")


@dataclass
class Agent:
    """One agent.

    Args:
        order: How it was launched.
        slot: The node it was started on; None before, and when that is lost.
        alive: Whether it lives; None while its node cannot be asked.
        status: How it ended: an exit status, negative the signal; None where nobody knows.
        reason: What happened to its node.
    """

    order: dict[str, Any]
    slot: Slot | None = None
    alive: bool | None = True
    status: int | None = None
    reason: str = ""

    def told(self) -> dict[str, Any]:
        """How it is, for the service."""
        return {"alive": self.alive, "status": self.status, "reason": self.reason}


class Agents:
    """The agents of one cluster.

    Args:
        light: Gives the light half of a hash.
        changed: Called when there is something to tell.
    """

    def __init__(self, light: Callable[[str], Any], changed: Callable[[], None]) -> None:
        self._light = light
        self._changed = changed
        self._lock = threading.Lock()
        self._agents: dict[str, Agent] = {}
        self._answers: dict[str, dict[str, Any]] = {}
        self._under_way: set[str] = set()
        self._starting: set[str] = set()
        self._done: dict[str, None] = {}
        self._launchers = ThreadPoolExecutor(_LAUNCHERS)
        self.pool: Pool

    def begin(self, orders: list[dict[str, Any]]) -> None:
        """Do what was not begun yet of some orders, in threads."""
        for order in orders:
            number = str(order["id"])
            with self._lock:
                if number in self._under_way or number in self._answers:
                    continue
                self._under_way.add(number)
            self._launchers.submit(self._obey, number, order)

    def table(self) -> dict[str, dict[str, Any]]:
        """How all agents are, by handle."""
        with self._lock:
            return {handle: agent.told() for handle, agent in self._agents.items()}

    def answers(self) -> dict[str, dict[str, Any]]:
        """What became of orders: those that the service asks about still."""
        with self._lock:
            return dict(self._answers)

    def heard(self, wanted: set[str]) -> None:
        """Forget the answers to orders that the service does not ask about any more."""
        with self._lock:
            for number in self._answers.keys() - wanted:
                del self._answers[number]

    def living(self) -> int:
        """How many agents may live, or are being launched."""
        with self._lock:
            alive = sum(1 for agent in self._agents.values() if agent.alive is not False)
            return alive + len(self._under_way)

    def follow(self, slot: Slot) -> None:
        """Watch a node until it is lost or given back, in a thread."""
        threading.Thread(target=self._watch, args=(slot,), daemon=True).start()

    def _obey(self, number: str, order: dict[str, Any]) -> None:
        try:
            answer = self._stop(order) if order["verb"] == "stop" else self._start(order)
        except engine.Failed as error:
            answer = {"refused": f"the node does not answer: {type(error).__name__}"}
        except Exception as error:  # noqa: BLE001 - whatever it is, the service must hear of it
            answer = {"failed": f"the driver on the Ray head failed: {error!r}"}
        with self._lock:
            self._answers[number] = answer
            self._under_way.discard(number)
        self._changed()

    def _stop(self, order: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            agent = self._agents.get(str(order["handle"]))
        if agent is not None and agent.slot is not None and agent.alive is not False:
            agent.slot.call("stop", order["handle"])
        return {}

    def _start(self, order: dict[str, Any]) -> dict[str, Any]:
        handle = str(order["handle"])
        with self._lock:
            known = self._agents.get(handle)
            if handle in self._done and order["purpose"] == JOB:
                return {}
            if known is not None and (order["purpose"] == JOB or known.alive is not False):
                return {}
            if handle in self._starting:
                # The service has lost patience with an earlier order, which still waits for a node.
                return {"refused": self.pool.trouble or "a node is being waited for"}
            self._starting.add(handle)
        try:
            return self._placed(handle, order)
        finally:
            with self._lock:
                self._starting.discard(handle)

    def _placed(self, handle: str, order: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            before = self._before(order)
            beside = self._beside(order)
        if before is not None and before.slot is None:
            return {"gone": before.reason or "its node is gone"}
        slot = before.slot if before is not None else None
        if slot is not None and slot in self.pool.slots:
            self.pool.occupy(slot, handle)
        else:
            slot = self.pool.take(handle, beside, WAIT_SECONDS)
        if slot is None:
            return {"refused": self.pool.trouble or "no node is free yet"}
        return self._started(slot, handle, order)

    def _started(self, slot: Slot, handle: str, order: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            self._agents[handle] = Agent(order, slot)
            slot.handles.add(handle)
        try:
            trouble = slot.call("start", order, self._light(str(order["light_hash"])))
        except Exception:
            self._withdraw(slot, handle)
            raise
        if trouble:
            self._withdraw(slot, handle)
            return {"failed": trouble}
        return {}

    def _withdraw(self, slot: Slot, handle: str) -> None:
        with self._lock:
            self._agents.pop(handle, None)
            slot.handles.discard(handle)
        self.pool.leave(slot, handle)

    def _before(self, order: dict[str, Any]) -> Agent | None:
        """The agent after which a salvage cleans up."""
        if order["purpose"] == JOB:
            return None
        same = ("run", "node", "attempt")
        mine = [
            each
            for each in self._agents.values()
            if all(each.order[name] == order[name] for name in same)
        ]
        return mine[-1] if mine else None

    def _beside(self, order: dict[str, Any]) -> set[Slot]:
        """The nodes that other agents of the same run have."""
        return {
            each.slot
            for each in self._agents.values()
            if each.slot is not None
            and each.alive is not False
            and each.order["run"] == order["run"]
            and each.order["node"] != order["node"]
        }

    def _watch(self, slot: Slot) -> None:
        number, silent_since = -1, 0.0
        while slot in self.pool.slots:
            try:
                number, states = slot.call("watch", number, WATCH_SECONDS, within=2 * WATCH_SECONDS)
            except engine.Silent:
                silent_since = silent_since or time.monotonic()
                self._doubt(slot, None)
                if engine.is_lost(slot.node):
                    break
                continue
            except engine.Failed:
                if slot not in self.pool.slots or not self._again(slot):
                    break
                number = -1
                continue
            silent_since = 0.0
            self._take(slot, states)
        self._lose(slot)

    def _take(self, slot: Slot, states: dict[str, dict[str, Any]]) -> None:
        """Take over what a node tells of its agents."""
        ended = {}
        with self._lock:
            for handle, state in states.items():
                agent = self._agents.get(handle)
                if agent is None or agent.alive is False:
                    continue
                agent.alive, agent.status = bool(state["alive"]), state.get("status")
                if not agent.alive:
                    ended[handle] = agent.status == 0
                    # The job may be large, and has the run's token.
                    agent.order = {name: agent.order[name] for name in _KEPT}
        for handle, well in ended.items():
            self.pool.leave(slot, handle, well=well)
        self._drop_oldest()
        self._changed()

    def _doubt(self, slot: Slot, alive: bool | None) -> None:
        with self._lock:
            for handle in slot.handles:
                agent = self._agents.get(handle)
                if agent is not None and agent.alive is not False:
                    agent.alive = alive
        self._changed()

    def _again(self, slot: Slot) -> bool:
        """Have a new actor take up the agents of one that died; False if the node is lost."""
        self._doubt(slot, None)
        end = time.monotonic() + LOST_SECONDS
        fresh = Slot.take(slot.group, slot.index, slot.node, self.pool.given)
        while time.monotonic() < end and not engine.is_lost(slot.node):
            try:
                fresh.call("about", within=1.0)
            except engine.Silent:
                continue
            except engine.Failed:
                break
            if slot.group.nodes().get(slot.index) != slot.node:
                break
            slot.actor = fresh.actor
            self._take_up(slot)
            return True
        fresh.let_go()
        return False

    def _take_up(self, slot: Slot) -> None:
        with self._lock:
            mine = {each: self._agents.get(each) for each in slot.handles}
        for agent in mine.values():
            if agent is not None and agent.alive is not False:
                slot.call("start", agent.order, self._light(str(agent.order["light_hash"])))

    def _lose(self, slot: Slot) -> None:
        """Count a node's agents as gone; of one that was given back none lives."""
        where = engine.address(slot.node) or slot.host
        self.pool.lose(slot)
        with self._lock:
            for handle in slot.handles:
                agent = self._agents.get(handle)
                if agent is None:
                    continue
                agent.slot = None
                agent.reason = f"node {slot.host} ({where}) of the Ray cluster is gone"
                if agent.alive is not False:
                    agent.alive = False
        self._changed()

    def _drop_oldest(self) -> None:
        """Keep the names alone of agents that ended long ago: all others are told each time."""
        dropped: dict[Slot, list[str]] = {}
        with self._lock:
            gone = [handle for handle, agent in self._agents.items() if agent.alive is False]
            for handle in gone[:-_REMEMBERED]:
                slot = self._agents.pop(handle).slot
                self._done[handle] = None
                if slot is not None:
                    slot.handles.discard(handle)
                    dropped.setdefault(slot, []).append(handle)
            for handle in list(self._done)[:-_NAMED]:
                del self._done[handle]
        for slot, handles in dropped.items():
            slot.tell("forget", handles)
