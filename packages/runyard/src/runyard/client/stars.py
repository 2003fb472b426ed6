"""Stars: what one wants to have at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.workspace_connection import NounClient
from runyard.protocol import stars as routes
from runyard.protocol.stars import StarQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.stars import StarRecord


class Stars(NounClient):
    """One's own stars in a workspace."""

    def list(self, kind: Optional[str] = None) -> List[StarRecord]:
        """List what has a star, the newest first; only runs or views if `kind` says so."""
        return self._service.call(routes.STARS_LIST, query=StarQuery(kind)).items

    def add(self, kind: str, name: str) -> StarRecord:
        """Put a star on something.

        Args:
            kind: `run` or `view`.
            name: Its id.

        Raises:
            NotFound: There is no such thing.
        """
        return self._service.call(routes.STARS_ADD, kind, name)

    def remove(self, kind: str, name: str) -> None:
        """Take a star away, if it is there.

        Args:
            kind: `run` or `view`.
            name: Its id.
        """
        self._service.call(routes.STARS_REMOVE, kind, name)
