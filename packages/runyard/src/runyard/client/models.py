"""Models: versions that are registered, listed, changed and deleted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import models as routes
from runyard.protocol.models import ModelChangeQuery, ModelQuery, SetStage, VerifyQuery

if TYPE_CHECKING:
    from runyard.protocol.models import (
        ChangeModel,
        ModelChange,
        ModelCheck,
        ModelLineage,
        ModelRecord,
        RegisterModel,
    )
    from runyard.protocol.search import Search


class Models(NounClient):
    """The model versions of a workspace: `name` (the newest), `name:version` or `name@alias`."""

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

    def stage(self, model: str, stage: str, *, archive_existing: bool = False) -> ModelRecord:
        """Move a model version to a stage.

        Args:
            model: The version.
            stage: None, Staging, Production or Archived.
            archive_existing: Move those that are there to Archived.

        Raises:
            InvalidRequest: There is no such stage.
        """
        return self._service.call(
            routes.MODELS_STAGE, model, body=SetStage(stage, archive_existing)
        )

    def history(self, model: str, limit: Optional[int] = None) -> Listing[ModelChange]:
        """List who changed what of a model or of one version, newest first.

        Args:
            model: `name` for all of it, else one version.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.MODELS_HISTORY, model, query=asked),
            ModelChangeQuery(),
            limit,
        )

    def lineage(self, model: str) -> ModelLineage:
        """Trace a model version: run, source, environment, data, metrics.

        Raises:
            ModelNotFound: There is none; the message names the nearest.
        """
        return self._service.call(routes.MODELS_LINEAGE, model)

    def verify(self, model: str) -> ModelCheck:
        """Have the service read a version's files and compare them with what was registered.

        Raises:
            ModelNotFound: There is none; the message names the nearest.
        """
        found = self._service.call(routes.MODELS_VERIFY, model, query=VerifyQuery())
        while found.next_page_token is not None:
            query = VerifyQuery(found.next_page_token)
            # By its number: an alias or the newest version may be another one meanwhile.
            more = self._service.call(routes.MODELS_VERIFY, found.model, query=query)
            found = replace(
                more,
                files=found.files + more.files,
                size=found.size + more.size,
                damaged=found.damaged + more.damaged,
                missing=found.missing + more.missing,
            )
        return found
