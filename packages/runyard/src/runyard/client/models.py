"""Models: versions that are registered, listed, changed and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import models as routes
from runyard.protocol.models import ModelQuery

if TYPE_CHECKING:
    from runyard.protocol.models import ChangeModel, ModelRecord, RegisterModel
    from runyard.protocol.search import Search


class Models(NounClient):
    """The model registry of a workspace; `name` is its newest version, else `name:version`."""

    def register(self, order: RegisterModel) -> ModelRecord:
        """Register the next version of a model.

        Raises:
            NotFound: The run has no file at that path.
            MissingBlobs: Contents were named that the service does not have.
        """
        return self._service.call(routes.MODELS_REGISTER, body=order)

    def list(
        self, query: Optional[ModelQuery] = None, limit: Optional[int] = None
    ) -> Listing[ModelRecord]:
        """List model versions, newest first, without their files.

        Args:
            query: Which ones; None lists all.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.MODELS_LIST, query=asked),
            query or ModelQuery(),
            limit,
        )

    def search(self, search: Search, limit: Optional[int] = None) -> Listing[ModelRecord]:
        """Find model versions by a filter, in an order, page by page.

        Args:
            search: What to look for; see `protocol.search`.
            limit: At most so many; None is all.

        Raises:
            InvalidRequest: The filter makes no sense; the message points at the place.
        """
        return Listing(
            lambda asked: self._service.call(routes.MODELS_SEARCH, body=asked),
            replace(search, short_pages=True),
            limit,
        )

    def get(self, model: str) -> ModelRecord:
        """Find a model version, with its files.

        Raises:
            ModelNotFound: There is none; the message names the nearest.
        """
        return self._service.call(routes.MODELS_GET, model)

    def change(self, model: str, change: ChangeModel) -> ModelRecord:
        """Change tags, properties or description of a model version.

        Args:
            model: The version.
            change: What is to be different.

        Raises:
            AlreadyExists: A property is there with another value; properties are written once.
        """
        return self._service.call(routes.MODELS_CHANGE, model, body=change)

    def delete(self, model: str) -> None:
        """Delete a model version; the run keeps its files."""
        self._service.call(routes.MODELS_DELETE, model)
