"""What a Ray cluster has and could have, as far as is known without asking anybody.

Kinds of nodes come from three sources: what the settings say, what a driver on the head has read of
the autoscaler's configuration, and the nodes that are there. Where an autoscaler is at work and
nobody has told its kinds, nothing is refused: it may have them.
"""

import re
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard_server.compute.base import Answer, Capabilities, Need
from runyard_server.compute.ray.api import Api

_REFRESH_SECONDS = 10.0
_RETRY_SECONDS = 1.0
# So often the head is asked whether it has an autoscaler before the kinds are looked for.
_FIRST_LOOKS = 6
# An autoscaler looks every few seconds; one that starts nothing for so long has a reason.
_QUIET_SECONDS = 30.0
_GIB = 1 << 30
_KIND = re.compile(r"\s*([\w.\-]+)\s*:\s*(.*?)\s*")
_AMOUNTS = {"cpu": "CPU", "gpu": "GPU", "memory": "memory", "max": "max"}
_OF_A_NODE = re.compile(r"node_?[0-9A-Fa-f]{20,}")


@dataclass(frozen=True)
class Kind:
    """A kind of nodes.

    Args:
        name: Its name; that of a machine where it is there already.
        cpus: CPUs.
        gpus: GPUs.
        memory_gb: GiB of memory that Ray offers; 0 where it is not known.
        most: How many there can be; None: nobody has said.
    """

    name: str
    cpus: float
    gpus: float = 0
    memory_gb: float = 0
    most: int | None = None

    def holds(self, cpus: float, gpus: float, memory_gb: float) -> bool:
        """Whether a node of this kind has as much.

        Args:
            cpus: CPUs.
            gpus: GPUs.
            memory_gb: GiB of what Ray calls memory.
        """
        memory = not self.memory_gb or memory_gb <= self.memory_gb
        return cpus <= self.cpus and gpus <= self.gpus and memory

    def room(self, cpus: float, gpus: float) -> int:
        """How many nodes of ours one of this kind holds, where several may be on one of Ray's."""
        shares = [self.cpus // cpus if cpus else 1, self.gpus // gpus if gpus else self.cpus]
        return max(1, int(min(shares)))

    def told(self) -> str:
        """It in words."""
        parts = [f"{self.cpus:g} CPUs"]
        parts += [f"{self.gpus:g} GPUs"] if self.gpus else []
        parts += [f"{self.memory_gb:.0f} GB"] if self.memory_gb else []
        most = f", at most {self.most}" if self.most is not None else ""
        return f"{self.name} ({', '.join(parts)}{most})"


class Catalog:
    """What is known of a cluster.

    Args:
        api: The head, asked by the keeper's thread alone.
        node_types: What the settings say of kinds; "" for nothing.

    Raises:
        InvalidRequest: The text of kinds makes no sense.
    """

    def __init__(self, api: Api, node_types: str = "") -> None:
        self._api = api
        self._set = parsed(node_types)
        self._lock = threading.Lock()
        self._told: list[Kind] = []
        self._present: list[Kind] = []
        self._workers: list[Kind] = []
        # Until the head has said that it has none.
        self._grows = True
        self._report: dict[str, Any] = {}
        self._next = 0.0
        self._looks = 0

    @property
    def called(self) -> str:
        """What the site is called in messages."""
        return f"the Ray cluster at {self._api.address}"

    @property
    def is_unsure(self) -> bool:
        """Whether there is an autoscaler, and nobody has told which kinds of nodes it can start."""
        with self._lock:
            told = self._set or self._told or self._looks < _FIRST_LOOKS
            return bool(self._present) and self._grows and not told

    def refresh(self) -> None:
        """Ask the head, if that was long ago; a head that is down leaves all as it was."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _REFRESH_SECONDS
        try:
            rows = self._api.nodes()
            present = [_present(row) for row in rows]
            workers = [_present(row) for row in rows if not row.get("is_head_node")]
            report = self._api.autoscaler()
        except RunyardError:
            self._next = time.monotonic() + _RETRY_SECONDS
            return
        self._looks += 1
        if not (present and report) and self._looks < _FIRST_LOOKS:
            # A head that has just been started lists nothing yet.
            self._next = time.monotonic() + _RETRY_SECONDS
        with self._lock:
            self._present, self._report = present, report
            self._workers = workers
            active = report.get("activeNodes") or {}
            # Where nothing starts nodes, Ray's report names each by its id.
            self._grows = not active or not all(_OF_A_NODE.fullmatch(name) for name in active)

    def hear(self, told: Mapping[str, Any]) -> None:
        """Take over the kinds that a driver has found on the head."""
        kinds = [
            Kind(
                each["name"],
                float(each["resources"].get("CPU", 0)),
                float(each["resources"].get("GPU", 0)),
                float(each["resources"].get("memory", 0)) / _GIB,
                each["most"],
            )
            for each in told.get("kinds") or []
        ]
        if kinds:
            with self._lock:
                self._told, self._grows = kinds, True

    def capabilities(self) -> Capabilities:
        """What its largest node has; a figure of one CPU where nothing is known."""
        kinds = self._kinds()
        largest = max((each.cpus for each in kinds), default=1)
        memories = [each.memory_gb for each in kinds]
        with self._lock:
            most = None if self._grows else max(1, len(self._present))
        if self._grown():
            counts = [each.most for each in self._grown()]
            known = [each for each in counts if each is not None]
            most = sum(known) if len(known) == len(counts) else None
        return Capabilities(
            cpus=max(1, int(largest)),
            memory_gb=0 if not memories or 0 in memories else max(memories),
            gpus=int(max((each.gpus for each in kinds), default=0)),
            max_nodes=most,
            called=self.called,
        )

    def could_run(self, need: Need, memory_share: float, *, shares: bool = False) -> Answer:
        """Whether nodes of some kind could hold a need; of what is not known it is believed.

        Args:
            need: What is asked for.
            memory_share: How much of a size's memory is asked of Ray.
            shares: Whether several nodes of ours may be on one of Ray's.
        """
        size = need.size
        kinds = self._kinds()
        gpus = size.gpus if size is not None else int(max((k.gpus for k in kinds), default=0))
        if not kinds or (self._grows and not self._grown()):
            return Answer(gpus=gpus)
        fit = kinds
        if size is not None:
            fit = [k for k in kinds if k.holds(size.cpus, size.gpus, size.memory_gb * memory_share)]
        if size is not None and not fit:
            return Answer(
                f"no node of {self.called} can hold {size.name} ({size.cpus} CPUs, "
                f"{size.gpus} GPUs, {size.memory_gb:g} GB); there are "
                f"{'; '.join(sorted({each.told() for each in kinds}))}: take a smaller size, or "
                "add a node type to the cluster"
            )
        rooms = [k.room(size.cpus, size.gpus) if shares and size is not None else 1 for k in fit]
        most = sum(k.most * room for k, room in zip(fit, rooms, strict=True) if k.most is not None)
        if need.nodes > most and all(k.most is not None for k in fit):
            return Answer(
                f"{need.nodes} nodes are asked for and {self.called} can have {most} of that size; "
                f"ask for {most} or fewer"
            )
        return Answer(gpus=gpus)

    def waits(
        self, missing: int, size: Mapping[str, Any], told: Mapping[str, Any], quiet: float
    ) -> str:
        """What missing nodes wait for.

        Args:
            missing: How many.
            size: What each shall have.
            told: What the driver has told last.
            quiet: Seconds for which none of them has been started.
        """
        what = f"Ray has no room yet for {_counted(missing, 'node')} of "
        what += _counted(size["cpus"], "CPU")
        what += f" and {_counted(size['gpus'], 'GPU')}" if size["gpus"] else ""
        told_trouble = str(told.get("trouble") or "")
        if told_trouble:
            return f"{what}; {told_trouble}"
        starting, failed = told.get("starting") or self._starting(), told.get("failed") or ""
        parts = [what]
        if failed:
            # It tries again and again: what it is starting meanwhile would come and go here.
            parts.append(f"the autoscaler could not start {failed}")
        elif starting:
            parts.append(f"the autoscaler is starting {starting}")
        there, limit = self._there_and_most(size)
        if not self._grows:
            parts.append("the cluster has no autoscaler: they come when others give theirs back")
        elif limit is not None and there >= limit:
            parts.append(
                f"the cluster is at its limit of {limit}: they come when others give theirs back"
            )
        else:
            parts += [] if limit is None else [f"the cluster's limit is {limit}"]
            if quiet > _QUIET_SECONDS and not (failed or starting):
                parts.append("nothing is being started: `ray status` on the head tells more")
        return "; ".join(parts)

    def _there_and_most(self, size: Mapping[str, Any]) -> tuple[int, int | None]:
        """How many nodes that hold a size there are, and may be; None where nobody has said."""
        given = size["cpus"], size["gpus"], size["memory_gb"]
        most = [each.most for each in self._grown() if each.holds(*given)]
        with self._lock:
            there = sum(each.holds(*given) for each in self._workers)
        return there, None if not most or None in most else sum(each or 0 for each in most)

    def _starting(self) -> int:
        with self._lock:
            report = self._report
        launches = report.get("pendingLaunches") or {}
        counts = launches.values() if isinstance(launches, dict) else launches
        pending = report.get("pendingNodes") or []
        return len(pending) + sum(each for each in counts if isinstance(each, int))

    def _grown(self) -> list[Kind]:
        """The kinds that an autoscaler starts."""
        with self._lock:
            return self._set or self._told

    def _kinds(self) -> list[Kind]:
        with self._lock:
            grown = self._set or self._told
            # A head that has no CPUs for tasks is no node for runs.
            return [*grown, *self._present_for_runs(count=not grown)]

    def _present_for_runs(self, *, count: bool) -> list[Kind]:
        found = [each for each in self._present if each.cpus]
        if count:
            return found
        return []


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def parsed(text: str) -> list[Kind]:
    """The kinds of a text of the settings.

    Raises:
        InvalidRequest: It makes no sense.
    """
    found = []
    for part in filter(None, (each.strip() for each in text.split(";"))):
        match = _KIND.fullmatch(part)
        try:
            assert match is not None
            pairs = [word.split("=") for word in match[2].split()]
            amounts = {_AMOUNTS[name.lower()]: float(amount) for name, amount in pairs}
            most = amounts.get("max")
            found.append(
                Kind(
                    match[1],
                    amounts["CPU"],
                    amounts.get("GPU", 0),
                    amounts.get("memory", 0),
                    None if most is None else int(most),
                )
            )
        except (AssertionError, KeyError, ValueError):
            raise InvalidRequest(
                f"node_types has {part!r}; each kind is `name: CPU=8 GPU=1 memory=32 max=4`, of "
                "which CPU must be there"
            ) from None
    return found


def _present(row: Mapping[str, Any]) -> Kind:
    total = row.get("resources_total") or {}
    name = str(row.get("node_name") or row.get("node_ip") or "a node")
    return Kind(
        name,
        float(total.get("CPU", 0)),
        float(total.get("GPU", 0)),
        float(total.get("memory", 0)) / _GIB,
        1,
    )
