"""Published pipelines as v1 code sees them: kept on the service, submitted from anywhere.

What was sent when a pipeline was published is what each submission runs: nobody needs the scripts
any more. `endpoint` is the address at which programs without an SDK submit it by a POST.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, List, Mapping, NoReturn, Optional

from runyard.client import callers, printing
from runyard.protocol.published_pipelines import (
    ACTIVE,
    DISABLED,
    PublishedQuery,
    PublishPipeline,
    SubmitPublished,
)
from runyard.sdk.data import DataPath
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.datasets import AbstractDataset
from runyard.sdk.exceptions import NotOfferedYet, translated
from runyard.sdk.experiments import Experiment
from runyard.sdk.runs import Run
from runyard.sdk.tags import as_tags
from runyard.sdk.v1.pipelines.ports import path_value

if TYPE_CHECKING:
    from runyard.protocol.pipelines import PipelineSpec
    from runyard.protocol.published_pipelines import PublishedRecord
    from runyard.sdk.workspaces import Workspace


class PublishedPipeline:
    """A pipeline that is kept to be submitted again; `get` and `list` find those there are.

    Args:
        workspace: The workspace.
        record: What the service has of it.
    """

    def __init__(self, workspace: Workspace, record: PublishedRecord) -> None:
        self.workspace = workspace
        self._record = record

    @staticmethod
    def get(workspace: Workspace, id: str) -> PublishedPipeline:  # noqa: A002 - v1's name
        """Find a published pipeline by its id.

        Raises:
            UserErrorException: There is none.
        """
        with translated():
            return PublishedPipeline(workspace, workspace.service.published_pipelines.get(id))

    @staticmethod
    def list(workspace: Workspace, active_only: bool = True, **_: Any) -> List[PublishedPipeline]:
        """List published pipelines, oldest first.

        Args:
            workspace: The workspace.
            active_only: Leave out those that are disabled.
        """
        query = PublishedQuery(active=bool(active_only))
        with translated():
            found = list(workspace.service.published_pipelines.list(query))
        return [PublishedPipeline(workspace, record) for record in found]

    @staticmethod
    def get_all(
        workspace: Workspace, active_only: bool = True, **_: Any
    ) -> List[PublishedPipeline]:
        """List published pipelines; the old name of `list`.

        Args:
            workspace: The workspace.
            active_only: Leave out those that are disabled.
        """
        callers.warn("PublishedPipeline.get_all is the old name: use PublishedPipeline.list")
        return PublishedPipeline.list(workspace, active_only)

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
    def version(self) -> str:
        """The version that it was published as."""
        return self._record.version

    @property
    def status(self) -> str:
        """Whether it can be submitted: `Active` or `Disabled`."""
        return self._record.status

    @property
    def endpoint(self) -> str:
        """The address at which a POST submits it."""
        return address(self.workspace, self._record.address)

    @property
    def total_run_steps(self) -> int:
        """How many steps it has."""
        return len(self._record.steps)

    @property
    def graph_id(self) -> str:
        """The id of what it does: equal for equal pipelines."""
        return self._record.graph_id

    @property
    def continue_on_step_failure(self) -> bool:
        """Whether a failed step lets those go on that do not need it."""
        return self._record.continue_on_failure

    def enable(self) -> None:
        """Let it be submitted again."""
        self._set(ACTIVE)

    def disable(self) -> None:
        """Refuse submissions from now on; runs that go on are not touched."""
        self._set(DISABLED)

    def get_graph(self) -> PipelineSpec:
        """Read all that it does."""
        with translated():
            return self.workspace.service.published_pipelines.spec(self.id)

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a pipeline is kept as the script that makes it."""
        raise NotOfferedYet("PublishedPipeline.save", "the script that builds the pipeline")

    def get_step_names(self) -> List[str]:
        """List the names of its steps."""
        return [*self._record.steps]

    def submit(
        self,
        workspace: Workspace,
        experiment_name: str,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: Optional[bool] = None,
        parent_run_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit it to an experiment, which is made if it is not there.

        Args:
            workspace: The workspace.
            experiment_name: The experiment's name.
            pipeline_parameters: Values of parameters by name.
            continue_on_step_failure: Steps go on that do not need one that has failed; None is
                what it was published with.
            parent_run_id: The run whose child it becomes.
            kwargs: `tags`, `regenerate_outputs`.
        """
        return Experiment(workspace, experiment_name).submit(
            self,
            pipeline_parameters=pipeline_parameters,
            continue_on_step_failure=continue_on_step_failure,
            parent_run_id=parent_run_id,
            **kwargs,
        )

    def _submit_to(
        self,
        experiment: Any,
        tags: Optional[Mapping[str, Any]],
        parent: Optional[str],
        *,
        pipeline_parameters: Optional[Mapping[str, Any]] = None,
        continue_on_step_failure: Optional[bool] = None,
        regenerate_outputs: bool = False,
        parent_run_id: Optional[str] = None,
        **kwargs: Any,
    ) -> Run:
        """Submit it; what `Experiment.submit` calls."""
        refuse_unknown(kwargs)
        order = SubmitPublished(
            experiment=experiment.name,
            values=values(pipeline_parameters, experiment.workspace),
            continue_on_failure=continue_on_step_failure,
            regenerate=bool(regenerate_outputs),
            tags=as_tags(tags),
            parent=parent_run_id or parent,
        )
        with translated():
            made = experiment.workspace.service.published_pipelines.submit(self.id, order)
        return submitted(experiment.workspace, made.id)

    def _set(self, status: str) -> None:
        with translated():
            self._record = self.workspace.service.published_pipelines.set_status(self.id, status)

    def __repr__(self) -> str:
        return (
            f"Pipeline(Name: {self.name},\nId: {self.id},\nStatus: {self.status},\n"
            f"Endpoint: {self.endpoint})"
        )


def publish(workspace: Workspace, order: PublishPipeline) -> PublishedPipeline:
    """Publish what an order asks for."""
    with translated():
        return PublishedPipeline(workspace, workspace.service.published_pipelines.create(order))


def address(workspace: Workspace, path: str) -> str:
    """The whole address of a path on the service."""
    return workspace.service.connection.url + path


def values(given: Optional[Mapping[str, Any]], workspace: Any) -> Dict[str, Any]:
    """Values of parameters as the service gets them."""
    return {name: _value(value, workspace) for name, value in (given or {}).items()}


def submitted(workspace: Any, run_id: str) -> Run:
    """The run of what was submitted just now, after telling of it."""
    run = Run.get(workspace, run_id)
    printing.say(
        f"Submitted PipelineRun {run.id}\n"
        f"Link to Azure Machine Learning Portal: {run.get_portal_url()}\n"
    )
    return run


def refuse_unknown(kwargs: Mapping[str, Any]) -> None:
    """Refuse arguments of a submission that nobody knows.

    Raises:
        ValueError: There are some.
    """
    if kwargs:
        raise ValueError(f"submit takes no {', '.join(sorted(kwargs))} for a published pipeline")


def _value(value: Any, workspace: Any) -> Any:
    if isinstance(value, DatasetConsumptionConfig):
        value = value.dataset
    if isinstance(value, DataPath):
        return path_value(value)
    return value._ensure_saved(workspace) if isinstance(value, AbstractDataset) else value
