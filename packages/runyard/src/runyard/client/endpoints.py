"""Endpoints: made, deployed to, changed and deleted; their keys, tokens and logs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import endpoints as routes
from runyard.protocol.endpoints import EndpointLogQuery, EndpointQuery, RegenerateKey, Rollback

if TYPE_CHECKING:
    from runyard.protocol.endpoints import (
        CallEndpoint,
        ChangeEndpoint,
        CreateEndpoint,
        Deploy,
        EndpointAnswer,
        EndpointKeys,
        EndpointRecord,
        EndpointToken,
        GatewayRecord,
    )


# What has not come after three seconds has been rotated away, or was never printed.
_LOG_SECONDS, _LOG_PAUSE = 3.0, 0.05


class Endpoints(NounClient):
    """The endpoints of a workspace."""

    def create(self, order: CreateEndpoint) -> EndpointRecord:
        """Make an endpoint; it is on record when this returns, and made ready from then on.

        Raises:
            AlreadyExists: There is one of that name, and it is not to be replaced.
            InvalidRequest: Everything that stands against it, in one message.
        """
        return self._service.call(routes.ENDPOINTS_CREATE, body=order)

    def list(
        self, query: Optional[EndpointQuery] = None, limit: Optional[int] = None
    ) -> Listing[EndpointRecord]:
        """List endpoints, newest first.

        Args:
            query: Which ones; None lists all.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.ENDPOINTS_LIST, query=asked),
            query or EndpointQuery(),
            limit,
        )

    def get(self, endpoint: str) -> EndpointRecord:
        """Read an endpoint as it stands.

        Raises:
            NotFound: There is none of that name.
        """
        return self._service.call(routes.ENDPOINTS_GET, endpoint)

    def change(self, endpoint: str, change: ChangeEndpoint) -> EndpointRecord:
        """Change traffic, access, tags or description; no replica ends for it.

        Args:
            endpoint: Name of the endpoint.
            change: What is to be different.

        Raises:
            AlreadyExists: A property is there with another value.
            InvalidRequest: Everything that stands against it, in one message.
        """
        return self._service.call(routes.ENDPOINTS_CHANGE, endpoint, body=change)

    def delete(self, endpoint: str) -> None:
        """Delete an endpoint; it answers no more, and is gone once its replicas have ended."""
        self._service.call(routes.ENDPOINTS_DELETE, endpoint)

    def deploy(self, endpoint: str, deployment: str, order: Deploy) -> EndpointRecord:
        """Add a deployment, or change what one runs without a failed request.

        Args:
            endpoint: Name of the endpoint.
            deployment: Name of the deployment.
            order: What it is to be.

        Raises:
            InvalidRequest: Everything that stands against it, in one message.
        """
        return self._service.call(routes.ENDPOINTS_DEPLOY, endpoint, deployment, body=order)

    def undeploy(self, endpoint: str, deployment: str) -> EndpointRecord:
        """Delete a deployment; its share of the traffic goes to the default.

        Args:
            endpoint: Name of the endpoint.
            deployment: Name of the deployment.

        Raises:
            WrongState: It is the default.
        """
        return self._service.call(routes.ENDPOINTS_UNDEPLOY, endpoint, deployment)

    def rollback(
        self, endpoint: str, deployment: str, revision: Optional[int] = None
    ) -> EndpointRecord:
        """Go back to a former revision of a deployment.

        Args:
            endpoint: Name of the endpoint.
            deployment: Name of the deployment.
            revision: Its number; None: the one before that which serves.

        Raises:
            NotFound: There is no such revision.
        """
        order = Rollback(revision)
        return self._service.call(routes.ENDPOINTS_ROLLBACK, endpoint, deployment, body=order)

    def keys(self, endpoint: str) -> EndpointKeys:
        """Read the keys of an endpoint.

        Raises:
            WrongState: It is not opened by keys.
        """
        return self._service.call(routes.ENDPOINTS_KEYS, endpoint)

    def regenerate(self, endpoint: str, which: str, key: Optional[str] = None) -> EndpointKeys:
        """Replace a key; the new one counts when this returns, and the old one no more.

        Args:
            endpoint: Name of the endpoint.
            which: `primary` or `secondary`.
            key: A key of your own; None makes one.
        """
        order = RegenerateKey(which, key)
        return self._service.call(routes.ENDPOINTS_REGENERATE, endpoint, body=order)

    def token(self, endpoint: str) -> EndpointToken:
        """Make a token with which an endpoint may be called for twelve hours.

        Raises:
            WrongState: It is not opened by tokens.
        """
        return self._service.call(routes.ENDPOINTS_TOKEN, endpoint)

    def logs(self, endpoint: str, query: Optional[EndpointLogQuery] = None) -> str:
        """Read the newest lines that replicas have printed, oldest first.

        Args:
            endpoint: Name of the endpoint.
            query: Which ones; None: the last 5,000 of all.
        """
        asked = query or EndpointLogQuery()
        return self._service.call(routes.ENDPOINTS_LOGS, endpoint, query=asked).text

    def logs_when_ready(self, endpoint: str, query: EndpointLogQuery) -> str:
        """Read the lines of an endpoint that is ready, all up to there among them.

        Lines come some tenths of a second after they are printed, and readiness at once: who is
        told that it is ready looks for what `init()` has printed.

        Args:
            endpoint: Name of the endpoint.
            query: Which lines.
        """
        end = time.monotonic() + _LOG_SECONDS
        while True:
            text = self.logs(endpoint, query)
            whole = routes.READY_LINE in text or text.count("\n") + 1 >= query.lines
            if whole or time.monotonic() > end:
                return text
            time.sleep(_LOG_PAUSE)

    def call(self, endpoint: str, request: CallEndpoint) -> EndpointAnswer:
        """Call an endpoint through the service, from where its own port is not reached.

        Args:
            endpoint: Name of the endpoint.
            request: What is sent.

        Returns:
            The answer, whatever its status.

        Raises:
            WrongState: It cannot be reached, or takes longer than a minute.
        """
        return self._service.call(routes.ENDPOINTS_CALL, endpoint, body=request)

    def gateway(self) -> GatewayRecord:
        """Find the gateway that replicas connect to."""
        return self._service.call(routes.ENDPOINTS_GATEWAY)
