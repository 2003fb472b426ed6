"""Clusters: from min to max nodes as runs need them, and back when nodes are idle for long."""

from collections.abc import Mapping

from runyard_server.compute.base import Backend
from runyard_server.core.system import System
from runyard_server.execution import clusters, placement
from runyard_server.execution.placement import STEADY, Target
from runyard_server.store.compute import ComputeRow


class Clusters:
    """The clusters of all workspaces.

    Args:
        system: The service's parts.
        backends: By kind.
    """

    def __init__(self, system: System, backends: Mapping[str, Backend]) -> None:
        self._system = system
        self._backends = backends
        self._looked = 0
        self._short: set[Target] = set()

    def grant(self, target: Target, coming: int) -> int:
        """Ask the backend for the nodes a cluster needs; give how many it grants.

        Args:
            target: The cluster.
            coming: Nodes for runs that are about to come into its queue.
        """
        cluster, count = clusters.need(self._system, target, coming)
        granted = 0 if cluster is None else self._resize(cluster, count)
        if granted < count:
            self._short.add(target)
        return granted

    def upkeep(self) -> set[Target]:
        """Bring clusters to their minimum, take idle nodes away; give clusters to place on."""
        now = self._system.clock.now_us()
        moving, self._short = self._short, set()
        for cluster, present in clusters.with_nodes(self._system):
            target = Target(cluster.workspace, cluster.name)
            if len(present) < cluster.min_nodes:
                self._grow(cluster, self._resize(cluster, cluster.min_nodes), now)
            elif placement.overdue(cluster, present, now):
                self._shrink(cluster, now)
            if cluster.allocation_state != STEADY or cluster.modified_at > self._looked:
                moving.add(target)
        self._looked = now
        return moving

    def _resize(self, cluster: ComputeRow, count: int) -> int:
        name = f"{cluster.workspace}/{cluster.name}"
        return self._backends[cluster.backend].resize(name, count)

    def _grow(self, cluster: ComputeRow, count: int, now: int) -> None:
        self._system.records.write(lambda c: placement.grow(c, cluster, count, now))

    def _shrink(self, cluster: ComputeRow, now: int) -> None:
        taken = self._system.records.write(lambda c: placement.shrink(c, cluster, now))
        if taken:
            count = clusters.node_count(self._system, cluster)
            self._resize(cluster, count)
