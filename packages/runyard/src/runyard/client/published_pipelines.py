"""Published pipelines: published, listed, read, switched on and off, submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import published_pipelines as routes
from runyard.protocol.published_pipelines import ChangePublished, PublishedQuery

if TYPE_CHECKING:
    from runyard.protocol.pipelines import PipelineRecord, PipelineSpec
    from runyard.protocol.published_pipelines import (
        PublishedRecord,
        PublishPipeline,
        SubmitPublished,
    )


class PublishedPipelines(NounClient):
    """The published pipelines of a workspace."""

    def create(self, order: PublishPipeline) -> PublishedRecord:
        """Publish a pipeline.

        Raises:
            InvalidRequest: Something stands against it; the message says what.
        """
        return self._service.call(routes.PUBLISHED_PIPELINES_CREATE, body=order)

    def list(
        self, query: Optional[PublishedQuery] = None, limit: Optional[int] = None
    ) -> Listing[PublishedRecord]:
        """List published pipelines, oldest first.

        Args:
            query: Which ones; None lists the active ones.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.PUBLISHED_PIPELINES_LIST, query=asked),
            query or PublishedQuery(),
            limit,
        )

    def get(self, published: str) -> PublishedRecord:
        """Read a published pipeline.

        Raises:
            NotFound: There is none of that id.
        """
        return self._service.call(routes.PUBLISHED_PIPELINES_GET, published)

    def spec(self, published: str) -> PipelineSpec:
        """Read all that a published pipeline does."""
        return self._service.call(routes.PUBLISHED_PIPELINES_SPEC, published)

    def set_status(self, published: str, status: str) -> PublishedRecord:
        """Switch a published pipeline on (`Active`) or off (`Disabled`)."""
        change = ChangePublished(status)
        return self._service.call(routes.PUBLISHED_PIPELINES_CHANGE, published, body=change)

    def submit(self, published: str, order: SubmitPublished) -> PipelineRecord:
        """Submit a published pipeline; its steps begin in the background."""
        return self._service.call(routes.PUBLISHED_PIPELINES_SUBMIT, published, body=order)
