"""What the service knows of the gateway: its last word, and which table it was given last.

The scheduler asks the gateway for its status and keeps it here; rules and verbs read it. All of it
is lost with the process and asked for again by the next one.
"""

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runyard_server.serving.table import (
        DeploymentStatus,
        Endpoint,
        EndpointStatus,
        GatewayStatus,
        ReplicaStatus,
    )


class Gateway:
    """The gateway of one service, as it was last heard of; usable from any thread.

    Attributes:
        publishing: Held by whoever writes the table.
        published: The endpoints of the table that was written last; None: not known.
        version: The version of that table.
        in_force: The version that the gateway is known to have.
        far_port: The port at which replicas of other machines dial it, 0 before there are any.
    """

    def __init__(self) -> None:
        self.publishing = threading.Lock()
        self.published: tuple[Endpoint, ...] | None = None
        self.version = 0
        self.in_force = 0
        self.far_port = 0
        self._guard = threading.Lock()
        self._status: GatewayStatus | None = None
        self._replicas: dict[str, ReplicaStatus] = {}
        self._endpoints: dict[tuple[str, str], EndpointStatus] = {}
        self._counted: dict[tuple[str, str], EndpointStatus] = {}

    @property
    def status(self) -> "GatewayStatus | None":
        """Its last word, None while it is not reached."""
        return self._status

    def note(self, status: "GatewayStatus | None") -> None:
        """Keep what the gateway has said, None where it is not reached any more.

        For who follows the gateway and wakes the endpoints of which there is news.
        """
        with self._guard:
            self._keep(status)

    def freshen(self, status: "GatewayStatus") -> None:
        """Keep an answer of the gateway that is followed, unless a later one is known."""
        with self._guard:
            known = self._status
            # Of two threads that asked the slower may come last. With its older answer a replica
            # that became ready in between would be forgotten, and nobody woken for it once more.
            if known and known.pid == status.pid and known.serial <= status.serial:
                self._keep(status)

    def _keep(self, status: "GatewayStatus | None") -> None:
        self._status = status
        # One that was started again has what is on disk: the newest.
        self.in_force = max(self.in_force, 0 if status is None else status.version)
        replicas = () if status is None else status.replicas
        endpoints = () if status is None else status.endpoints
        self._replicas = {each.run: each for each in replicas}
        self._endpoints = {(each.workspace, each.name): each for each in endpoints}
        if status is not None:
            self._counted = self._endpoints

    def replica(self, run: str) -> "ReplicaStatus | None":
        """How a replica is, None where the gateway does not know it."""
        return self._replicas.get(run)

    def endpoint(self, workspace: str, name: str) -> "EndpointStatus | None":
        """How an endpoint is, None where the gateway does not know it.

        Args:
            workspace: Id of the workspace.
            name: Name of the endpoint.
        """
        return self._endpoints.get((workspace, name))

    def deployment(self, workspace: str, endpoint: str, name: str) -> "DeploymentStatus | None":
        """How a deployment is, None where the gateway does not know it.

        Args:
            workspace: Id of the workspace.
            endpoint: Name of the endpoint.
            name: Name of the deployment.
        """
        return _deployment(self.endpoint(workspace, endpoint), name)

    def last_counts(self, workspace: str, endpoint: str, name: str) -> "DeploymentStatus | None":
        """What was last heard of a deployment, also while the gateway is not reached.

        Args:
            workspace: Id of the workspace.
            endpoint: Name of the endpoint.
            name: Name of the deployment.
        """
        return _deployment(self._counted.get((workspace, endpoint)), name)


def _deployment(found: "EndpointStatus | None", name: str) -> "DeploymentStatus | None":
    every = () if found is None else found.deployments
    return next((each for each in every if each.name == name), None)
