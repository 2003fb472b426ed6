"""The driver of one cluster: it dials the service, for on the head nobody can be dialed.

One thread keeps a question open at the service and gets orders as answers; another tells how nodes
and agents are, at each change and every two seconds; a third brings the nodes to what is wanted.
The service may be away: agents and nodes stay, and after some minutes what nobody uses is given
back.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any

from runyard_server.compute.ray.on_head import autoscaler, engine
from runyard_server.compute.ray.on_head.agents import Agents
from runyard_server.compute.ray.on_head.engine import Size
from runyard_server.compute.ray.on_head.line import Line, Refused
from runyard_server.compute.ray.on_head.pool import Pool, Want

CONFIG = "driver.json"
ASK_SECONDS = 20.0
TELL_SECONDS = 2.0
TURN_SECONDS = 0.2
KINDS_SECONDS = 10.0
RETRY_SECONDS = 0.5
# Without a word from the service for so long, nodes that nobody uses are given back.
AWAY_SECONDS = 600.0
# A driver of a cluster that has no nodes and wants none ends after so long.
IDLE_SECONDS = 300.0


class Driver:
    """The driver.

    Args:
        config: What the service has sent along.
    """

    def __init__(self, config: dict[str, Any]) -> None:
        self._line = Line(config["url"], config["site"], config["token"])
        self._who = {
            "cluster": config["cluster"],
            "driver": secrets.token_hex(6),
            "build": config["build"],
        }
        self._lights: dict[str, Any] = {}
        self._news = threading.Event()
        self._guard, self._fetching = threading.Lock(), threading.Lock()
        self._service, self._after, self._told = "", 0, 0
        self._heard = self._used = time.monotonic()
        self._kinds: list[dict[str, Any]] = []
        self._kinds_at = 0.0
        self.ended = threading.Event()
        self.agents = Agents(self._light, self._news.set)
        self.pool = Pool(config["folder"], config["python"], self._joined)
        self.agents.pool = self.pool

    def run(self) -> None:
        """Work until nothing is left to be done."""
        for work in (self._ask, self._tell):
            threading.Thread(target=self._forever, args=(work,), daemon=True).start()
        while not self.ended.wait(0):
            try:
                self.pool.turn()
            except engine.Failed as error:
                say(f"Ray does not answer: {error!r}")
            self._rest()
            with self.pool.changed:
                self.pool.changed.wait(TURN_SECONDS)
        self.pool.close()

    def _joined(self, slot: engine.Slot) -> None:
        self.agents.follow(slot)
        self._news.set()

    def _forever(self, work: Any) -> None:
        trouble = ""
        while not self.ended.is_set():
            try:
                work()
                trouble = ""
            except (OSError, Refused, ValueError, KeyError) as error:
                # Told once: this log is on the head for as long as the cluster lives.
                if str(error) != trouble:
                    trouble = str(error)
                    say(f"the service cannot be asked: {trouble}")
                self.ended.wait(RETRY_SECONDS)

    def _ask(self) -> None:
        asked = {**self._who, "verb": "ask", "service": self._service, "after": self._after}
        self._take(self._line.say(asked, ASK_SECONDS))

    def _tell(self) -> None:
        self._news.wait(TELL_SECONDS)
        self._news.clear()
        self._told += 1
        if time.monotonic() > self._kinds_at:
            self._kinds = autoscaler.kinds()
            self._kinds_at = time.monotonic() + KINDS_SECONDS
        told = {
            **self._who,
            "verb": "tell",
            "number": self._told,
            "agents": self.agents.table(),
            "answers": self.agents.answers(),
            "living": self.agents.living(),
            "kinds": self._kinds,
            "trouble": self.pool.trouble,
            **self.pool.counts(),
            **(autoscaler.news() if self.pool.is_short else {}),
        }
        self._take(self._line.say(told), told["answers"].keys())

    def _take(self, reply: dict[str, Any], told: Any = ()) -> None:
        """Do what the service says; the answers it was told and asks for no more are dropped."""
        with self._guard:
            self._heard = time.monotonic()
            if reply.get("end"):
                say("the service wants this driver no more")
                self.ended.set()
                return
            self._service, self._after = str(reply["service"]), int(reply["last"])
            want = reply.get("want")
            if want is not None:
                size = Size(**want["size"])
                self.pool.want = Want(int(want["nodes"]), int(want["together"]), size)
        orders = reply["orders"]
        if orders and not self.pool.want.nodes:
            sizes = [order["size"] for order in orders if "size" in order]
            self.pool.suggest([Size(**size) for size in sizes])
        open_orders = {str(order["id"]) for order in orders}
        self.agents.heard(set(self.agents.answers()) - (set(told) - open_orders))
        self.agents.begin(orders)

    def _light(self, identity: str) -> Any:
        """The light half of a hash, once in Ray's store for all nodes."""
        with self._fetching:
            if identity not in self._lights:
                said = self._line.say({**self._who, "verb": "light", "light": identity})
                self._lights[identity] = engine.keep(base64.b64decode(said["zip"]))
            return self._lights[identity]

    def _rest(self) -> None:
        """Let go of what nobody uses when the service is away, and end when all is idle."""
        now = time.monotonic()
        if now - self._heard > AWAY_SECONDS:
            self.pool.want = Want(0, 1, self.pool.want.size)
        if self.pool.want.nodes or self.pool.slots or self.agents.living():
            self._used = now
        elif now - self._used > IDLE_SECONDS:
            say("nothing is left to be done")
            self.ended.set()


def say(text: str) -> None:
    """Write a line into the job's log, which Ray keeps and shows."""
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {text}\n")
    sys.stdout.flush()


def main() -> None:
    """Be the driver of the cluster that the service has described beside this package."""
    config = json.loads(Path(CONFIG).read_text("utf-8"))
    engine.connect(config["namespace"])
    say(f"the driver of {config['cluster']} dials {config['url']}, process {os.getpid()}")
    Driver(config).run()


if __name__ == "__main__":
    main()
