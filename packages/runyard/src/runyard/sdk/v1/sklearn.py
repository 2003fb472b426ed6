"""The estimator of scikit-learn, with v1's version and default."""

from typing import Any, Dict, List, Mapping, Optional

from runyard.sdk.environments import ContainerRegistry, Environment
from runyard.sdk.frameworks import SKLEARN, versions
from runyard.sdk.v1.estimators import Estimator


class SKLearn(Estimator):
    """A scikit-learn script on one node; arguments as `Estimator`, and this.

    Args:
        framework_version: scikit-learn's version; None for 0.20.3.
        compatibility: `strict` refuses another version in place of the one asked for.

    Raises:
        TrainingException: Arguments contradict each other, or the version is not supported.
    """

    _framework = SKLEARN
    _default_version = "0.20.3"
    _supported = versions(SKLEARN)
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
        use_docker: bool = True,
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
