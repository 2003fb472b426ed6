"""Steps: each checks what it is given as v1 did, and knows what the service is to run for it.

A step is told apart by itself, not by its name, and may stand in several pipelines. What it runs is
worked out when a pipeline is submitted: until then its folder may change.
"""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Mapping, Optional, Sequence, Tuple

from runyard.client import callers
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.v1.commands import joined
from runyard.sdk.v1.estimators import Estimator, MMLBaseEstimator
from runyard.sdk.v1.hyperdrive.config import HyperDriveConfig
from runyard.sdk.v1.pipelines.data import (
    PipelineData,
    PipelineParameter,
    TrainingOutput,
    refusal,
)
from runyard.sdk.v1.pipelines.ports import Ports, variable
from runyard.sdk.v1.runconfig import RunConfiguration, target_name
from runyard.sdk.v1.scripts import ScriptRunConfig
from runyard.sdk.v1.specs import submission_of

if TYPE_CHECKING:
    from runyard.sdk.submission import Submission

# v1's names of what parameters may say of a run configuration, and ours.
_COUNTS = {
    "NodeCount": "node_count",
    "MpiProcessCountPerNode": "process_count_per_node",
    "TensorflowWorkerCount": "worker_count",
    "TensorflowParameterServerCount": "parameter_server_count",
}


class PipelineStep:
    """Base of all steps.

    Args:
        name: What it is called; names may repeat.
        inputs: What it reads.
        outputs: What it makes.
        arguments: Its arguments.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.
        params: Variables of the job, set to `AML_PARAMETER_<name>`.
        counts: Parameters by v1's name of what they count.
    """

    def __init__(
        self,
        name: str,
        inputs: Optional[Sequence[Any]] = None,
        outputs: Optional[Sequence[Any]] = None,
        arguments: Optional[Sequence[Any]] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        params: Optional[Mapping[str, Any]] = None,
        counts: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self.name = name
        self.allow_reuse = bool(allow_reuse)
        self.version = version
        self._after: List[PipelineStep] = []
        self._ports = Ports(self, inputs or (), outputs or (), arguments or ())
        # Programs that make pipelines read these of v1's steps.
        self._inputs, self._outputs = list(inputs or ()), self._ports.outputs
        self._params = {str(key): value for key, value in (params or {}).items()}
        self._counts = _counted(counts)
        self._ports.note([p for p in self._params.values() if isinstance(p, PipelineParameter)])
        self._ports.note(list(self._counts.values()))

    @property
    def type(self) -> str:
        """v1's name of its class."""
        return type(self).__name__

    def run_after(self, step: PipelineStep) -> None:
        """Have it begin after another has completed, in pipelines that are made from now on."""
        self._after.append(step)

    def validate(self, default_folder: Optional[str] = None) -> None:
        """Check that its script is there.

        Raises:
            ValueError: It is not; the message has the path.
        """
        folder, script = self._source(default_folder)
        place = Path(folder, script).absolute()
        if script and not place.is_file():
            raise ValueError(f"step {self.name!r}: there is no script {str(place)!r}")

    def _source(self, default_folder: Optional[str]) -> Tuple[str, str]:
        """The folder of its content, and the script in it."""
        raise NotImplementedError

    def _made(self, experiment: Any, default_folder: Optional[str]) -> Submission:
        """What it runs, as if it were submitted by itself."""
        raise NotImplementedError

    def _variables(self) -> Dict[str, str]:
        """The variables that `params` set to plain values."""
        return {
            variable(name): str(value)
            for name, value in self._params.items()
            if not isinstance(value, PipelineParameter)
        }

    def __repr__(self) -> str:
        return f"{type(self).__name__}(name={self.name!r})"


class ConfiguredStep(PipelineStep):
    """A step that a run configuration describes."""

    _run_config: RunConfiguration
    _folder: Optional[str]

    def _source(self, default_folder: Optional[str]) -> Tuple[str, str]:
        script = "" if self._run_config.command else str(self._run_config.script or "")
        return str(self._folder or default_folder or "."), script

    def _made(self, experiment: Any, default_folder: Optional[str]) -> Submission:

        # A copy: one configuration may serve several steps.
        config = copy(self._run_config)
        config.arguments = list(self._ports.arguments)
        given = submission_of(self._source(default_folder)[0], config, experiment)
        variables = {**given.spec.environment_variables, **self._variables()}
        return replace(given, spec=replace(given.spec, environment_variables=variables))


class PythonScriptStep(ConfiguredStep):
    """A Python script as a step.

    Args:
        script_name: The script in the folder.
        name: What the step is called; None is the script's name.
        arguments: Texts, numbers, data and parameters.
        compute_target: A compute target, its name, or (name, type); None is the configuration's.
        runconfig: All settings; None: Python and this package.
        runconfig_pipeline_params: Parameters that say `NodeCount` and the like.
        inputs: What it reads.
        outputs: What it makes.
        params: Variables of the job.
        source_directory: Its folder; None is the pipeline's default.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.
        hash_paths: Without effect: all files of the folder count.

    Raises:
        ValueError: An argument is not what it should be.
    """

    def __init__(
        self,
        script_name: str,
        name: Optional[str] = None,
        arguments: Optional[List[Any]] = None,
        compute_target: Any = None,
        runconfig: Optional[RunConfiguration] = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[List[Any]] = None,
        outputs: Optional[List[Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
        source_directory: Optional[str] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        hash_paths: Any = None,
    ) -> None:
        if not isinstance(script_name, str):
            raise refusal(f"script_name must be a text, not {type(script_name).__name__}")
        if hash_paths:
            callers.warn("hash_paths has no effect: all files of source_directory count")
        self._run_config = configured(runconfig, compute_target)
        self._run_config.script = script_name
        self._folder = source_directory
        super().__init__(
            name or script_name,
            inputs,
            outputs,
            arguments,
            allow_reuse,
            version,
            params,
            runconfig_pipeline_params,
        )


class CommandStep(ConfiguredStep):
    """A command as a step.

    Args:
        command: A text for a shell, or a list.
        name: What the step is called; None is the command's first word.
        compute_target: As in PythonScriptStep, like all that follow.
        runconfig: All settings; of a ScriptRunConfig also its command and its folder.
        runconfig_pipeline_params: Parameters that say `NodeCount` and the like.
        inputs: What it reads.
        outputs: What it makes.
        params: Variables of the job.
        source_directory: Its folder.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.

    Raises:
        ValueError: There is no command.
    """

    def __init__(
        self,
        command: Any = None,
        name: Optional[str] = None,
        compute_target: Any = None,
        runconfig: Any = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[List[Any]] = None,
        outputs: Optional[List[Any]] = None,
        params: Optional[Mapping[str, Any]] = None,
        source_directory: Optional[str] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
    ) -> None:
        given = command or (runconfig.command if runconfig is not None else None)
        if not given:
            raise ValueError("CommandStep needs a command: a text or a list")
        if isinstance(runconfig, ScriptRunConfig):
            source_directory = source_directory or str(runconfig.source_directory)
            runconfig = runconfig.run_config
        self._run_config = configured(runconfig, compute_target)
        self._folder = source_directory
        words = [given] if isinstance(given, str) else list(given)
        super().__init__(
            name or str(words[0]).split()[0],
            inputs,
            outputs,
            words,
            allow_reuse,
            version,
            params,
            runconfig_pipeline_params,
        )
        told = self._ports.arguments
        self._run_config.command = told[0] if isinstance(given, str) else joined(words, told)

    def _made(self, experiment: Any, default_folder: Optional[str]) -> Submission:
        given = super()._made(experiment, default_folder)
        return replace(given, spec=replace(given.spec, arguments=[]))


class EstimatorStep(ConfiguredStep):
    """An estimator as a step.

    Args:
        name: What the step is called; None is the script's name.
        estimator: The estimator, without script_params and inputs.
        estimator_entry_script_arguments: Its script's arguments; `[]` for none.
        runconfig_pipeline_params: Parameters that say `NodeCount` and the like.
        inputs: What it reads.
        outputs: What it makes.
        compute_target: The compute target.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.

    Raises:
        ValueError: Something is missing, or is given to the estimator instead of the step.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        estimator: Any = None,
        estimator_entry_script_arguments: Optional[List[Any]] = None,
        runconfig_pipeline_params: Optional[Mapping[str, Any]] = None,
        inputs: Optional[List[Any]] = None,
        outputs: Optional[List[Any]] = None,
        compute_target: Any = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
    ) -> None:
        if not isinstance(estimator, MMLBaseEstimator):
            raise refusal(f"estimator must be an estimator, not {type(estimator).__name__}")
        if compute_target is None:
            raise ValueError("compute_target is missing: EstimatorStep takes it from nowhere else")
        if estimator_entry_script_arguments is None:
            raise ValueError(
                "estimator_entry_script_arguments is missing; give [] for a script without any"
            )
        if estimator.run_config.arguments:
            raise ValueError(
                "the estimator has script_params; give them as estimator_entry_script_arguments"
            )
        if estimator._inputs:
            raise ValueError("the estimator has inputs; give them as inputs of the step")
        self._run_config = configured(estimator.run_config, compute_target)
        self._folder = estimator.source_directory
        super().__init__(
            name or str(estimator.run_config.script),
            inputs,
            outputs,
            estimator_entry_script_arguments,
            allow_reuse,
            version,
            None,
            runconfig_pipeline_params,
        )


class MpiStep(EstimatorStep):
    """A script by MPI as a step.

    Args:
        name: What the step is called.
        source_directory: Its folder.
        script_name: The script in it.
        arguments: Its arguments.
        compute_target: The compute target.
        node_count: How many nodes; a number or a parameter.
        process_count_per_node: How many processes on each; a number or a parameter.
        inputs: What it reads.
        outputs: What it makes.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.
        packages: Packages, as in Estimator.

    Raises:
        ValueError: One of the first seven is missing.
    """

    def __init__(
        self,
        name: Optional[str] = None,
        source_directory: Optional[str] = None,
        script_name: Optional[str] = None,
        arguments: Optional[List[Any]] = None,
        compute_target: Any = None,
        node_count: Any = None,
        process_count_per_node: Any = None,
        inputs: Optional[List[Any]] = None,
        outputs: Optional[List[Any]] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
        **packages: Any,
    ) -> None:
        required = {
            "name": name,
            "source_directory": source_directory,
            "script_name": script_name,
            "arguments": arguments,
            "compute_target": compute_target,
            "node_count": node_count,
            "process_count_per_node": process_count_per_node,
        }
        missing = [each for each, value in required.items() if value is None]
        if missing:
            raise ValueError(f"MpiStep needs {', '.join(missing)}")
        told = {"NodeCount": node_count, "MpiProcessCountPerNode": process_count_per_node}
        counts = {k: v for k, v in told.items() if isinstance(v, PipelineParameter)}
        estimator = Estimator(
            source_directory,
            compute_target=_target(compute_target),
            entry_script=script_name,
            node_count=_default(node_count),
            process_count_per_node=_default(process_count_per_node),
            distributed_backend="mpi",
            **packages,
        )
        super().__init__(
            name,
            estimator,
            arguments,
            counts,
            inputs,
            outputs,
            compute_target,
            allow_reuse,
            version,
        )


class HyperDriveStep(PipelineStep):
    """A sweep as a step.

    Args:
        name: What the step is called.
        hyperdrive_config: The sweep: of an estimator without arguments, or of a ScriptRunConfig.
        estimator_entry_script_arguments: The arguments of an estimator's script, `[]` for none; a
            ScriptRunConfig may have its own instead.
        inputs: What it reads.
        outputs: What it makes.
        metrics_output: A PipelineData that becomes a JSON file with the metrics of all runs.
        allow_reuse: Whether results of an equal step may stand for it.
        version: Changed by hand to have it run anew.

    Raises:
        ValueError: Something is missing, or is given to the estimator instead of the step.
    """

    def __init__(
        self,
        name: str,
        hyperdrive_config: Any,
        estimator_entry_script_arguments: Optional[List[Any]] = None,
        inputs: Optional[List[Any]] = None,
        outputs: Optional[List[Any]] = None,
        metrics_output: Optional[PipelineData] = None,
        allow_reuse: bool = True,
        version: Optional[str] = None,
    ) -> None:
        if not isinstance(hyperdrive_config, HyperDriveConfig):
            kind = type(hyperdrive_config).__name__
            raise refusal(f"hyperdrive_config must be a HyperDriveConfig, not {kind}")
        base = hyperdrive_config._base
        arguments = _swept_arguments(base, estimator_entry_script_arguments)
        if base.run_config.data_references or base.run_config.data:
            raise ValueError("what the sweep runs has inputs of its own; give them to the step")
        if metrics_output is not None:
            metrics_output._training_output = TrainingOutput("Metrics")
        self._config = hyperdrive_config
        made = [*(outputs or []), *([] if metrics_output is None else [metrics_output])]
        for data in made:
            if isinstance(data, PipelineData) and data._training_output is None:
                # Trials would all write to one place, and the last one wins.
                callers.warn(
                    f"all runs of step {name!r} write to one place, {data.name!r}; "
                    "training_output=TrainingOutput('Model', model_file=…) hands the best on"
                )
        super().__init__(name, inputs, made, arguments, allow_reuse, version)

    def _source(self, default_folder: Optional[str]) -> Tuple[str, str]:
        base = self._config._base
        script = getattr(base, "script", None) or base.run_config.script
        return str(base.source_directory or default_folder or "."), str(script)

    def _made(self, experiment: Any, default_folder: Optional[str]) -> Submission:

        folder, script = self._source(default_folder)
        config = copy(self._config._base.run_config)
        config.script, config.arguments = script, list(self._ports.arguments)
        given = submission_of(folder, config, experiment)
        return replace(given, sweep=self._config._spec(experiment.name, []))


def configured(runconfig: Any, compute_target: Any) -> RunConfiguration:
    """A configuration of the step's own: one may serve several steps."""
    if runconfig is None:
        found = RunConfiguration()
    elif isinstance(runconfig, RunConfiguration):
        found = copy(runconfig)
    else:
        kind = type(runconfig).__name__
        raise ValueError(f"runconfig must be a RunConfiguration, not {kind}")
    if compute_target is not None:
        found.target = target_name(_target(compute_target))
    return found


def _target(given: Any) -> Any:
    """A compute target; v1 also took (name, type)."""
    return given[0] if isinstance(given, tuple) else given


def _counted(given: Optional[Mapping[str, Any]]) -> Dict[str, PipelineParameter]:
    unknown = [name for name in given or {} if name not in _COUNTS]
    if unknown:
        raise ValueError(
            f"runconfig_pipeline_params has {unknown[0]!r}; it may have {', '.join(_COUNTS)}"
        )
    for name, value in (given or {}).items():
        if not isinstance(value, PipelineParameter):
            raise refusal(f"{name} of runconfig_pipeline_params must be a PipelineParameter")
    return {_COUNTS[name]: value for name, value in (given or {}).items()}


def _default(count: Any) -> int:
    value: Any = count.default_value if isinstance(count, PipelineParameter) else count
    return int(value)


def _swept_arguments(base: Any, given: Optional[List[Any]]) -> List[Any]:
    """The arguments of what a sweep runs: the step's, or a ScriptRunConfig's own.

    Raises:
        ValueError: Both have some, or an estimator's step has none.
    """
    if isinstance(base, ScriptRunConfig):
        if given and base.arguments:
            raise ValueError(
                "both the ScriptRunConfig and estimator_entry_script_arguments have arguments; "
                "leave one of them out"
            )
        return list(given or base.arguments or [])
    if given is None:
        raise ValueError(
            "estimator_entry_script_arguments is missing; give [] for a script without any"
        )
    own = base.run_config.arguments if base is not None else ()
    if base is None or any(not isinstance(each, DatasetConsumptionConfig) for each in own or ()):
        raise ValueError(
            "what the sweep runs has arguments of its own; give them as "
            "estimator_entry_script_arguments of the step"
        )
    return given
