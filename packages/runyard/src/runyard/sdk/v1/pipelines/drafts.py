"""`PipelineDraft`: a pipeline that the service keeps while it is still being changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NoReturn, Optional, Union

from runyard.protocol.pipeline_drafts import ChangePipelineDraft, CreatePipelineDraft
from runyard.sdk.exceptions import NotOfferedYet, translated
from runyard.sdk.tags import as_tags, fits
from runyard.sdk.v1.pipelines import publishing
from runyard.sdk.v1.pipelines.building import Pipeline
from runyard.sdk.v1.pipelines.publishing import PublishedPipeline
from runyard.sdk.v1.pipelines.runs import PipelineRun

if TYPE_CHECKING:
    from runyard.protocol.pipeline_drafts import PipelineDraftRecord
    from runyard.protocol.pipelines import PipelineSpec
    from runyard.sdk.runs import Run
    from runyard.sdk.workspaces import Workspace

Source = Union[Pipeline, PipelineRun, PublishedPipeline, "PipelineDraft"]


class PipelineDraft:
    """A pipeline that may still change; `create` makes one, `get` and `list` find those there are.

    Args:
        workspace: The workspace.
        record: What the service has of it.
    """

    def __init__(self, workspace: Workspace, record: PipelineDraftRecord) -> None:
        self.workspace = workspace
        self._record = record

    @staticmethod
    def create(
        workspace: Workspace,
        pipeline: Source,
        name: Optional[str] = None,
        description: Optional[str] = None,
        experiment_name: Optional[str] = None,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: Optional[bool] = None,
        tags: Optional[Mapping[str, Any]] = None,
        properties: Optional[Mapping[str, Any]] = None,
        **_: Any,
    ) -> PipelineDraft:
        """Make a draft of a pipeline, or of what a run, a published one or another draft does.

        What is left out is that of the run, the published pipeline or the draft.

        Args:
            workspace: The workspace.
            pipeline: A Pipeline, PipelineRun, PublishedPipeline or PipelineDraft.
            name: Its name.
            description: What to write about it.
            experiment_name: The experiment of its runs.
            pipeline_parameters: Values of parameters by name.
            continue_on_step_failure: Steps go on that do not need one that has failed.
            tags: Its tags, which its runs get.
            properties: What is noted with it.

        Raises:
            ValueError: `pipeline` is none of these, or cannot be run as it stands.
        """
        told = _told(pipeline)
        given: Dict[str, Any] = {
            "name": name,
            "description": description,
            "experiment": experiment_name,
            "values": _values(pipeline_parameters, workspace),
            "continue_on_failure": continue_on_step_failure,
            "tags": None if tags is None else as_tags(tags),
            "properties": None if properties is None else _texts(properties),
        }
        told.update({key: value for key, value in given.items() if value is not None})
        with translated():
            record = workspace.service.pipeline_drafts.create(CreatePipelineDraft(**told))
        return PipelineDraft(workspace, record)

    @staticmethod
    def get(workspace: Workspace, id: str, **_: Any) -> PipelineDraft:  # noqa: A002 - v1's name
        """Find a draft by its id.

        Raises:
            UserErrorException: There is none.
        """
        with translated():
            return PipelineDraft(workspace, workspace.service.pipeline_drafts.get(id))

    @staticmethod
    def list(
        workspace: Workspace, tags: Optional[Mapping[str, Any]] = None, **_: Any
    ) -> List[PipelineDraft]:
        """List drafts, oldest first.

        Args:
            workspace: The workspace.
            tags: Only those with these tags.
        """
        with translated():
            found = list(workspace.service.pipeline_drafts.list())
        return [PipelineDraft(workspace, each) for each in found if fits(each.tags, tags)]

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
    def experiment_name(self) -> Optional[str]:
        """The experiment of its runs."""
        return self._record.experiment or None

    @property
    def tags(self) -> Dict[str, Optional[str]]:
        """Its tags."""
        return dict(self._record.tags)

    @property
    def properties(self) -> Dict[str, str]:
        """What is noted with it."""
        return dict(self._record.properties)

    @property
    def pipeline_parameters(self) -> Dict[str, Any]:
        """The values that its next run has, by their parameters."""
        defaults = {each.name: each.default for each in self._record.parameters}
        return {**defaults, **self._record.values}

    @property
    def continue_on_step_failure(self) -> bool:
        """Whether a failed step lets those go on that do not need it."""
        return self._record.continue_on_failure

    @property
    def graph_draft_id(self) -> str:
        """The id of what it does: its own."""
        return self._record.id

    @property
    def parent_pipeline_run_id(self) -> Optional[str]:
        """The pipeline run that it was made of."""
        return self._record.of_run or None

    @property
    def parent_pipeline_id(self) -> Optional[str]:
        """The published pipeline that it was made of."""
        return self._record.of_published or None

    @property
    def parent_step_run_ids(self) -> List[str]:
        """The step runs that it was made of: a draft here is made of whole pipelines."""
        return []

    @property
    def parent_pipeline_draft_id(self) -> Optional[str]:
        """The draft that it was made of."""
        return self._record.of_draft or None

    @property
    def last_submitted_pipeline_run_id(self) -> Optional[str]:
        """The run that was submitted last, by anybody."""
        return self._read().last_run

    def update(
        self,
        pipeline: Optional[Pipeline] = None,
        name: Optional[str] = None,
        description: Optional[str] = None,
        experiment_name: Optional[str] = None,
        tags: Optional[Mapping[str, Any]] = None,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: Optional[bool] = None,
        **_: Any,
    ) -> None:
        """Change it; what is left out stays, and its runs stay as they are.

        Args:
            pipeline: What it is to do from now on.
            name: Its name.
            description: What to write about it.
            experiment_name: The experiment of its runs.
            tags: Its tags, in place of those it has.
            pipeline_parameters: Values of parameters, in place of those it has.
            continue_on_step_failure: Steps go on that do not need one that has failed.

        Raises:
            ValueError: `pipeline` is no Pipeline, or cannot be run as it stands.
        """
        if pipeline is not None and not isinstance(pipeline, Pipeline):
            raise ValueError(f"pipeline is {type(pipeline).__name__}; give a Pipeline")
        self._change(
            ChangePipelineDraft(
                name=name,
                spec=None if pipeline is None else pipeline._kept(),
                description=description,
                experiment=experiment_name,
                values=_values(pipeline_parameters, self.workspace),
                continue_on_failure=continue_on_step_failure,
                tags=None if tags is None else as_tags(tags),
            )
        )

    def add_tags(self, tags: Mapping[str, Any]) -> None:
        """Add tags, or replace their values."""
        self._change(ChangePipelineDraft(tags={**self._read().tags, **as_tags(tags)}))

    def remove_tags(self, tags: List[str]) -> None:
        """Take tags away; names that it does not have are passed over."""
        kept = {k: v for k, v in self._read().tags.items() if k not in tags}
        self._change(ChangePipelineDraft(tags=kept))

    def add_property(self, properties: Mapping[str, Any]) -> None:
        """Note something with it."""
        told = {**self._read().properties, **_texts(properties)}
        self._change(ChangePipelineDraft(properties=told))

    def submit_run(self, **_: Any) -> Run:
        """Submit it as it stands, to its experiment.

        Raises:
            UserErrorException: It has no experiment, or something stands against a step.
        """
        with translated():
            made = self.workspace.service.pipeline_drafts.submit(self.id)
        return publishing.submitted(self.workspace, made.id)

    def publish(self, **_: Any) -> PublishedPipeline:
        """Publish it as it stands; its values become the defaults of what is published."""
        with translated():
            record = self.workspace.service.pipeline_drafts.publish(self.id)
        return PublishedPipeline(self.workspace, record)

    def delete(self) -> None:
        """Delete it; its runs, and what was published of it, stay."""
        with translated():
            self.workspace.service.pipeline_drafts.delete(self.id)

    def get_graph(self, **_: Any) -> PipelineSpec:
        """Read all that it does."""
        with translated():
            return self.workspace.service.pipeline_drafts.spec(self.id)

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a pipeline is kept as the script that makes it."""
        raise NotOfferedYet("PipelineDraft.save", "the script that builds the pipeline")

    def _change(self, change: ChangePipelineDraft) -> None:
        with translated():
            self._record = self.workspace.service.pipeline_drafts.change(self.id, change)

    def _read(self) -> PipelineDraftRecord:
        with translated():
            self._record = self.workspace.service.pipeline_drafts.get(self.id)
        return self._record

    def __repr__(self) -> str:
        return f"PipelineDraft(Name: {self.name},\nId: {self.id},\nDescription: {self.description})"


def _told(source: Any) -> Dict[str, Any]:
    """What a draft has of that which it is made of.

    Raises:
        ValueError: It can be made of no such thing.
    """
    if isinstance(source, Pipeline):
        spec = source._kept()
        return {"name": "Pipeline", "spec": spec, "description": spec.description}
    if isinstance(source, PipelineDraft):
        old = source._read()
        kept = ("name", "description", "experiment", "values", "continue_on_failure", "tags")
        return {"draft": old.id, **{key: getattr(old, key) for key in kept}}
    if isinstance(source, PublishedPipeline):
        return {
            "published": source.id,
            "name": source.name,
            "description": source.description,
            "continue_on_failure": source.continue_on_step_failure,
        }
    if isinstance(source, PipelineRun):
        return _of_run(source)
    raise ValueError(
        f"pipeline is {type(source).__name__}; give a Pipeline, PipelineRun, PublishedPipeline or "
        "PipelineDraft"
    )


def _of_run(run: PipelineRun) -> Dict[str, Any]:
    return {
        "run": run.id,
        "name": run.display_name or run.experiment.name,
        "description": run.description or "",
        "experiment": run.experiment.name,
        "values": run.get_graph().values,
        "continue_on_failure": run.get_properties().get("azureml.continue_on_step_failure")
        == "True",
    }


def _values(given: Optional[Mapping[str, Any]], workspace: Any) -> Optional[Dict[str, Any]]:
    return None if given is None else publishing.values(given, workspace)


def _texts(given: Mapping[str, Any]) -> Dict[str, str]:
    return {str(name): str(value) for name, value in given.items()}
