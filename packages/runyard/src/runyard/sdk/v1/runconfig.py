"""`RunConfiguration`: all settings of a run, as v1 scripts read and set them.

It is a plain object: nothing is checked until a run is submitted, but an attribute it does not
have is refused at once. Estimators make one (`est.run_config`), `ScriptRunConfig` holds one.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from runyard.sdk.conda import CondaDependencies
from runyard.sdk.data import DataReferenceConfiguration
from runyard.sdk.environments import DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE, Environment
from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.launchers import (
    NO_COMMUNICATOR,
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
)
from runyard.sdk.sections import Section

# Written out: `protocol.runs` makes records, which nobody needs to set a run up.
LOCAL_TARGET = "local"
DEFAULT_SCRIPT = "train.py"
# v1's: thirty days.
MAX_DURATION_SECONDS_DEFAULT = 2592000
# By their names of 2018.
MPI_CPU_IMAGE, MPI_GPU_IMAGE = DEFAULT_CPU_IMAGE, DEFAULT_GPU_IMAGE


class EnvironmentDefinition(Environment):
    """An environment under its name of 2018, when it needed none of its own."""

    def __init__(self, name: Optional[str] = None) -> None:
        super().__init__(name)


class HistoryConfiguration(Section):
    """What is kept of a run; `directories_to_watch` are followed while it runs."""

    def __init__(self) -> None:
        self.output_collection = True
        self.snapshot_project = True
        self.directories_to_watch: List[str] = ["logs"]
        self._close()


class SparkConfiguration(Section):
    """Settings of Spark, kept for old files."""

    def __init__(self) -> None:
        self.configuration: Dict[str, str] = {}
        self._close()


class HdiConfiguration(Section):
    """Settings of HDInsight, kept for old files."""

    def __init__(self) -> None:
        self.yarn_deploy_mode: Optional[str] = "cluster"
        self._close()


class AmlComputeConfiguration(Section):
    """A cluster made for one run; runs are sent to named clusters instead."""

    def __init__(self) -> None:
        self.vm_size: Optional[str] = None
        self.vm_priority: Optional[str] = None
        self.name: Optional[str] = None
        self.location: Optional[str] = None
        self.retain_cluster = False
        self._cluster_max_node_count = 1
        self._close()


class DockerConfiguration(Section):
    """How a container of a run would be started.

    `use_docker` None leaves it to the environment's own docker section.
    """

    def __init__(
        self,
        use_docker: Optional[bool] = False,
        shared_volumes: bool = True,
        arguments: Optional[List[str]] = None,
        shm_size: Optional[str] = None,
    ) -> None:
        self.use_docker = use_docker
        self.shared_volumes = shared_volumes
        self.arguments = list(arguments or [])
        self.shm_size = shm_size
        self._close()


class RunConfiguration(Section):
    """All settings of a run.

    Two settings that v1 did not have: `exit_deadline_seconds`, how long the processes of a
    distributed run may go on when the first has completed; then the run fails and names them.
    `max_retries`, how often a run that fails begins anew, with all its processes. `priority`, from
    -1000 to 1000: of the runs that wait for nodes the highest is served first; None is 0.

    Args:
        script: The script, relative to the source folder.
        arguments: Its arguments.
        framework: `Python`, `PySpark`, `CNTK`, `TensorFlow` or `PyTorch`.
        communicator: None, `ParameterServer`, `OpenMpi`, `IntelMpi`, `Gloo` or `Nccl`.
        conda_dependencies: The environment's packages.
        command: What to run in place of interpreter, script and arguments.
    """

    def __init__(
        self,
        script: Optional[str] = None,
        arguments: Optional[List[Any]] = None,
        framework: Optional[str] = None,
        communicator: Optional[str] = None,
        conda_dependencies: Optional[CondaDependencies] = None,
        _history_enabled: Optional[bool] = None,
        _path: Optional[str] = None,
        _name: Optional[str] = None,
        command: Any = None,
    ) -> None:
        del _path
        self._name = _name
        self._target = LOCAL_TARGET
        self.script: Optional[str] = script or DEFAULT_SCRIPT
        self.command: Any = command
        self.arguments: List[Any] = list(arguments or [])
        self.framework: str = framework or "Python"
        self.communicator: Optional[str] = communicator or NO_COMMUNICATOR
        self.node_count = 1
        self.priority: Optional[int] = None
        self.max_run_duration_seconds: Optional[int] = MAX_DURATION_SECONDS_DEFAULT
        self.exit_deadline_seconds: Optional[float] = None
        self.max_retries = 0
        self.auto_prepare_environment = True
        self.environment = Environment(None)
        if conda_dependencies is not None:
            self.environment.python.conda_dependencies = conda_dependencies
        self.history = HistoryConfiguration()
        if _history_enabled is not None:
            self.history.output_collection = _history_enabled
        self.spark = SparkConfiguration()
        self.hdi = HdiConfiguration()
        self.tensorflow = TensorflowConfiguration()
        self.mpi = MpiConfiguration()
        self.pytorch = PyTorchConfiguration()
        self.amlcompute = AmlComputeConfiguration()
        # At all times, as in v1: scripts set `run_config.docker.use_docker`.
        self.docker: Optional[DockerConfiguration] = DockerConfiguration(use_docker=None)
        self.data_references: Dict[str, Any] = {}
        self.data: Dict[str, Any] = {}
        self.output_data: Dict[str, Any] = {}
        self.source_directory_data_store: Optional[str] = None
        # From here on a misspelled setting raises AttributeError, as in v1.
        self._close()

    @staticmethod
    def load(path: Any, name: Optional[str] = None) -> RunConfiguration:
        """Read a configuration from its file, as `.azureml/<name>.runconfig`.

        Args:
            path: The project's folder, or the file.
            name: The configuration's name; None where `path` is the file.

        Raises:
            UserErrorException: There is no such file, it is no YAML, or a value cannot be.
        """
        from runyard.sdk.v1 import runconfig_files

        made = RunConfiguration()
        runconfig_files.load(made, path, name, DockerConfiguration)
        return made

    def save(self, path: Any = None, name: Optional[str] = None, **_: Any) -> None:
        """Write the configuration to its file, from which `load` reads it.

        Args:
            path: The project's folder, None for the current one; without a name it may be the file.
            name: The configuration's name; None for that of the file it was read from.
            **_: Taken for old scripts' sake: the environment is in the same file.

        Raises:
            UserErrorException: Nothing says what the file is called, or it cannot be written.
        """
        from runyard.sdk.v1 import runconfig_files

        runconfig_files.save(self, path, name)

    @staticmethod
    def delete(path: Any, name: Optional[str] = None) -> None:
        """Delete the file of a configuration.

        Args:
            path: The project's folder, or the file.
            name: The configuration's name; None where `path` is the file.

        Raises:
            UserErrorException: There is no such file.
        """
        from runyard.sdk.v1 import runconfig_files

        runconfig_files.delete(path, name)

    @property
    def target(self) -> str:
        """The compute target's name; `local` is this machine."""
        return self._target

    @target.setter
    def target(self, target: Any) -> None:
        self._target = target_name(target)

    @property
    def environment_variables(self) -> Dict[str, str]:
        """The environment's variables, where v1 had them before there were environments."""
        return self.environment.environment_variables

    @environment_variables.setter
    def environment_variables(self, variables: Dict[str, str]) -> None:
        self.environment.environment_variables = variables

    @property
    def prepare_environment(self) -> bool:
        """The name that `auto_prepare_environment` had before v1's first release."""
        return self.auto_prepare_environment

    @prepare_environment.setter
    def prepare_environment(self, is_prepared: bool) -> None:
        self.auto_prepare_environment = is_prepared


def target_name(target: Any) -> str:
    """Read the name of a compute target given as object or name; None is `local`.

    Raises:
        UserErrorException: It is neither.
    """
    if target is None:
        return LOCAL_TARGET
    name = target if isinstance(target, str) else getattr(target, "name", None)
    if not isinstance(name, str) or not name:
        raise UserErrorException(
            f"a compute target is an object, a name or 'local', not {type(target).__name__}"
        )
    return name


__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "MAX_DURATION_SECONDS_DEFAULT",
    "AmlComputeConfiguration",
    "CondaDependencies",
    "DataReferenceConfiguration",
    "DockerConfiguration",
    "Environment",
    "HdiConfiguration",
    "HistoryConfiguration",
    "MpiConfiguration",
    "PyTorchConfiguration",
    "RunConfiguration",
    "SparkConfiguration",
    "TensorflowConfiguration",
    "target_name",
]
