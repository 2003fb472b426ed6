"""The estimators of deep-learning frameworks, with v1's versions and defaults.

As in v1, `TensorFlow` without a version means 1.13, said in a warning. Other versions of the
table of frameworks are accepted too.
"""

from typing import Any, Dict, List, Mapping, Optional

from runyard.sdk.environments import ContainerRegistry, Environment
from runyard.sdk.frameworks import CHAINER, PYTORCH, TENSORFLOW, versions
from runyard.sdk.v1.estimators import Estimator


class TensorFlow(Estimator):
    """A TensorFlow script; arguments as `Estimator`, and these.

    Args:
        worker_count: Workers, with distributed_backend='ps'.
        parameter_server_count: Parameter servers, with distributed_backend='ps'.
        framework_version: TensorFlow's version; None for 1.13.
        compatibility: `strict` refuses another version in place of the one asked for.

    Raises:
        TrainingException: Arguments contradict each other, or the version is not supported.
    """

    _framework = TENSORFLOW
    # v1's default to its end, also when 2.3 was there.
    _default_version = "1.13"
    _supported = versions(TENSORFLOW)
    DEFAULT_VERSION, FRAMEWORK_NAME = _default_version, _framework

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
        worker_count: int = 1,
        parameter_server_count: int = 1,
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
        framework_version: Optional[str] = None,
        compatibility: Optional[str] = None,
        _enable_optimized_mode: bool = False,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
    ) -> None:
        self._make(dict(locals()))


class PyTorch(Estimator):
    """A PyTorch script; arguments as `Estimator`, and this.

    Args:
        framework_version: PyTorch's version; None for 1.4.
        compatibility: `strict` refuses another version in place of the one asked for.

    Raises:
        TrainingException: Arguments contradict each other, or the version is not supported.
    """

    _framework = PYTORCH
    # v1's default from 2020 on; before it was 1.2.
    _default_version = "1.4"
    _supported = versions(PYTORCH)
    DEFAULT_VERSION, FRAMEWORK_NAME = _default_version, _framework

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
        framework_version: Optional[str] = None,
        compatibility: Optional[str] = None,
        _enable_optimized_mode: bool = False,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
    ) -> None:
        self._make(dict(locals()))


class Chainer(Estimator):
    """A Chainer script; arguments as `Estimator`, and this.

    Args:
        framework_version: Chainer's version; None for 5.1.0.
        compatibility: `strict` refuses another version in place of the one asked for.

    Raises:
        TrainingException: Arguments contradict each other, or the version is not supported.
    """

    _framework = CHAINER
    _default_version = "5.1.0"
    _supported = versions(CHAINER)
    DEFAULT_VERSION, FRAMEWORK_NAME = _default_version, _framework

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
        framework_version: Optional[str] = None,
        compatibility: Optional[str] = None,
        _enable_optimized_mode: bool = False,
        _disable_validation: bool = True,
        _show_lint_warnings: bool = False,
        _show_package_warnings: bool = False,
    ) -> None:
        self._make(dict(locals()))
