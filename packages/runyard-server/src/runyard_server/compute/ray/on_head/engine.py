"""All that the driver asks of Ray: reserve nodes, have an actor on each, see which are lost.

A *group* is a placement group: Ray reserves all of its bundles or none, each on a node of its own.
A bundle of a group that is there, with an actor in it, is a *slot*: what a cluster calls a node.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayActorError, RayError
from ray.util.placement_group import (
    PlacementGroup,
    placement_group,
    placement_group_table,
    remove_placement_group,
)
from ray.util.scheduling_strategies import PlacementGroupSchedulingStrategy

from runyard_server.compute.ray.on_head import autoscaler
from runyard_server.compute.ray.on_head.node import NodeWorker

# Calls of one actor that may be under way: a watch, and starts and stops beside it.
_CALLS = 8
_GIB = 1 << 30

Lost = RayActorError
Silent = GetTimeoutError
Failed = RayError


@dataclass(frozen=True)
class Size:
    """What each node of a cluster shall have.

    Args:
        cpus: CPUs.
        gpus: GPUs.
        memory_gb: GiB of what Ray calls memory.
        name: A resource of the cluster's own that a node must have, too; "" for none.
        share: Whether nodes of a cluster may be on one node of Ray.
    """

    cpus: float = 1
    gpus: float = 0
    memory_gb: float = 0
    name: str = ""
    share: bool = False

    def bundle(self) -> dict[str, float]:
        """What Ray is asked for."""
        kinds = autoscaler.kinds()
        named = {self.name: 1} if self.name and self.name in resource_names(kinds) else {}
        # An autoscaler starts nothing for what it does not know that its nodes have.
        known = not kinds or any("memory" in each["resources"] for each in kinds)
        memory = int(self.memory_gb * _GIB) if known else 0
        wanted = {"CPU": self.cpus, "GPU": self.gpus, "memory": memory, **named}
        return {key: value for key, value in wanted.items() if value}


@dataclass(eq=False)
class Group:
    """Nodes that Ray reserves together.

    Args:
        size: Of each.
        count: How many.
        reserved: Ray's own object.
    """

    size: Size
    count: int
    bundle: dict[str, float]
    reserved: PlacementGroup

    @classmethod
    def ask(cls, size: Size, count: int) -> Group:
        """Ask Ray for nodes; it starts some where it can."""
        bundle = size.bundle()
        strategy = "SPREAD" if size.share else "STRICT_SPREAD"
        return cls(size, count, bundle, placement_group([dict(bundle)] * count, strategy))

    def nodes(self) -> dict[int, str]:
        """Ray's node of each bundle; empty while they are not all there."""
        found = placement_group_table(self.reserved)
        if found.get("state") != "CREATED":
            return {}
        return {int(index): str(node) for index, node in found["bundles_to_node_id"].items()}

    def give_back(self) -> None:
        """Let Ray have the nodes; actors that still are on them end."""
        remove_placement_group(self.reserved)


@dataclass(eq=False)
class Slot:
    """A node of the cluster: one bundle of a group, and the actor in it.

    Args:
        group: The group.
        index: The bundle's number in it.
        node: Ray's node.
        actor: The actor.
        host: What the node calls itself.
        handles: The agents that were started on it.
    """

    group: Group
    index: int
    node: str
    actor: Any
    host: str = ""
    handles: set[str] = field(default_factory=set)

    @classmethod
    def take(cls, group: Group, index: int, node: str, given: tuple[str, str]) -> Slot:
        """Have an actor in a bundle.

        Args:
            group: The group.
            index: The bundle's number in it.
            node: Ray's node.
            given: The folder and the interpreter of the node's agents.
        """
        bundle = group.bundle
        actor = (
            ray.remote(NodeWorker)
            .options(
                num_cpus=bundle.get("CPU", 0),
                num_gpus=bundle.get("GPU", 0),
                max_concurrency=_CALLS,
                # Of each call the head would keep an event, and calls come with each run.
                enable_task_events=False,
                scheduling_strategy=PlacementGroupSchedulingStrategy(group.reserved, index),
            )
            .remote(*given)
        )
        return cls(group, index, node, actor)

    def call(self, verb: str, *given: Any, within: float = 10.0) -> Any:
        """Call a method of the actor; give what it answers.

        Args:
            verb: The method.
            given: Its arguments.
            within: How long to wait.

        Raises:
            Lost: The actor is gone.
            Silent: It does not answer in time.
        """
        return ray.get(getattr(self.actor, verb).remote(*given), timeout=within)

    def tell(self, verb: str, *given: Any) -> None:
        """Call a method of the actor without waiting for what comes of it."""
        getattr(self.actor, verb).remote(*given)

    def let_go(self) -> None:
        """End the actor."""
        ray.kill(self.actor)


def connect(name: str) -> None:
    """Become a driver of the cluster that this job was submitted to."""
    ray.init(address="auto", namespace=name, log_to_driver=False)


def keep(content: bytes) -> Any:
    """Put something into Ray's store once, for all actors."""
    return ray.put(content)


def is_lost(node: str) -> bool:
    """Whether Ray counts a node as gone; seconds after it went."""
    return not any(each["NodeID"] == node and each["Alive"] for each in ray.nodes())


def address(node: str) -> str:
    """Where a node is."""
    found = [each["NodeManagerAddress"] for each in ray.nodes() if each["NodeID"] == node]
    return str(found[0]) if found else ""


def resource_names(kinds: list[dict[str, Any]]) -> set[str]:
    """The names of all resources that nodes of the cluster have, or could have by their kinds."""
    names = {name for each in ray.nodes() if each["Alive"] for name in each["Resources"]}
    return names | {name for kind in kinds for name in kind["resources"]}
