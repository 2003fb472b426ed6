"""The feed: what happens to anything in a workspace, in order, from any position on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client import streams
from runyard.client.workspace_connection import NounClient
from runyard.protocol import feed as routes
from runyard.protocol.feed import FeedQuery

if TYPE_CHECKING:
    from typing import Iterator, Optional

    from runyard.protocol.feed import FeedEvent, FeedPage


class Feed(NounClient):
    """The events of a workspace."""

    def list(self, query: Optional[FeedQuery] = None, wait: float = 0.0) -> FeedPage:
        """Read what happened, in order.

        Args:
            query: Which events; the first thousand by default.
            wait: Seconds to wait for the first of them where there are none.

        Returns:
            The events, and the position to go on from.

        Raises:
            InvalidRequest: The query names a subject without its kind.
        """
        return self._service.call(routes.FEED_LIST, query=query or FeedQuery(), wait=wait)

    def follow(self, query: Optional[FeedQuery] = None) -> Iterator[FeedEvent]:
        """Follow the workspace without end, across broken connections and restarts of the service.

        Args:
            query: Which events; all there were and will be by default. `last=0` begins now.

        Yields:
            Its events, none twice.

        Raises:
            InvalidRequest: The query names a subject without its kind.
            ServiceUnreachable: No service answered for two minutes.
        """
        service = self._service
        segments = (service.id,)
        return streams.follow_feed(
            service.connection, routes.FEED_STREAM, segments, query or FeedQuery()
        )
