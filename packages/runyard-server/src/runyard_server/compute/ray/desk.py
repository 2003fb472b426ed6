"""The desk of one cluster: orders for its driver, and what the driver has told of nodes and agents.

All that is here can be forgotten: a service that starts anew asks, and hears everything with the
driver's first word. Orders stand here until the driver has answered them, so that none is lost with
a connection; the driver does each once. Handles name the driver that made them: another knows
nothing of its agents, which have ended with it.
"""

import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runyard_server.compute.base import Observation
from runyard_server.compute.ray.signals import ended

# A driver tells how things are every two seconds.
FRESH_SECONDS = 8.0

Message = Mapping[str, Any]


@dataclass
class Want:
    """What a cluster shall have: nodes, how many at once, and what each has."""

    nodes: int = 0
    together: int = 1
    size: dict[str, Any] = field(default_factory=dict)


class Desk:
    """What is between the service and the driver of a cluster.

    Args:
        cluster: `<workspace>/<name>`.
        service: Tells this instance of the service from those before.
        ring: Has the driver's open question answered.
    """

    def __init__(self, cluster: str, service: str, ring: Callable[[], None]) -> None:
        self.cluster = cluster
        self._service = service
        self._ring = ring
        self._changed = threading.Condition()
        self._last = 1
        self._orders: dict[str, dict[str, Any]] = {}
        self._answers: dict[str, dict[str, Any]] = {}
        self._want: Want | None = None
        self._heard = 0.0
        self._number = 0
        self._gone: set[str] = set()
        self.driver = ""
        self.build = ""
        self.told: dict[str, Any] = {}
        # What keeps the driver from being there, as the keeper has found.
        self.trouble = ""
        self.needed = 0.0
        self._quiet_since = 0.0

    @property
    def quiet_seconds(self) -> float:
        """For how long nodes have been missing without any being started."""
        return time.monotonic() - self._quiet_since if self._quiet_since else 0.0

    @property
    def is_fresh(self) -> bool:
        """Whether the driver was heard of a moment ago."""
        return bool(self._heard) and time.monotonic() - self._heard < FRESH_SECONDS

    @property
    def wanted(self) -> int:
        """How many nodes are wanted; 0 while nobody has said so."""
        return self._want.nodes if self._want is not None else 0

    @property
    def has_orders(self) -> bool:
        """Whether there is something for a driver to do."""
        return bool(self._orders)

    @property
    def is_idle(self) -> bool:
        """Whether no agent lives and none is to be started."""
        with self._changed:
            return not (self._orders or self.told.get("living"))

    def hear(self, message: Message) -> tuple[dict[str, Any], bool]:
        """Take what the driver says; answer with its orders, and whether these are news to it."""
        with self._changed:
            driver, verb = str(message["driver"]), message["verb"]
            if driver in self._gone:
                return {"end": True}, True
            if driver != self.driver:
                self._begin(driver, str(message["build"]))
            self._heard, self.trouble = time.monotonic(), ""
            if verb == "tell" and int(message["number"]) > self._number:
                self._number = int(message["number"])
                self.told = dict(message)
                self._note(message["answers"])
            known = message.get("after") if message.get("service") == self._service else 0
            return self._reply(), verb != "ask" or self._last > int(known or 0)

    def wish(self, want: Want) -> None:
        """Set what the cluster shall have from now on."""
        with self._changed:
            self.needed = time.monotonic()
            if want == self._want:
                return
            self._want = want
            self._announce()

    def lacks(self, lacks: bool) -> None:
        """Note whether nodes are missing of which none is being started."""
        self._quiet_since = (self._quiet_since or time.monotonic()) if lacks else 0.0

    def order(self, order: dict[str, Any], seconds: float) -> dict[str, Any] | None:
        """Have the driver do something; give its answer, None where none came in time.

        Args:
            order: What to do.
            seconds: How long to wait.
        """
        identity = secrets.token_hex(8)
        with self._changed:
            self.needed = time.monotonic()
            self._orders[identity] = {**order, "id": identity}
            self._announce()
            try:
                self._changed.wait_for(lambda: identity in self._answers, seconds)
                return self._answers.pop(identity, None)
            finally:
                del self._orders[identity]

    def observe(self, driver: str, handle: str) -> Observation:
        """See how an agent is, by what was heard last; None where that is too long ago.

        Args:
            driver: The driver that has started it.
            handle: The agent.
        """
        with self._changed:
            self.needed = time.monotonic()
            if driver in self._gone or (self.driver and driver != self.driver):
                return Observation(alive=False)
            if not self.is_fresh or not self.told:
                return Observation(alive=None)
            found = self.told["agents"].get(handle)
        if found is None:
            return Observation(alive=False)
        if found["alive"] is False:
            return ended(found["status"])
        return Observation(alive=found["alive"])

    def lost(self) -> None:
        """Take note that the driver is no more, and its agents with it."""
        with self._changed:
            if self.driver:
                self._gone.add(self.driver)
            self.driver, self.told, self._heard = "", {}, 0.0

    def _begin(self, driver: str, build: str) -> None:
        if self.driver:
            self._gone.add(self.driver)
        self.driver, self.build = driver, build
        self.told, self._number = {}, 0

    def _note(self, answers: Mapping[str, dict[str, Any]]) -> None:
        self._answers.update({k: v for k, v in answers.items() if k in self._orders})
        self._changed.notify_all()

    def _reply(self) -> dict[str, Any]:
        want = None
        if self._want is not None and self._want.size:
            want = {
                "nodes": self._want.nodes,
                "together": self._want.together,
                "size": self._want.size,
            }
        orders = [each for key, each in self._orders.items() if key not in self._answers]
        return {"service": self._service, "last": self._last, "orders": orders, "want": want}

    def _announce(self) -> None:
        self._last += 1
        self._ring()
