"""Drafts of pipelines: made, listed, read, changed, submitted, published, deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import pipeline_drafts as routes
from runyard.protocol.pipeline_drafts import (
    PipelineDraftQuery,
    PublishPipelineDraft,
    SubmitPipelineDraft,
)

if TYPE_CHECKING:
    from runyard.protocol.pipeline_drafts import (
        ChangePipelineDraft,
        CreatePipelineDraft,
        PipelineDraftRecord,
    )
    from runyard.protocol.pipelines import PipelineRecord, PipelineSpec
    from runyard.protocol.published_pipelines import PublishedRecord


class PipelineDrafts(NounClient):
    """The drafts of pipelines of a workspace."""

    def create(self, order: CreatePipelineDraft) -> PipelineDraftRecord:
        """Make a draft.

        Raises:
            InvalidRequest: Something stands against it; the message says what.
        """
        return self._service.call(routes.PIPELINE_DRAFTS_CREATE, body=order)

    def list(
        self, query: Optional[PipelineDraftQuery] = None, limit: Optional[int] = None
    ) -> Listing[PipelineDraftRecord]:
        """List drafts, oldest first.

        Args:
            query: Which page to begin with.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.PIPELINE_DRAFTS_LIST, query=asked),
            query or PipelineDraftQuery(),
            limit,
        )

    def get(self, draft: str) -> PipelineDraftRecord:
        """Read a draft.

        Raises:
            NotFound: There is none of that id.
        """
        return self._service.call(routes.PIPELINE_DRAFTS_GET, draft)

    def spec(self, draft: str) -> PipelineSpec:
        """Read all that a draft does."""
        return self._service.call(routes.PIPELINE_DRAFTS_SPEC, draft)

    def change(self, draft: str, change: ChangePipelineDraft) -> PipelineDraftRecord:
        """Change a draft."""
        return self._service.call(routes.PIPELINE_DRAFTS_CHANGE, draft, body=change)

    def delete(self, draft: str) -> None:
        """Delete a draft; its runs stay."""
        self._service.call(routes.PIPELINE_DRAFTS_DELETE, draft)

    def submit(self, draft: str, order: Optional[SubmitPipelineDraft] = None) -> PipelineRecord:
        """Submit a draft as it stands; its steps begin in the background."""
        body = order or SubmitPipelineDraft()
        return self._service.call(routes.PIPELINE_DRAFTS_SUBMIT, draft, body=body)

    def publish(self, draft: str, order: Optional[PublishPipelineDraft] = None) -> PublishedRecord:
        """Publish a draft as it stands."""
        body = order or PublishPipelineDraft()
        return self._service.call(routes.PIPELINE_DRAFTS_PUBLISH, draft, body=body)
