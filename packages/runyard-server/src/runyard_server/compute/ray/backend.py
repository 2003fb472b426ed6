"""A Ray cluster as a backend: what the scheduler asks, in terms of drivers and their desks.

[sites.ray]
backend = "ray"
address = "http://head:8265"             # the dashboard of the head
service_url = "http://runyard:8420"      # where head and nodes reach the service
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from runyard.protocol.errors import InternalError, InvalidRequest, TemporaryError
from runyard.protocol.sizes import VmSize
from runyard_server.compute.base import (
    JOB,
    SALVAGE,
    Answer,
    Backend,
    Capabilities,
    Grant,
    Job,
    LaunchPlan,
    Need,
    NodeGone,
    Observation,
    Place,
    SiteContext,
)
from runyard_server.compute.ray.api import Api
from runyard_server.compute.ray.catalog import Catalog
from runyard_server.compute.ray.desk import Desk, Want
from runyard_server.compute.ray.keeper import Keeper
from runyard_server.compute.ray.package import build

_LAUNCH_SECONDS = 20.0
_STOP_SECONDS = 5.0
_IDENTITY = 12


class RayBackend(Backend):
    """Runs agents on the nodes of a Ray cluster.

    Args:
        context: What is told of the service.
        address: Where the dashboard of the head is.
        token_file: Holds the token of the cluster's token mode.
        folder: Where nodes keep run folders and environments; a folder of ours below /tmp by
            default.
        shared_folder: A folder that all nodes see, for the working folder of runs on several.
        python: The interpreter of the agents on the nodes: Python 3.7 or newer.
        driver_python: The interpreter on the head that has Ray.
        memory_share: How much of a size's memory is asked of Ray, which offers its own tasks less
            than a machine has.
        share_nodes: Whether nodes of a cluster may be on one node of Ray.
        node_types: The kinds of nodes that an autoscaler can start, where it cannot be asked:
            `cpu: CPU=8 memory=32 max=10; gpu: CPU=12 GPU=1 max=2`.
    """

    def __init__(
        self,
        context: SiteContext,
        *,
        address: str,
        token_file: str = "",
        folder: str = "",
        shared_folder: str = "",
        python: str = "python3",
        driver_python: str = "python",
        memory_share: float = 0.5,
        share_nodes: bool = False,
        node_types: str = "",
    ) -> None:
        self._context = context
        self._shares = (memory_share, share_nodes)
        self._python = python
        # One that is the same after a restart, and tells nothing of what it is made of.
        named = f"{context.name}\n{context.runs}\n{context.line.token}"
        self._identity = hashlib.sha256(named.encode()).hexdigest()[:_IDENTITY]
        self._folder = folder.rstrip("/") or f"/tmp/runyard-{self._identity}"  # noqa: S108 - on nodes
        self._shared = shared_folder.rstrip("/")
        self._instance = secrets.token_hex(6)
        self._lock = threading.Lock()
        self._desks: dict[str, Desk] = {}
        api = Api(address, Path(token_file).expanduser() if token_file else None)
        self._catalog = Catalog(api, node_types)
        self._keeper = Keeper(
            api, self._catalog, self._identity, self._config, command=driver_python
        )

    def capabilities(self) -> Capabilities:
        """What the largest node has that the cluster has, or could have, as far as is known."""
        self._keeper.look_at(self._all())
        return self._catalog.capabilities()

    def could_run(self, need: Need) -> Answer:
        """Whether nodes of some kind could hold it; before anything is known it could."""
        self._keeper.look_at(self._all())
        share, together = self._shares
        return self._catalog.could_run(need, share, shares=together)

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """The agent's command on a node, run from the light half as it was unpacked there."""
        spec = job.at(self._place(job))
        words = ["agent", spec.run_folder]
        if salvage is not None:
            words = ["salvage", spec.run_folder, "--reason", salvage]
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=[self._python, "-S", "-E", spec.light, *words],
            environment={},
            folder=spec.run_folder,
            job=spec,
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Have the driver start the agent on a node of its cluster; its word is waited for.

        Raises:
            TemporaryError: Ray, its driver or a node is not there yet.
            NodeGone: What a salvage would save is gone with its node.
            InternalError: The agent could not be started.
        """
        cluster = _cluster(plan)
        desk = self._desk(cluster)
        name = f"{plan.run}/{plan.node}/{plan.attempt}/{plan.purpose}"
        self._keeper.look_at([desk])
        answer = desk.order(self._order(plan, name), _LAUNCH_SECONDS)
        if answer is None:
            raise TemporaryError(desk.trouble or "the driver on the Ray head has not answered yet")
        if "gone" in answer:
            raise NodeGone(answer["gone"])
        if "refused" in answer:
            raise TemporaryError(answer["refused"])
        if "failed" in answer:
            raise InternalError(answer["failed"])
        return json.dumps([cluster, desk.driver, name])

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """See how agents are by what their drivers have told last."""
        found = {handle: self._observe(handle) for handle in handles}
        if found:
            self._keeper.look_at(self._all())
        return found

    def cancel(self, handle: str) -> None:
        """Have the driver send SIGTERM to an agent.

        Raises:
            TemporaryError: The driver does not answer.
        """
        known = _read(handle)
        if known is None:
            return
        cluster, _, name = known
        desk = self._desk(cluster)
        if self._observe(handle).alive is False:
            return
        answer = desk.order({"verb": "stop", "handle": name}, _STOP_SECONDS)
        if answer is None or "refused" in answer:
            raise TemporaryError(desk.trouble or "the driver on the Ray head does not answer")

    def resize(self, cluster: str, need: Need) -> Grant:
        """Have so many nodes wanted of the driver; Ray's word on it comes with a later turn."""
        desk = self._desk(cluster)
        size = self._size(need.size)
        desk.wish(Want(need.nodes, need.together, size))
        self._keeper.look_at([desk])
        told = desk.told
        nodes, free = int(told.get("nodes", 0)), int(told.get("free", 0))
        if need.together > 1 and not self._shares[1] and told.get("apart", 0) < need.together:
            # Enough of them, but on machines that are too few: no run must begin on those.
            nodes = nodes - free + min(free, need.together - 1)
        granted = min(nodes, need.nodes)
        desk.lacks(granted < need.nodes and not told.get("starting"))
        reason = "" if granted >= need.nodes else self._waits(desk, need, size)
        return Grant(granted, reason)

    def exchange(self, message: Mapping[str, Any]) -> tuple[dict[str, Any], bool]:
        """Answer a driver.

        Raises:
            InvalidRequest: It is none of ours, or says nothing that we know.
        """
        try:
            if message["verb"] == "light":
                return {"zip": base64.b64encode(self._light(str(message["light"]))).decode()}, True
            desk = self._desk(str(message["cluster"]))
            reply, news = desk.hear(message)
        except (KeyError, TypeError, ValueError) as error:
            raise InvalidRequest(f"no driver of ours says this: {error!r}") from None
        if message["verb"] == "tell":
            self._catalog.hear(message)
            if message["build"] != build() and desk.is_idle:
                # An older release's, and nothing is left for it to do: the next one is of ours.
                desk.lost()
                return {"end": True}, True
        return reply, news

    def close(self) -> None:
        """End the thread; drivers, nodes and agents go on."""
        self._keeper.close()

    def _place(self, job: Job) -> Place:
        size = job.size
        shared = f"{self._shared}/runs/{job.run}" if self._shared else ""
        own = f"{self._folder}/runs/{job.run}/{job.node}"
        if shared:
            # Where the first node looks for the others' logs.
            own = f"{shared}/nodes/{job.node}" if job.node else shared
        return Place(
            run_folder=own,
            light=f"{self._folder}/light/{self._context.light.hash}",
            url=self._context.url(),
            shared_folder=shared,
            environments=f"{self._folder}/environments",
            cpus=size.cpus if size else self._catalog.capabilities().cpus,
            gpus=size.gpus if size else 0,
        )

    def _order(self, plan: LaunchPlan, name: str) -> dict[str, Any]:
        return {
            "verb": "start",
            "handle": name,
            "run": plan.run,
            "node": plan.node,
            "attempt": plan.attempt,
            "purpose": plan.purpose,
            "command": plan.command,
            "environment": plan.environment,
            "folder": plan.folder,
            "light": plan.job.light,
            "light_hash": self._context.light.hash,
            "job": msgspec.to_builtins(plan.job),
            # For a driver that has not been told what the cluster shall have.
            "size": self._size(VmSize("", plan.job.cpus, 0.0, plan.job.gpus)),
        }

    def _light(self, identity: str) -> bytes:
        if identity != self._context.light.hash:
            raise ValueError(identity)
        return self._context.light.zip.read_bytes()

    def _observe(self, handle: str) -> Observation:
        known = _read(handle)
        if known is None:
            return Observation(alive=False)
        cluster, driver, name = known
        return self._desk(cluster).observe(driver, name)

    def _desk(self, cluster: str) -> Desk:
        with self._lock:
            found = self._desks.get(cluster)
            if found is None:
                found = self._desks[cluster] = Desk(
                    cluster, self._instance, self._context.line.ring
                )
            return found

    def _all(self) -> list[Desk]:
        with self._lock:
            return list(self._desks.values())

    def _size(self, size: VmSize | None) -> dict[str, Any]:
        share, together = self._shares
        if size is None:
            return {"cpus": 1, "gpus": 0, "memory_gb": 0, "name": "", "share": together}
        return {
            "cpus": size.cpus,
            "gpus": size.gpus,
            "memory_gb": round(size.memory_gb * share, 3),
            "name": size.name,
            "share": together,
        }

    def _waits(self, desk: Desk, need: Need, size: Mapping[str, Any]) -> str:
        """What a cluster waits for, for people."""
        if desk.trouble:
            return desk.trouble
        if not desk.is_fresh:
            return "the driver on the Ray head is being started"
        missing = need.nodes - int(desk.told.get("nodes", 0))
        return self._catalog.waits(missing, size, desk.told, desk.quiet_seconds)

    def _config(self, cluster: str) -> dict[str, str]:
        context = self._context
        return {
            "url": context.url(),
            "site": context.name,
            "token": context.line.token,
            "cluster": cluster,
            "build": build(),
            "folder": self._folder,
            "python": self._python,
            "namespace": f"runyard-{self._identity}",
        }


def _cluster(plan: LaunchPlan) -> str:
    """The cluster that a node belongs to: `<name>-<number>`, or a target without numbers."""
    head, _, number = plan.job.node_name.rpartition("-")
    return f"{plan.job.workspace}/{head if number.isdigit() else plan.job.node_name}"


def _read(handle: str) -> tuple[str, str, str] | None:
    try:
        cluster, driver, name = json.loads(handle)
    except (ValueError, TypeError):
        return None
    return str(cluster), str(driver), str(name)
