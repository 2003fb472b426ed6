"""`PipelineEndpoint`: one name and address for published pipelines that follow each other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, List, Mapping, NamedTuple, Optional, Union

from runyard.client import callers
from runyard.protocol.pipeline_endpoints import (
    ChangePipelineEndpoint,
    CreatePipelineEndpoint,
    PipelineEndpointQuery,
    SubmitPipelineEndpoint,
)
from runyard.protocol.published_pipelines import ACTIVE, ARCHIVED, DISABLED
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.experiments import Experiment
from runyard.sdk.tags import as_tags
from runyard.sdk.v1.pipelines import publishing
from runyard.sdk.v1.pipelines.building import Pipeline
from runyard.sdk.v1.pipelines.publishing import PublishedPipeline

if TYPE_CHECKING:
    from runyard.protocol.pipeline_endpoints import PipelineEndpointRecord
    from runyard.sdk.runs import Run
    from runyard.sdk.workspaces import Workspace

Publishable = Union[Pipeline, PublishedPipeline]


class PipelineVersion(NamedTuple):
    """A version of an endpoint, and its published pipeline."""

    version: str
    pipeline: PublishedPipeline


class PipelineEndpoint:
    """A name behind which published pipelines change; versions are texts from "0" on.

    Args:
        workspace: The workspace.
        record: What the service has of it.
    """

    def __init__(self, workspace: Workspace, record: PipelineEndpointRecord) -> None:
        self.workspace = workspace
        self._record = record

    @staticmethod
    def publish(
        workspace: Workspace,
        name: str,
        description: Optional[str] = None,
        pipeline: Optional[Publishable] = None,
        **_: Any,
    ) -> PipelineEndpoint:
        """Make an endpoint whose version "0" is a pipeline.

        Args:
            workspace: The workspace.
            name: Its name, which no other active one has.
            description: What to write about it.
            pipeline: A published pipeline, or one that is published for it.

        Raises:
            ValueError: `pipeline` is neither.
            UserErrorException: An active one has the name.
        """
        published = _published(pipeline, name)
        order = CreatePipelineEndpoint(name, published.id, description or "")
        with translated():
            record = workspace.service.pipeline_endpoints.create(order)
        return PipelineEndpoint(workspace, record)

    @staticmethod
    def get(
        workspace: Workspace,
        id: Optional[str] = None,  # noqa: A002 - v1's name
        name: Optional[str] = None,
        **_: Any,
    ) -> PipelineEndpoint:
        """Find an endpoint by its id, or the active one of a name.

        Args:
            workspace: The workspace.
            id: Its id.
            name: Its name.

        Raises:
            ValueError: Neither is given.
            UserErrorException: There is none.
        """
        service = workspace.service.pipeline_endpoints
        if id is not None:
            with translated():
                return PipelineEndpoint(workspace, service.get(id))
        if name is None:
            raise ValueError("give the id or the name of the pipeline endpoint")
        with translated():
            found = [*service.list(PipelineEndpointQuery(name=name))]
        if not found:
            raise UserErrorException(f"there is no active pipeline endpoint {name!r}")
        return PipelineEndpoint(workspace, found[0])

    @staticmethod
    def list(workspace: Workspace, active_only: bool = True, **_: Any) -> List[PipelineEndpoint]:
        """List endpoints, oldest first.

        Args:
            workspace: The workspace.
            active_only: Leave out those that are disabled or archived.
        """
        query = PipelineEndpointQuery(active=bool(active_only))
        with translated():
            found = list(workspace.service.pipeline_endpoints.list(query))
        return [PipelineEndpoint(workspace, record) for record in found]

    @staticmethod
    def get_all(workspace: Workspace, active_only: bool = True, **_: Any) -> List[PipelineEndpoint]:
        """List endpoints; the old name of `list`.

        Args:
            workspace: The workspace.
            active_only: Leave out those that are disabled or archived.
        """
        callers.warn("PipelineEndpoint.get_all is the old name: use PipelineEndpoint.list")
        return PipelineEndpoint.list(workspace, active_only)

    @property
    def id(self) -> str:
        """Its id."""
        return self._record.id

    @property
    def name(self) -> str:
        """Its name."""
        return self._record.name

    @property
    def description(self) -> str:
        """What was written about it."""
        return self._record.description

    @property
    def status(self) -> str:
        """Whether it can be submitted: `Active`, `Disabled` or `Archived`."""
        return self._record.status

    @property
    def default_version(self) -> str:
        """The version that is run when none is named."""
        return self._record.default_version

    @property
    def pipeline_version_list(self) -> List[PipelineVersion]:
        """The versions with their published pipelines, oldest first."""
        return self.list_versions()

    @property
    def endpoint(self) -> str:
        """The address at which a POST submits its default version."""
        return publishing.address(self.workspace, self._record.address)

    def add(self, pipeline: Publishable) -> None:
        """Add a version; the default stays.

        Raises:
            ValueError: It is no pipeline.
        """
        self._add(pipeline, default=False)

    def add_default(self, pipeline: Publishable) -> None:
        """Add a version that becomes the default.

        Raises:
            ValueError: It is no pipeline.
        """
        self._add(pipeline, default=True)

    def set_default(self, pipeline: PublishedPipeline) -> None:
        """Make the version the default that is this published pipeline, or does just the same.

        Raises:
            ValueError: No version is.
        """
        versions = self.list_versions()
        wanted = getattr(pipeline, "id", None)
        found = [each.version for each in versions if each.pipeline.id == wanted]
        if not found and isinstance(pipeline, PublishedPipeline):
            # v1's samples publish a pipeline, then an endpoint of it, which publishes it anew.
            found = [
                each.version for each in versions if each.pipeline.graph_id == pipeline.graph_id
            ]
        if not found:
            raise ValueError(f"no version of {self.name!r} is {pipeline!r}; add_default() adds it")
        self.set_default_version(found[-1])

    def set_default_version(self, version: str) -> None:
        """Make a version the default.

        Raises:
            ValueError: There is no such version.
        """
        self._published_as(version)
        self._change(ChangePipelineEndpoint(default_version=version))

    def get_default_version(self) -> str:
        """Read which version is the default."""
        return self._read().default_version

    def get_pipeline(self, version: Optional[str] = None) -> PublishedPipeline:
        """Find the published pipeline of a version; None is the default.

        Raises:
            ValueError: There is no such version.
        """
        chosen = self._read().default_version if version is None else version
        return PublishedPipeline.get(self.workspace, self._published_as(chosen))

    def list_versions(self) -> List[PipelineVersion]:
        """List the versions with their published pipelines, oldest first."""
        return [
            PipelineVersion(each.version, PublishedPipeline.get(self.workspace, each.pipeline))
            for each in self._read().versions
        ]

    def get_all_versions(self) -> List[PipelineVersion]:
        """List the versions; the old name of `list_versions`."""
        callers.warn("get_all_versions is the old name: use list_versions")
        return self.list_versions()

    def list_pipelines(self, active_only: bool = True) -> List[PublishedPipeline]:
        """List the published pipelines of its versions, oldest first."""
        found = [each.pipeline for each in self.list_versions()]
        return [each for each in found if not active_only or each.status == ACTIVE]

    def get_all_pipelines(self, active_only: bool = True) -> List[PublishedPipeline]:
        """List the published pipelines; the old name of `list_pipelines`."""
        callers.warn("get_all_pipelines is the old name: use list_pipelines")
        return self.list_pipelines(active_only)

    def set_name(self, name: str) -> None:
        """Rename it."""
        self._change(ChangePipelineEndpoint(name=name))

    def enable(self) -> None:
        """Let it be submitted again."""
        self._change(ChangePipelineEndpoint(status=ACTIVE))

    def disable(self) -> None:
        """Refuse submissions from now on."""
        self._change(ChangePipelineEndpoint(status=DISABLED))

    def archive(self) -> None:
        """Put it away; its name is free then."""
        self._change(ChangePipelineEndpoint(status=ARCHIVED))

    def reactivate(self, name: Optional[str] = None) -> None:
        """Take it back from the archive, under another name if one is given."""
        self._change(ChangePipelineEndpoint(name=name, status=ACTIVE))

    def submit(
        self,
        experiment_name: str,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        parent_run_id: Optional[str] = None,
        pipeline_version: Optional[str] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit a version to an experiment, which is made if it is not there.

        Args:
            experiment_name: The experiment's name.
            pipeline_parameters: Values of parameters by name.
            parent_run_id: The run whose child it becomes.
            pipeline_version: Which version; None is the default.
            kwargs: `tags`, `continue_on_step_failure`, `regenerate_outputs`.
        """
        return Experiment(self.workspace, experiment_name).submit(
            self,
            pipeline_parameters=pipeline_parameters,
            parent_run_id=parent_run_id,
            pipeline_version=pipeline_version,
            **kwargs,
        )

    def _submit_to(
        self,
        experiment: Any,
        tags: Optional[Mapping[str, Any]],
        parent: Optional[str],
        *,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        pipeline_version: Optional[str] = None,
        continue_on_step_failure: Optional[bool] = None,
        regenerate_outputs: bool = False,
        parent_run_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit it; what `Experiment.submit` calls."""
        publishing.refuse_unknown(kwargs)
        order = SubmitPipelineEndpoint(
            experiment=experiment.name,
            version=pipeline_version,
            values=publishing.values(pipeline_parameters, experiment.workspace),
            continue_on_failure=continue_on_step_failure,
            regenerate=bool(regenerate_outputs),
            tags=as_tags(tags),
            parent=parent_run_id or parent,
        )
        with translated():
            made = experiment.workspace.service.pipeline_endpoints.submit(self.id, order)
        return publishing.submitted(experiment.workspace, made.id)

    def _add(self, pipeline: Publishable, *, default: bool) -> None:
        published = _published(pipeline, self.name)
        with translated():
            self._record = self.workspace.service.pipeline_endpoints.add(
                self.id, published.id, default=default
            )

    def _change(self, change: ChangePipelineEndpoint) -> None:
        with translated():
            self._record = self.workspace.service.pipeline_endpoints.change(self.id, change)

    def _read(self) -> PipelineEndpointRecord:
        with translated():
            self._record = self.workspace.service.pipeline_endpoints.get(self.id)
        return self._record

    def _published_as(self, version: str) -> str:
        found = {each.version: each.pipeline for each in self._read().versions}
        if version not in found:
            raise ValueError(f"{self.name!r} has no version {version!r}; it has {', '.join(found)}")
        return found[version]

    def __repr__(self) -> str:
        return (
            f"PipelineEndpoint(Name: {self.name},\nId: {self.id},\nStatus: {self.status},\n"
            f"Default version: {self.default_version},\nEndpoint: {self.endpoint})"
        )


def _published(pipeline: Any, name: str) -> PublishedPipeline:
    if isinstance(pipeline, PublishedPipeline):
        return pipeline
    if isinstance(pipeline, Pipeline):
        return pipeline.publish(name)
    raise ValueError(
        f"pipeline is {type(pipeline).__name__}; give a Pipeline or a PublishedPipeline"
    )
