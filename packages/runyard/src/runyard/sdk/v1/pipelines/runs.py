"""Runs of pipelines and of their steps, as v1 code sees them.

Both have two words for how they stand: `get_status()` has v1's own of pipelines (Finished), the
details that of all runs (Completed). What a reused step has logged and written is read where it
is: at the run that made it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NoReturn, Optional

from runyard.protocol.pipelines import PIPELINE_RUN, STEP_RUN
from runyard.protocol.published_pipelines import PUBLISHED_ID, PublishPipeline
from runyard.protocol.runs import RunQuery
from runyard.sdk import pipeline_runs, run_files
from runyard.sdk.exceptions import NotOfferedYet, translated
from runyard.sdk.runs import Run, of_record
from runyard.sdk.v1.hyperdrive.run import HyperDriveRun
from runyard.sdk.v1.pipelines import following, outputs, publishing
from runyard.sdk.waiting import choose

if TYPE_CHECKING:
    from runyard.protocol.pipelines import PipelineRecord
    from runyard.protocol.runs import RunRecord
    from runyard.sdk.experiments import Experiment
    from runyard.sdk.v1.pipelines.publishing import PublishedPipeline

_WORDS = {
    "Starting": "Queued",
    "Preparing": "Queued",
    "Provisioning": "Queued",
    "Finalizing": "Running",
    "CancelRequested": "Running",
    "Completed": "Finished",
}
# Without the environment's log, which has no word of the script's.
_JOB_LOGS = "azureml-logs/70_driver_log"


class _PipelinePart(Run):
    """What runs of pipelines and of steps share."""

    _kind = ""

    def __init__(
        self,
        experiment: Experiment,
        run_id: str,
        *_: Any,
        _record: Optional[RunRecord] = None,
        **__: Any,
    ) -> None:
        super().__init__(experiment, run_id, _record=_record)
        kind = self._read().run_type
        if kind != self._kind:
            raise ValueError(
                f"run {run_id} is of type {kind!r}, not {self._kind!r}: Run(experiment, "
                f"{run_id!r}) is its object"
            )

    def get_status(self) -> str:
        """Read the status from the service, in v1's words for pipelines."""
        return word(super().get_status())

    @property
    def status(self) -> str:
        """The status as it was read last, in v1's words for pipelines."""
        return word(self._read().status)

    def complete(self, _set_status: bool = True) -> NoReturn:
        """Refuse: it ends by itself."""
        raise NotImplementedError("a run of a pipeline ends by itself; cancel() ends it early")

    def fail(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: it ends by itself."""
        raise NotImplementedError("a run of a pipeline ends by itself; cancel() ends it early")

    def child_run(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: its children are its own."""
        raise NotImplementedError("children of a run of a pipeline are made in its own jobs")

    def _pipeline(self, run_id: str) -> PipelineRecord:
        with translated():
            return self.service.pipelines.get(run_id)


class PipelineRun(_PipelinePart):
    """A run of a pipeline.

    Args:
        experiment: The experiment.
        run_id: The run's id.

    Raises:
        ValueError: The run is none of a pipeline.
        UserErrorException: The experiment has no such run.
    """

    _kind = PIPELINE_RUN

    @staticmethod
    def get(workspace: Any, run_id: str) -> Run:
        """Get a run of a workspace."""
        return Run.get(workspace, run_id)

    @staticmethod
    def get_pipeline_runs(workspace: Any, pipeline_id: str, **_: Any) -> List[Run]:
        """List the runs of a published pipeline, newest first, whoever has submitted them.

        Args:
            workspace: The workspace.
            pipeline_id: Id of the published pipeline.
        """
        query = RunQuery(
            run_type=PIPELINE_RUN,
            property=PUBLISHED_ID,
            property_value=pipeline_id,
            include_children=True,
        )
        with translated():
            return [of_record(workspace, each) for each in workspace.service.runs.list(query)]

    def get_steps(self) -> Iterator[StepRun]:
        """List the step runs, newest first: the last steps come first."""
        return (step for step in self.get_children() if isinstance(step, StepRun))

    def find_step_run(self, name: str) -> List[StepRun]:
        """Find the runs of the steps of a name; `[]` if there is none."""
        return [step for step in self.get_steps() if step.name == name]

    def get_pipeline_output(self, pipeline_output_name: str) -> outputs.PortDataReference:
        """Find an output of the pipeline by the `pipeline_output_name` of its PipelineData.

        Raises:
            KeyError: There is none; the message names those there are.
        """
        found = {
            each.published_as: each
            for node in self._pipeline(self.id).nodes
            for each in node.outputs
            if each.published_as
        }
        if pipeline_output_name not in found:
            raise KeyError(_none("pipeline", pipeline_output_name, found))
        record = found[pipeline_output_name]
        return outputs.reference(self.experiment.workspace, record, self.id)

    def get_graph(self) -> PipelineRecord:
        """Read the graph, with how each step stands."""
        return self._pipeline(self.id)

    def save(self, *_: Any, **__: Any) -> NoReturn:
        """Refuse: a pipeline is kept as the script that makes it."""
        raise NotOfferedYet("PipelineRun.save", "the script that builds the pipeline")

    def publish_pipeline(
        self,
        name: str,
        description: str = "",
        version: str = "",
        continue_on_step_failure: Optional[bool] = None,
    ) -> PublishedPipeline:
        """Have the service keep what this run does, to be submitted again from anywhere.

        Args:
            name: Its name.
            description: What to write about it.
            version: A version, any text.
            continue_on_step_failure: Steps go on that do not need one that has failed; None is as
                in this run.
        """
        if continue_on_step_failure is None:
            told = self.get_properties().get("azureml.continue_on_step_failure")
            continue_on_step_failure = told == "True"
        order = PublishPipeline(
            name=name,
            run=self.id,
            description=description or "",
            version=str(version or ""),
            continue_on_failure=continue_on_step_failure,
        )
        return publishing.publish(self.experiment.workspace, order)

    def wait_for_completion(  # type: ignore[override]  # v1's own of pipelines
        self,
        show_output: bool = True,
        timeout_seconds: float = sys.maxsize,
        raise_on_error: bool = True,
    ) -> str:
        """Wait for the end, and print what the steps print, one after the other.

        Args:
            show_output: Print the logs of steps.
            timeout_seconds: How long to wait.
            raise_on_error: Raise when a step fails; the others go on then.

        Returns:
            How the run stands, in v1's words for pipelines.

        Raises:
            ActivityFailedException: A step has failed.
            ExperimentExecutionException: Interrupted (Ctrl-C); the run goes on.
        """
        return following.wait(self, show_output, timeout_seconds, raise_on_error)


class StepRun(_PipelinePart, pipeline_runs.StepRun):
    """A run of a step.

    Args:
        experiment: The experiment.
        run_id: The run's id.

    Raises:
        ValueError: The run is none of a step.
        UserErrorException: The experiment has no such run.
    """

    _kind = STEP_RUN

    @property
    def pipeline_run_id(self) -> str:
        """The run of the pipeline."""
        return str(self._read().parent)

    def get_outputs(self) -> Dict[str, outputs.StepRunOutput]:
        """List what the step makes, by name."""
        return {each.name: outputs.StepRunOutput(self, each) for each in self._node().outputs}

    def get_output(self, name: str) -> outputs.StepRunOutput:
        """Find what the step makes under a name.

        Raises:
            KeyError: There is none; the message names those there are.
        """
        found = self.get_outputs()
        if name not in found:
            raise KeyError(_none("step", name, found))
        return found[name]

    def get_output_data(self, name: str) -> outputs.PortDataReference:
        """Find where the step puts what it makes under a name.

        Raises:
            KeyError: There is none; the message names those there are.
        """
        return self.get_output(name).get_port_data_reference()

    def get_job_log(self) -> str:
        """Read what the script has printed; of several processes, the first one."""
        logs = [row.path for row in run_files.records(self.service, self._source)]
        name = choose(path for path in logs if path.startswith(_JOB_LOGS))
        if not name:
            return ""
        return run_files.content(self.service, self._source, name).decode("utf-8", "replace")

    def get_stdout_log(self) -> str:
        """Read what the script has printed; both streams are in one log."""
        return self.get_job_log()

    def get_stderr_log(self) -> str:
        """Read what the script has printed; both streams are in one log."""
        return self.get_job_log()

    def get_details_with_logs(self) -> Dict[str, Any]:
        """Read the details, with the logs' texts in them."""
        text = self.get_job_log()
        return {**super().get_details_with_logs(), "JOBLOG": text, "STDOUT": text, "STDERR": ""}

    def wait_for_completion(  # type: ignore[override]  # v1's own of pipelines
        self,
        show_output: bool = True,
        timeout_seconds: float = sys.maxsize,
        raise_on_error: bool = True,
    ) -> str:
        """Wait for the end, and print what the step prints.

        Args:
            show_output: Print the log.
            timeout_seconds: How long to wait.
            raise_on_error: Raise when it fails.

        Returns:
            How the run stands, in v1's words for pipelines.

        Raises:
            ActivityFailedException: It has failed.
        """
        return following.wait_for_step(self, show_output, timeout_seconds, raise_on_error)


class HyperDriveStepRun(HyperDriveRun):
    """The sweep of a HyperDriveStep.

    Args:
        step_run: The run of the step.

    Raises:
        ValueError: The step is none with a sweep, or has not begun.
    """

    def __init__(self, step_run: StepRun) -> None:
        kind = step_run.get_properties().get("StepType")
        if kind != "HyperDriveStep":
            raise ValueError(f"step {step_run.name!r} is a {kind}, not a HyperDriveStep")
        source = step_run._made_by() or step_run
        children = [child.id for child in source.get_children() if isinstance(child, HyperDriveRun)]
        if not children:
            raise ValueError(f"step {step_run.name!r} has not begun: it is {step_run.get_status()}")
        super().__init__(step_run.experiment, children[0])


def word(status: str) -> str:
    """A run's status in v1's words for pipelines."""
    return _WORDS.get(status, status)


def _none(what: str, name: str, found: Dict[str, Any]) -> str:
    return f"the {what} has no output {name!r}; it has {', '.join(found) or 'none'}"
