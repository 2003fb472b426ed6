"""`Estimator`: a script with its packages and processes in one constructor.

Every estimator checks its arguments by v1's rules when it is made and holds the resulting
`run_config`, which may still be changed before it is submitted. The framework estimators
(`dnn`, `sklearn`) add their framework's packages to the same.
"""

from copy import copy
from typing import Any, ClassVar, Dict, Iterable, List, Mapping, Optional, Sequence

from runyard.protocol.datastores import BLOB_STORE
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.dataset_inputs import DatasetConsumptionConfig
from runyard.sdk.environments import ContainerRegistry, Environment
from runyard.sdk.exceptions import TrainingException
from runyard.sdk.frameworks import HOROVOD, WITH_HOROVOD, FrameworkVersion
from runyard.sdk.launchers import (
    GLOO,
    MPI,
    NCCL,
    PARAMETER_SERVER,
    MpiConfiguration,
    PyTorchConfiguration,
    TensorflowConfiguration,
    setting_of,
)
from runyard.sdk.submission import Submission
from runyard.sdk.v1.arguments import flattened, reference_of
from runyard.sdk.v1.packages import environment_of, say_once, version_row
from runyard.sdk.v1.runconfig import RunConfiguration
from runyard.sdk.v1.settings import EstimatorSettings, check, nodes_of
from runyard.sdk.v1.specs import submission_of

# Stands for a cluster of the size that is asked for; see `run_clusters`.
RUN_CLUSTER = "amlcompute"
# v1 lets a submit replace these, and raises for all others.
_OVERRIDES = ("script_params", "inputs", "source_directory_data_store")


class MMLBaseEstimator:
    """Base of the estimators: holds the folder and the run configuration.

    Args:
        source_directory: The folder that is sent with the run.
        run_config: Its settings.
        inputs: Data references and datasets beside those in the arguments.
        resume_from: A DataPath whose content the script gets by `--resume-from`.
    """

    def __init__(
        self,
        source_directory: Optional[str],
        run_config: RunConfiguration,
        inputs: Optional[Sequence[Any]] = None,
        resume_from: Any = None,
    ) -> None:
        self._source_directory = source_directory or "."
        self._run_config = run_config
        self._resume_from = resume_from
        self._inputs = list(inputs or [])
        self._add_inputs(run_config, self._inputs)

    @property
    def run_config(self) -> RunConfiguration:
        """The settings; they may be changed until the estimator is submitted."""
        return self._run_config

    @property
    def source_directory(self) -> str:
        """The folder that is sent with the run."""
        return self._source_directory

    @property
    def conda_dependencies(self) -> CondaDependencies:
        """The packages."""
        return self._run_config.environment.python.conda_dependencies

    def _submission(self, experiment: Any, **overrides: Any) -> Submission:
        unknown = sorted(set(overrides) - set(_OVERRIDES))
        if unknown:
            raise TrainingException(
                f"submit can override only {', '.join(_OVERRIDES)} of an estimator, "
                f"not {', '.join(unknown)}"
            )
        # A copy, since the estimator may be submitted again with other parameters.
        config = copy(self._run_config)
        config.data_references = dict(config.data_references)
        config.data = dict(config.data)
        if overrides.get("script_params") is not None:
            config.arguments = flattened(overrides["script_params"])
        store = overrides.get("source_directory_data_store")
        if store is not None:
            config.source_directory_data_store = _store_name(store)
        self._add_inputs(config, overrides.get("inputs") or ())
        return submission_of(self._source_directory, config, experiment, self._resume_from)

    @staticmethod
    def _add_inputs(config: RunConfiguration, inputs: Iterable[Any]) -> None:
        for value in inputs:
            if isinstance(value, DatasetConsumptionConfig):
                config.data[value.name] = value
                continue
            reference = reference_of(value)
            if reference is None:
                raise TrainingException(
                    "inputs are datasets such as dataset.as_named_input('x').as_mount(), or data "
                    f"references such as datastore.path('x').as_mount(), not {type(value).__name__}"
                )
            config.data_references[reference.name] = value

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(source_directory={self._source_directory!r}, "
            f"entry_script={self._run_config.script!r}, target={self._run_config.target!r})"
        )


class Estimator(MMLBaseEstimator):
    """A script of any framework.

    Args:
        source_directory: The folder that is sent with the run; None for the current one.
        compute_target: The compute target, its name, or `local`.
        vm_size: Where no compute_target is given: the size of the nodes of a cluster, which the
            runs that ask for this size share.
        vm_priority: Its priority.
        entry_script: The script in the folder.
        script_params: Its arguments, a dict; an empty value passes the bare key.
        node_count: Number of nodes; distributed_training may say it too.
        process_count_per_node: Processes on each, for MPI.
        distributed_backend: `mpi` or `ps`; distributed_training says the same.
        distributed_training: MpiConfiguration, TensorflowConfiguration and their like.
        use_gpu: The script wants GPUs.
        use_docker: Run in a container, where there is an engine.
        custom_docker_base_image, custom_docker_image: Its base image.
        image_registry_details: Where that comes from, a ContainerRegistry.
        user_managed: Install nothing and use the target's own `python`.
        conda_packages: conda specifications.
        pip_packages: pip requirements.
        conda_dependencies_file_path, conda_dependencies_file: A conda file in the folder.
        pip_requirements_file_path, pip_requirements_file: A requirements file in the folder.
        environment_variables: Set for the script.
        environment_definition: An Environment in place of all packages.
        inputs: Data references and datasets beside those in script_params.
        source_directory_data_store: A datastore for the folder of a multi-node run.
        shm_size: Shared memory of the container, such as `2g`.
        resume_from: A DataPath whose content the script gets by `--resume-from`.
        max_run_duration_seconds: The run is ended after that, and fails with that as its reason.

    Raises:
        TrainingException: Arguments contradict each other.
        UserErrorException: A file is missing, or packages are given with user_managed.
    """

    _framework: ClassVar[str] = ""
    _default_version: ClassVar[str] = ""
    _supported: ClassVar[List[str]] = []
    _says_default: ClassVar[bool] = True

    def __init__(
        self,
        source_directory: Optional[str],
        *,
        compute_target: Any = None,
        vm_size: Optional[str] = None,
        vm_priority: Optional[str] = None,
        entry_script: Optional[str] = None,
        script_params: Optional[Mapping[str, Any]] = None,
        node_count: int = 1,
        process_count_per_node: int = 1,
        distributed_backend: Optional[str] = None,
        distributed_training: Any = None,
        use_gpu: bool = False,
        use_docker: bool = True,
        custom_docker_base_image: Optional[str] = None,
        custom_docker_image: Optional[str] = None,
        image_registry_details: Optional[ContainerRegistry] = None,
        user_managed: bool = False,
        conda_packages: Optional[List[str]] = None,
        pip_packages: Optional[List[str]] = None,
        conda_dependencies_file_path: Optional[str] = None,
        pip_requirements_file_path: Optional[str] = None,
        conda_dependencies_file: Optional[str] = None,
        pip_requirements_file: Optional[str] = None,
        environment_variables: Optional[Dict[str, str]] = None,
        environment_definition: Optional[Environment] = None,
        inputs: Optional[List[Any]] = None,
        source_directory_data_store: Any = None,
        shm_size: Optional[str] = None,
        resume_from: Any = None,
        max_run_duration_seconds: Optional[int] = None,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
    ) -> None:
        # First of all: what is local here is what was given.
        self._make(dict(locals()))

    def _make(self, given: Dict[str, Any]) -> None:
        settings = EstimatorSettings.of(given)
        check(settings)
        config = _run_config(settings, self._packages_of(settings))
        super().__init__(settings.source_directory, config, settings.inputs, settings.resume_from)

    def _packages_of(self, settings: EstimatorSettings) -> Optional[FrameworkVersion]:
        """The framework's packages; a whole environment given has them already."""
        if not self._framework:
            return None
        row = version_row(
            self._framework,
            settings.framework_version,
            self._default_version,
            self._supported,
            self._says_default,
            compatibility=settings.compatibility,
        )
        whole = settings.environment_definition is not None or settings.conda_file
        if settings.use_gpu and row.brings_cuda:
            row = row._replace(pip=row.gpu)
        elif settings.use_gpu:
            say_once(
                f"use_gpu=True: {row.gpu[0]} needs the CUDA of its year on the machine, so the "
                f"packages for CPUs are installed; pip_packages=['{row.gpu[0]}'] asks for it"
            )
        # As in v1, who brings an environment or a conda file gets no package beside it.
        if whole or settings.user_managed:
            return None
        return self._with_horovod(row) if _by_mpi(settings) else row

    def _with_horovod(self, row: FrameworkVersion) -> FrameworkVersion:
        """Add Horovod, as v1 did for frameworks that it works with; the service compiles it."""
        if self._framework not in WITH_HOROVOD:
            return row
        return row._replace(pip=(*row.pip, HOROVOD))

    @classmethod
    def get_supported_versions(cls) -> List[str]:
        """List the framework's versions that may be asked for."""
        return list(cls._supported)


def _run_config(settings: EstimatorSettings, row: Optional[FrameworkVersion]) -> RunConfiguration:
    config = RunConfiguration(settings.entry_script, flattened(settings.script_params))
    # Set once more: the constructor reads None as train.py, and a missing script is to be told.
    config.script = settings.entry_script
    config.target = settings.compute_target or RUN_CLUSTER
    config.amlcompute.vm_size = settings.vm_size
    config.amlcompute.vm_priority = settings.vm_priority
    config.environment = environment_of(settings, row)
    config.node_count = nodes_of(settings)
    config.max_run_duration_seconds = settings.max_run_duration_seconds
    store = settings.source_directory_data_store
    if store is not None:
        config.source_directory_data_store = _store_name(store)
    elif config.node_count > 1:
        # all nodes see one working folder, in v1 by way of this datastore
        config.source_directory_data_store = BLOB_STORE
    _distribute(config, settings)
    return config


def _distribute(config: RunConfiguration, settings: EstimatorSettings) -> None:
    training = settings.distributed_training
    if training is None:
        training = _from_backend(settings)
    if training is None:
        return
    config.framework, communicator = setting_of(training)
    config.exit_deadline_seconds = getattr(training, "exit_deadline_seconds", None)
    config.communicator = communicator
    if communicator == MPI:
        # As in v1 it replaces the estimator's process_count_per_node.
        config.mpi = training
    elif communicator == PARAMETER_SERVER:
        config.tensorflow = training
    else:
        config.pytorch = _torch(training, settings, config)


def _torch(training: Any, settings: EstimatorSettings, config: Any) -> Any:
    """Fill in the number of processes: the setting's own, or so many on each node."""
    asked = training.process_count
    each = getattr(training, "process_count_per_node", settings.process_count_per_node)
    return PyTorchConfiguration(
        config.communicator,
        asked if asked is not None else int(each) * config.node_count,
        config.node_count,
    )


def _by_mpi(settings: EstimatorSettings) -> bool:
    training = settings.distributed_training
    if training is not None:
        return isinstance(training, MpiConfiguration)
    return str(settings.distributed_backend or "").lower() == "mpi"


def _from_backend(settings: EstimatorSettings) -> Any:
    backend = str(settings.distributed_backend or "").lower()
    if backend == "mpi":
        return MpiConfiguration(settings.process_count_per_node, settings.node_count)
    if backend == "ps":
        return TensorflowConfiguration(settings.worker_count, settings.parameter_server_count)
    if backend:
        name = GLOO if backend == GLOO.lower() else NCCL
        return PyTorchConfiguration(name, None, settings.node_count)
    return None


def _store_name(store: Any) -> str:
    return store if isinstance(store, str) else str(store.name)
