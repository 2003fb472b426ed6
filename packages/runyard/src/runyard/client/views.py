"""Saved views: listed, saved, changed and deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.workspace_connection import NounClient
from runyard.protocol import views as routes
from runyard.protocol.errors import NotFound
from runyard.protocol.suggestions import suggest
from runyard.protocol.views import ViewQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.views import ChangeView, CreateView, ViewRecord


class Views(NounClient):
    """The saved views of a workspace."""

    def list(self, noun: Optional[str] = None) -> List[ViewRecord]:
        """List views, by name; only those of a noun (`runs`, `charts` and others) if given."""
        return self._service.call(routes.VIEWS_LIST, query=ViewQuery(noun)).items

    def named(self, name: str, noun: str = "runs") -> ViewRecord:
        """Find a view by its name.

        Args:
            name: The name.
            noun: What it shows.

        Raises:
            NotFound: There is none; the message names the nearest.
        """
        known = {view.name: view for view in self.list(noun)}
        if name not in known:
            near = suggest(name, known, "none is saved yet")
            raise NotFound(
                f"there is no view {name!r} of {noun}; {near.sentence}", {"nearest": near.names}
            )
        return known[name]

    def create(self, order: CreateView) -> ViewRecord:
        """Save a view.

        Raises:
            InvalidRequest: Its filter, an order or a column makes no sense.
            AlreadyExists: There is one of that name.
        """
        return self._service.call(routes.VIEWS_CREATE, body=order)

    def change(self, view: str, change: ChangeView) -> ViewRecord:
        """Change a view.

        Args:
            view: Its id.
            change: What is to be different.

        Raises:
            NotFound: There is none.
            InvalidRequest: The filter, an order or a column makes no sense.
            AlreadyExists: There is another of the new name.
        """
        return self._service.call(routes.VIEWS_CHANGE, view, body=change)

    def delete(self, view: str) -> None:
        """Delete a view; the runs that it shows stay.

        Raises:
            NotFound: There is none.
        """
        self._service.call(routes.VIEWS_DELETE, view)
