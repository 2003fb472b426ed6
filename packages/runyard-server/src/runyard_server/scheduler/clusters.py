"""Clusters: from min to max nodes as runs need them, and back when nodes are idle for long."""

from collections.abc import Iterable, Sequence

from runyard.protocol.sizes import resolve
from runyard_server.compute.base import Grant, Need
from runyard_server.core.system import System
from runyard_server.execution import clusters, placement
from runyard_server.execution.placement import STEADY, Target
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.compute import ComputeRow
from runyard_server.store.subjects import CLUSTER, Subject


class ClusterReconciler(Reconciler):
    """The clusters of all workspaces.

    Args:
        system: The service's parts.
    """

    kind = CLUSTER

    def __init__(self, system: System) -> None:
        self._system = system
        self._short: set[Subject] = set()

    def grant(self, target: Target, coming: Sequence[int]) -> Grant:
        """Ask the backend for the nodes a cluster needs; return how many it grants.

        Args:
            target: The cluster.
            coming: The node counts of runs that are about to come into its queue.
        """
        cluster, count, together = clusters.need(self._system, target, coming)
        granted = Grant(0) if cluster is None else self._resize(cluster, count, together)
        if granted.nodes < count:
            # Nothing wakes a run when nodes become free at the engine: the next look asks again.
            self._short.add(Subject(CLUSTER, target.workspace, target.name))
        return granted

    def subjects(self) -> Iterable[Subject]:
        """All clusters."""
        return [cluster.subject for cluster in clusters.everywhere(self._system)]

    def observe(self) -> Iterable[Subject]:
        """Those with too few nodes, with nodes idle for too long, or short of what runs need."""
        now = self._system.clock.now_us()
        short, self._short = self._short, set()
        return short.union(each.subject for each in clusters.unsettled(self._system, now))

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        """Bring clusters to their minimum, take idle nodes away, have the first run look again."""
        wanted = set(subjects)
        now = self._system.clock.now_us()
        for cluster in clusters.everywhere(self._system):
            if cluster.subject not in wanted:
                continue
            present = clusters.nodes_of(self._system, cluster)
            if len(present) < cluster.min_nodes:
                granted = self._resize(cluster, cluster.min_nodes)
                clusters.grow(self._system, cluster, granted.nodes)
            elif placement.overdue(cluster, present, now):
                left = clusters.shrink(self._system, cluster)
                if left is not None:
                    self._resize(cluster, left)
            elif cluster.allocation_state != STEADY:
                # Its minimum was lowered before the nodes came.
                clusters.settle(self._system, cluster, len(present))
            clusters.wake_queue(self._system, cluster)

    def _resize(self, cluster: ComputeRow, count: int, together: int = 1) -> Grant:
        name = f"{cluster.workspace}/{cluster.name}"
        need = Need(count, resolve(cluster.vm_size)[0], together=together)
        return self._system.sites.of(cluster.site).backend.resize(name, need)
