"""`PublishedPipeline`: a pipeline that the service keeps, to be submitted again from anywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping, Optional

from runyard.protocol.published_pipelines import ACTIVE, DISABLED, SubmitPublished
from runyard.sdk.exceptions import translated
from runyard.sdk.pipeline_runs import PipelineRun
from runyard.sdk.tags import as_tags

if TYPE_CHECKING:
    from runyard.protocol.published_pipelines import PublishedRecord
    from runyard.sdk.experiments import Experiment


class PublishedPipeline:
    """A pipeline as it was when it was published.

    Args:
        experiment: The experiment of runs that name no other.
        record: What the service has of it.
    """

    def __init__(self, experiment: Experiment, record: PublishedRecord) -> None:
        self._experiment = experiment
        self._record = record

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def version(self) -> str:
        """The version that it was published as."""
        return self._record.version

    @property
    def status(self) -> str:
        """Whether it can be submitted: `Active` or `Disabled`."""
        return self._record.status

    @property
    def endpoint(self) -> str:
        """The address at which programs submit it by a POST."""
        return self._experiment.workspace.service.connection.url + self._record.address

    def submit(
        self,
        parameters: Optional[Mapping[str, Any]] = None,
        *,
        experiment: Optional[Experiment] = None,
        tags: Optional[Mapping[str, Any]] = None,
        reuse: bool = True,
    ) -> PipelineRun:
        """Submit it and return at once.

        Args:
            parameters: Values of parameters by name.
            experiment: The experiment; None is that of the pipeline it was published of.
            tags: The run's first tags.
            reuse: Whether results of equal steps may stand for its steps at all.

        Raises:
            UserErrorException: Something stands against it; then nothing was made.
        """
        where = experiment or self._experiment
        order = SubmitPublished(
            experiment=where.name,
            values=dict(parameters or {}),
            regenerate=not reuse,
            tags=as_tags(tags),
        )
        service = where.workspace.service
        with translated():
            made = service.published_pipelines.submit(self.id, order)
            run = service.runs.get(made.id)
        return PipelineRun(where, made.id, _record=run)

    def enable(self) -> None:
        """Let it be submitted again."""
        self._set(ACTIVE)

    def disable(self) -> None:
        """Refuse submissions from now on; runs that go on are not touched."""
        self._set(DISABLED)

    def _set(self, status: str) -> None:
        service = self._experiment.workspace.service
        with translated():
            self._record = service.published_pipelines.set_status(self.id, status)

    def __repr__(self) -> str:
        return f"PublishedPipeline({self.name!r}, id={self.id!r}, {self.status})"
