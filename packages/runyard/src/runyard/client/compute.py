"""Compute targets: clusters that are made, changed and deleted, and their nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import compute as routes

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.compute import (
        AttachCompute,
        ChangeCompute,
        ComputeRecord,
        CreateCompute,
        NodeRecord,
        Occupancy,
    )
    from runyard.protocol.queue import QueuedRun


class Compute(NounClient):
    """The compute targets of a workspace, by name."""

    def create(self, order: CreateCompute) -> ComputeRecord:
        """Make a cluster.

        Raises:
            AlreadyExists: One of that name exists.
            InvalidRequest: Name, size or numbers make no sense.
        """
        return self._service.call(routes.COMPUTE_CREATE, body=order)

    def attach(self, order: AttachCompute) -> ComputeRecord:
        """Attach a machine that is reached by ssh.

        Raises:
            AlreadyExists: A target of that name exists.
            InvalidRequest: The machine cannot be reached; with what to do about that.
        """
        return self._service.call(routes.COMPUTE_ATTACH, body=order)

    def list(self) -> List[ComputeRecord]:
        """List the compute targets, by name."""
        return self._service.call(routes.COMPUTE_LIST).items

    def get(self, name: str) -> ComputeRecord:
        """Find a compute target.

        Raises:
            ComputeNotFound: There is none of that name; the message names the nearest.
        """
        return self._service.call(routes.COMPUTE_GET, name)

    def change(self, name: str, change: ChangeCompute) -> ComputeRecord:
        """Change how far a cluster grows and shrinks.

        Args:
            name: The cluster.
            change: What is to be different.

        Raises:
            InvalidRequest: The numbers contradict one another.
            WrongState: A run that waits needs more nodes than would be left.
        """
        return self._service.call(routes.COMPUTE_CHANGE, name, body=change)

    def delete(self, name: str) -> None:
        """Delete a cluster.

        Raises:
            WrongState: Runs on it have not ended.
        """
        self._service.call(routes.COMPUTE_DELETE, name)

    def nodes(self, name: str) -> List[NodeRecord]:
        """List a cluster's nodes, and the runs that hold them.

        Raises:
            ComputeNotFound: There is none of that name.
        """
        return self._service.call(routes.COMPUTE_NODES, name).items

    def occupancy(self, name: str, hours: float = 6.0, points: int = 72) -> Occupancy:
        """Read how many nodes a cluster had over the last hours, and how many of them runs held.

        Args:
            name: The cluster.
            hours: How far back.
            points: Into how many parts that time is cut.

        Raises:
            ComputeNotFound: There is none of that name.
            InvalidRequest: The hours or points make no sense.
        """
        asked = routes.OccupancyQuery(hours, points)
        return self._service.call(routes.COMPUTE_OCCUPANCY, name, query=asked)

    def queue(self) -> List[QueuedRun]:
        """List the runs that wait for nodes, by target and place, and what would free them."""
        from runyard.protocol.queue import COMPUTE_QUEUE

        return self._service.call(COMPUTE_QUEUE).items
