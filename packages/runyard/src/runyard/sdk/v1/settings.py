"""All arguments of an estimator in one record, and the rules between them."""

from dataclasses import dataclass, fields
from typing import Any, Dict, List, Mapping, Optional, Tuple

from runyard.protocol.compatibility import STRICT
from runyard.protocol.runs import LOCAL_TARGET
from runyard.sdk.exceptions import TrainingException, UserErrorException
from runyard.sdk.launchers import count
from runyard.sdk.v1.runconfig import target_name

# v1 took the last two from PyTorch alone.
BACKENDS = ("mpi", "ps", "gloo", "nccl")


@dataclass(frozen=True)
class EstimatorSettings:
    """The arguments of every estimator; `Estimator` documents them."""

    source_directory: Optional[str] = None
    compute_target: Any = None
    vm_size: Optional[str] = None
    vm_priority: Optional[str] = None
    entry_script: Optional[str] = None
    script_params: Optional[Mapping[str, Any]] = None
    node_count: int = 1
    process_count_per_node: int = 1
    worker_count: int = 1
    parameter_server_count: int = 1
    distributed_backend: Optional[str] = None
    distributed_training: Any = None
    use_gpu: bool = False
    use_docker: bool = True
    custom_docker_base_image: Optional[str] = None
    custom_docker_image: Optional[str] = None
    image_registry_details: Any = None
    user_managed: bool = False
    conda_packages: Optional[List[str]] = None
    pip_packages: Optional[List[str]] = None
    conda_dependencies_file_path: Optional[str] = None
    pip_requirements_file_path: Optional[str] = None
    conda_dependencies_file: Optional[str] = None
    pip_requirements_file: Optional[str] = None
    environment_variables: Optional[Dict[str, str]] = None
    environment_definition: Any = None
    inputs: Optional[List[Any]] = None
    source_directory_data_store: Any = None
    shm_size: Optional[str] = None
    resume_from: Any = None
    max_run_duration_seconds: Optional[int] = None
    framework_version: Optional[str] = None
    compatibility: Optional[str] = None

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> "EstimatorSettings":
        """Pick the settings out of a constructor's arguments."""
        return cls(**{f.name: given[f.name] for f in fields(cls) if f.name in given})

    @property
    def image(self) -> Optional[str]:
        """The base image asked for, by either name."""
        return self.custom_docker_image or self.custom_docker_base_image

    @property
    def conda_file(self) -> Optional[str]:
        """The conda file, by either name."""
        return self.conda_dependencies_file or self.conda_dependencies_file_path

    @property
    def requirements_file(self) -> Optional[str]:
        """The requirements file, by either name."""
        return self.pip_requirements_file or self.pip_requirements_file_path


def check(settings: EstimatorSettings) -> None:
    """Apply v1's rules.

    Raises:
        TrainingException: Arguments contradict each other or are missing.
        UserErrorException: Packages are given with user_managed.
    """
    if settings.compatibility not in (None, STRICT):
        raise TrainingException(
            f"compatibility is {settings.compatibility!r}; it is {STRICT!r}, or left out"
        )
    _check_target(settings)
    _check_processes(settings)
    _check_packages(settings)


def _check_target(settings: EstimatorSettings) -> None:
    if settings.compute_target is None and not settings.vm_size:
        raise TrainingException(
            "neither compute_target nor vm_size is given: pass compute_target=, a compute target, "
            "its name, or 'local'"
        )
    # For what it refuses; the name is read later.
    target_name(settings.compute_target)


def _check_processes(settings: EstimatorSettings) -> None:
    nodes = nodes_of(settings)
    each = count("process_count_per_node", settings.process_count_per_node)
    backend = settings.distributed_backend
    if backend is not None and str(backend).lower() not in BACKENDS:
        raise TrainingException(
            f"distributed_backend is {backend!r}; it is one of {', '.join(BACKENDS)}"
        )
    if (nodes > 1 or each > 1) and not backend and settings.distributed_training is None:
        raise TrainingException(
            f"node_count is {nodes} and process_count_per_node is {each}, and nothing says how the "
            "processes work together: give distributed_training=MpiConfiguration() or "
            "TensorflowConfiguration()"
        )
    if nodes > 1 and not _is_cluster(settings.compute_target):
        raise TrainingException(
            f"node_count is {nodes} and compute target {target_name(settings.compute_target)!r} is "
            "a single machine: several nodes need a cluster (AmlCompute)"
        )


def nodes_of(settings: EstimatorSettings) -> int:
    """Count the nodes, which the distributed setting may say too.

    Raises:
        TrainingException: It is below 1, or both say it and differ.
    """
    nodes = count("node_count", settings.node_count)
    told = getattr(settings.distributed_training, "node_count", 1)
    also = count("node_count of distributed_training", told)
    if nodes > 1 and also not in (1, nodes):
        raise TrainingException(
            f"node_count is {nodes}, and distributed_training says {also} nodes: say it once"
        )
    return max(nodes, also)


def _is_cluster(target: Any) -> bool:
    if isinstance(target, str):
        # Of a name alone it is not known what it means; the service judges it.
        return target.lower() != LOCAL_TARGET
    return getattr(target, "type", "AmlCompute") == "AmlCompute"


def _check_packages(settings: EstimatorSettings) -> None:
    if settings.environment_definition is not None:
        _refuse(settings, _WITH_PACKAGES, "environment_definition", "say it in the environment")
    if settings.conda_file:
        others = ("conda_packages", "pip_packages", *_REQUIREMENTS)
        _refuse(settings, others, "conda_dependencies_file", "put them into the file")
    if settings.user_managed:
        given = _given(settings, ("conda_packages", "pip_packages", *_CONDA, *_REQUIREMENTS))
        if given:
            # v1 raises another class for this than for its other rules.
            raise UserErrorException(
                f"user_managed=True installs nothing, so {', '.join(given)} cannot be given: "
                "install the packages on the target, or leave user_managed out"
            )
    if not settings.use_docker and settings.image:
        raise TrainingException(
            f"use_docker is False and a custom image ({settings.image!r}) is given: "
            "give one or the other"
        )


_CONDA = ("conda_dependencies_file", "conda_dependencies_file_path")
_REQUIREMENTS = ("pip_requirements_file", "pip_requirements_file_path")
_WITH_PACKAGES = (
    "conda_packages",
    "pip_packages",
    *_CONDA,
    *_REQUIREMENTS,
    "custom_docker_image",
    "custom_docker_base_image",
    "image_registry_details",
    "use_gpu",
    "user_managed",
    "compatibility",
)


def _given(settings: EstimatorSettings, names: Tuple[str, ...]) -> List[str]:
    return [name for name in names if getattr(settings, name)]


def _refuse(settings: EstimatorSettings, names: Tuple[str, ...], beside: str, do: str) -> None:
    given = _given(settings, names)
    if given:
        raise TrainingException(f"{', '.join(given)} cannot be given beside {beside}: {do}")
