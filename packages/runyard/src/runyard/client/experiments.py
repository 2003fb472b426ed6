"""Experiments: made, listed and looked up."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import experiments as routes
from runyard.protocol.experiments import ChangeExperiment, CreateExperiment, ExperimentQuery

if TYPE_CHECKING:
    from runyard.protocol.experiments import ExperimentRecord
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

    def search(self, search: Search, limit: Optional[int] = None) -> Listing[ExperimentRecord]:
        """Find experiments by a filter, in an order, page by page.

        Args:
            search: What to look for; see `protocol.search`.
            limit: At most so many; None is all.

        Raises:
            InvalidRequest: The filter makes no sense; the message points at the place.
        """
        return Listing(
            lambda asked: self._service.call(routes.EXPERIMENTS_SEARCH, body=asked),
            replace(search, short_pages=True),
            limit,
        )

    def get(self, name: str) -> ExperimentRecord:
        """Find an experiment.

        Raises:
            NotFound: There is none; the message names the nearest.
        """
        return self._service.call(routes.EXPERIMENTS_GET, name)

    def change(self, name: str, notes: str) -> ExperimentRecord:
        """Replace what people wrote about an experiment.

        Raises:
            NotFound: There is none; the message names the nearest.
            InvalidRequest: The notes are too long.
        """
        return self._service.call(
            routes.EXPERIMENTS_CHANGE, name, body=ChangeExperiment(notes=notes)
        )
