"""Endpoints of pipelines: made, listed, changed, given versions, submitted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Optional

from runyard.client.paging import Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import pipeline_endpoints as routes
from runyard.protocol.pipeline_endpoints import AddEndpointVersion, PipelineEndpointQuery

if TYPE_CHECKING:
    from runyard.protocol.pipeline_endpoints import (
        ChangePipelineEndpoint,
        CreatePipelineEndpoint,
        PipelineEndpointRecord,
        SubmitPipelineEndpoint,
    )
    from runyard.protocol.pipelines import PipelineRecord


class PipelineEndpoints(NounClient):
    """The endpoints of pipelines of a workspace."""

    def create(self, order: CreatePipelineEndpoint) -> PipelineEndpointRecord:
        """Make an endpoint.

        Raises:
            AlreadyExists: An active one has the name.
        """
        return self._service.call(routes.PIPELINE_ENDPOINTS_CREATE, body=order)

    def list(
        self, query: Optional[PipelineEndpointQuery] = None, limit: Optional[int] = None
    ) -> Listing[PipelineEndpointRecord]:
        """List endpoints, oldest first.

        Args:
            query: Which ones; None lists the active ones.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda asked: self._service.call(routes.PIPELINE_ENDPOINTS_LIST, query=asked),
            query or PipelineEndpointQuery(),
            limit,
        )

    def get(self, endpoint: str) -> PipelineEndpointRecord:
        """Read an endpoint with its versions.

        Raises:
            NotFound: There is none of that id.
        """
        return self._service.call(routes.PIPELINE_ENDPOINTS_GET, endpoint)

    def change(self, endpoint: str, change: ChangePipelineEndpoint) -> PipelineEndpointRecord:
        """Rename, enable, disable or archive an endpoint, or choose its default version.

        Args:
            endpoint: Its id.
            change: What is to be different.
        """
        return self._service.call(routes.PIPELINE_ENDPOINTS_CHANGE, endpoint, body=change)

    def add(self, endpoint: str, pipeline: str, *, default: bool) -> PipelineEndpointRecord:
        """Add a version.

        Args:
            endpoint: The endpoint's id.
            pipeline: The published pipeline's id.
            default: Whether it becomes the default.
        """
        order = AddEndpointVersion(pipeline, default)
        return self._service.call(routes.PIPELINE_ENDPOINTS_ADD, endpoint, body=order)

    def submit(self, endpoint: str, order: SubmitPipelineEndpoint) -> PipelineRecord:
        """Submit a version of an endpoint; its steps begin in the background."""
        return self._service.call(routes.PIPELINE_ENDPOINTS_SUBMIT, endpoint, body=order)
