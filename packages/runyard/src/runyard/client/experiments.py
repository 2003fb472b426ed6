"""Experiments: made, listed and looked up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Dict, List, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import experiments as routes
from runyard.protocol.experiments import ChangeExperiment, CreateExperiment, ExperimentQuery

if TYPE_CHECKING:
    from runyard.protocol.experiments import ExperimentPage, ExperimentRecord
    from runyard.protocol.search import Search


class Experiments(NounClient):
    """The experiments of a workspace."""

    def create(self, name: str) -> ExperimentRecord:
        """Make an experiment; one of that name that exists is the answer.

        Raises:
            InvalidRequest: The name is none for an experiment.
        """
        return self._service.call(routes.EXPERIMENTS_CREATE, body=CreateExperiment(name))

    def list(self, limit: Optional[int] = None) -> Listing[ExperimentRecord]:
        """List the experiments, by name; at most `limit` of them."""
        return Listing(
            lambda query: self._service.call(routes.EXPERIMENTS_LIST, query=query),
            ExperimentQuery(),
            limit,
        )

    def search(
        self, search: Search, limit: Optional[int] = None, archived: Optional[bool] = None
    ) -> Listing[ExperimentRecord]:
        """Find experiments by a filter, in an order, page by page.

        Args:
            search: What to look for; see `protocol.search`.
            limit: At most so many; None is all.
            archived: True for archived ones alone, False for all but these; None for all.

        Raises:
            InvalidRequest: The filter makes no sense; the message points at the place.
        """

        def page(asked: Search) -> ExperimentPage:
            found = self._service.call(routes.EXPERIMENTS_SEARCH, body=asked)
            if archived is None:
                return found
            # The service has no field of it: a new run alone takes an experiment into lists again.
            kept = [one for one in found.items if (one.archived_at is not None) == archived]
            return replace(found, items=kept)

        return Listing(page, replace(search, short_pages=True), limit)

    def get(self, name: str) -> ExperimentRecord:
        """Find an experiment.

        Raises:
            NotFound: There is none; the message names the nearest.
        """
        return self._service.call(routes.EXPERIMENTS_GET, name)

    def change(
        self,
        name: str,
        notes: Optional[str] = None,
        tags: Optional[Dict[str, str]] = None,
        removed_tags: Optional[List[str]] = None,
        archived: Optional[bool] = None,
    ) -> ExperimentRecord:
        """Change what people set of an experiment; what is None stays.

        Args:
            name: The experiment.
            notes: What people wrote about it.
            tags: Tags to set; others stay.
            removed_tags: Tags to remove.
            archived: Whether lists of scripts leave it out.

        Raises:
            NotFound: There is none; the message names the nearest.
            InvalidRequest: The notes or a tag are too long.
        """
        body = ChangeExperiment(notes, tags, removed_tags, archived)
        return self._service.call(routes.EXPERIMENTS_CHANGE, name, body=body)
