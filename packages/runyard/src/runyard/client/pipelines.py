"""Pipelines: submitted, and looked at with their steps; a pipeline has the id of its run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import pipelines as routes

if TYPE_CHECKING:
    from runyard.protocol.pipelines import PipelinePlan, PipelineRecord, SubmitPipeline


class Pipelines(NounClient):
    """The pipeline runs of a workspace."""

    def submit(self, order: SubmitPipeline) -> PipelineRecord:
        """Submit a pipeline; its steps begin in the background."""
        return self._service.call(routes.PIPELINES_SUBMIT, body=order)

    def get(self, pipeline: str) -> PipelineRecord:
        """Get a pipeline run with its graph and how each step stands."""
        return self._service.call(routes.PIPELINES_GET, pipeline)

    def plan(self, order: SubmitPipeline) -> PipelinePlan:
        """Find out what a pipeline would reuse, and why not the rest."""
        return self._service.call(routes.PIPELINES_PLAN, body=order)
