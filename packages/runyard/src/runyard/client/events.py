"""Events: a run's history as it happens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client import streams
from runyard.client.workspace_connection import NounClient
from runyard.protocol import events as routes
from runyard.protocol.events import EventQuery

if TYPE_CHECKING:
    from typing import Iterator

    from runyard.protocol.events import EventPage, EventRecord


class Events(NounClient):
    """The events of a workspace's runs."""

    def list(self, run: str, after: int = 0, limit: int = 1000) -> EventPage:
        """Read a run's events, in order.

        Args:
            run: The run's id.
            after: Only those with a larger number.
            limit: At most so many.

        Raises:
            RunNotFound: There is no such run.
        """
        query = EventQuery(after=after, limit=limit)
        return self._service.call(routes.EVENTS_LIST, run, query=query)

    def follow(self, run: str, after: int = 0) -> Iterator[EventRecord]:
        """Follow a run until it has ended, across broken connections and restarts of the service.

        Args:
            run: The run's id.
            after: Only events with a larger number.

        Yields:
            Its events, none twice, and frames of kind `log` that say which log file has grown.

        Raises:
            RunNotFound: There is no such run.
            ServiceUnreachable: No service answered for two minutes.
        """
        service = self._service
        return streams.follow(service.connection, routes.EVENTS_STREAM, (service.id, run), after)
