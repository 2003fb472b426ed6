"""What one has seen of a workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import seen as routes

if TYPE_CHECKING:
    from runyard.protocol.seen import Seen


class SeenMarks(NounClient):
    """What one has seen of a workspace, as others have not."""

    def get(self) -> Seen:
        """Ask up to when one has looked at what failed."""
        return self._service.call(routes.SEEN_GET)

    def put(self, failures: str) -> Seen:
        """Note that one has looked at what had failed by a time; give what is noted then."""
        return self._service.call(routes.SEEN_PUT, body=routes.Seen(failures))
