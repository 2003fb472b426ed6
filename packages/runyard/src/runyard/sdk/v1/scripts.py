"""`ScriptRunConfig`: a script, its arguments and a run configuration, to be submitted."""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any, List, Optional

from runyard.client import callers
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.launchers import (
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
    setting_of,
)
from runyard.sdk.v1.runconfig import (
    DEFAULT_SCRIPT,
    MAX_DURATION_SECONDS_DEFAULT,
    DockerConfiguration,
    RunConfiguration,
)

if TYPE_CHECKING:
    from runyard.sdk.submission import Submission


class ScriptRunConfig:
    """A script to run.

    Args:
        source_directory: The folder that is sent with the run.
        script: The script in it; `train.py` when neither it nor a run configuration says.
        arguments: A flat list of texts, numbers and data references.
        run_config: All settings; the arguments after it are then ignored, with a warning.
        compute_target: The compute target, its name, or `local`.
        environment: What the script needs.
        distributed_job_config: MpiConfiguration, TensorflowConfiguration, PyTorchConfiguration,
            or one of Runyard's own (`runyard.sdk.distributed`); it says how many nodes, of
            TensorflowConfiguration as many as workers.
        resume_from: A DataPath whose content the script gets by `--resume-from`.
        max_run_duration_seconds: The run is ended after that, and fails with that as its reason.
        command: What to run in place of interpreter, script and arguments: a list or a text.
        docker_runtime_config: A DockerConfiguration.
    """

    def __init__(
        self,
        source_directory: Optional[str],
        script: Optional[str] = None,
        arguments: Optional[List[Any]] = None,
        run_config: Optional[RunConfiguration] = None,
        _telemetry_values: Any = None,
        compute_target: Any = None,
        environment: Optional[Environment] = None,
        distributed_job_config: Any = None,
        resume_from: Any = None,
        max_run_duration_seconds: Optional[int] = MAX_DURATION_SECONDS_DEFAULT,
        command: Any = None,
        docker_runtime_config: Optional[DockerConfiguration] = None,
    ) -> None:
        del _telemetry_values
        if command and (script or arguments):
            raise UserErrorException("give either command, or script and arguments")
        self.source_directory = source_directory or "."
        self.resume_from = resume_from
        later = (compute_target, environment, distributed_job_config, docker_runtime_config)
        if run_config is None:
            self.run_config = RunConfiguration()
            self.run_config.max_run_duration_seconds = max_run_duration_seconds
            if docker_runtime_config is not None:
                self.run_config.docker = docker_runtime_config
            _apply(self.run_config, compute_target, environment, distributed_job_config)
        else:
            _check_run_config(run_config)
            if any(value is not None for value in later):
                callers.warn(
                    "run_config is given: compute_target, environment, distributed_job_config and "
                    "docker_runtime_config are ignored; set them on run_config"
                )
            # As in v1 it wins; what is set on it later, by src.run_config.x = ..., still counts.
            self.run_config = run_config
        self.script = script or self.run_config.script or DEFAULT_SCRIPT
        self.arguments: Optional[List[Any]] = (
            self.run_config.arguments if arguments is None else arguments
        )
        self.command = command or self.run_config.command

    def _submission(self, experiment: Any, **overrides: Any) -> Submission:
        from runyard.sdk.v1.specs import submission_of

        if overrides:
            raise UserErrorException(
                f"submit takes no {', '.join(sorted(overrides))} for a ScriptRunConfig; "
                "set it on the configuration"
            )
        config = get_run_config_from_script_run(self)
        return submission_of(self.source_directory, config, experiment, self.resume_from)

    def __repr__(self) -> str:
        return (
            f"ScriptRunConfig(source_directory={self.source_directory!r}, script={self.script!r}, "
            f"target={self.run_config.target!r})"
        )


def get_run_config_from_script_run(script_run_config: ScriptRunConfig) -> RunConfiguration:
    """Make a run configuration of a script and its settings, as it is submitted."""
    # A copy, since one run_config may serve several scripts.
    config = copy(script_run_config.run_config)
    config.script, config.command = script_run_config.script, script_run_config.command
    given = script_run_config.arguments
    config.arguments = [] if given is None else given
    return config


def _apply(config: RunConfiguration, target: Any, environment: Any, distributed: Any) -> None:
    if target is not None:
        config.target = target
    if environment is not None:
        if not isinstance(environment, Environment):
            raise UserErrorException(
                f"environment must be an Environment, not {type(environment).__name__}"
            )
        config.environment = environment
    if distributed is not None:
        distribute(config, distributed)


def distribute(config: RunConfiguration, distributed: Any) -> None:
    """Set framework, communicator, counts and nodes of a run configuration."""
    config.framework, config.communicator = setting_of(distributed)
    nodes = 1
    if isinstance(distributed, TensorflowConfiguration):
        # v1 takes a node for each worker.
        config.tensorflow, nodes = distributed, distributed.worker_count
    elif isinstance(distributed, PyTorchConfiguration):
        config.pytorch = distributed
    elif isinstance(distributed, MpiConfiguration):
        config.mpi = distributed
    config.node_count = getattr(distributed, "node_count", nodes)
    config.exit_deadline_seconds = getattr(distributed, "exit_deadline_seconds", None)


def _check_run_config(run_config: Any) -> None:
    if not isinstance(run_config, RunConfiguration):
        raise UserErrorException(
            f"run_config must be a RunConfiguration, not {type(run_config).__name__}"
        )
