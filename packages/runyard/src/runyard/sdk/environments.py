"""The environment: what a script needs to run, as users write it down.

An Environment has sections (python, docker, spark) whose attributes may be set; unknown ones are
refused. When a run is submitted it becomes an `EnvironmentDefinition`, which the service locks
and the node realises. Registered ones have versions that are texts counting from "1".
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, List, Optional

from runyard.protocol.errors import RunyardError
from runyard.protocol.suggestions import nearest
from runyard.sdk import checks
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.definitions import definition_of, document_of, fill
from runyard.sdk.environment_refusals import EnvironmentRefusals
from runyard.sdk.environment_sections import ContainerRegistry, DatabricksSection, SparkSection
from runyard.sdk.exceptions import NotOfferedYet, UserErrorException, from_service, translated
from runyard.sdk.local_paths import naming
from runyard.sdk.requirements import read_requirements
from runyard.sdk.sections import Section

if TYPE_CHECKING:
    from runyard.protocol.environments import EnvironmentRecord
    from runyard.protocol.frameworks import FrameworkVersion
    from runyard.sdk.environment_builds import ImageBuildDetails

# For scripts that read or compare them: nothing here fetches an image.
DEFAULT_CPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-ubuntu20.04"
DEFAULT_GPU_IMAGE = "mcr.microsoft.com/azureml/openmpi4.1.0-cuda11.1-cudnn8-ubuntu20.04"
DEFAULT_SHARED_MEMORY = "2g"
_FILE = "azureml_environment.json"


class PythonSection(Section):
    """Which Python and which packages.

    Attributes:
        user_managed_dependencies: Use `interpreter_path` as it is and install nothing.
        interpreter_path: The interpreter for that, on the machine that runs the script; `python`
            is the one that submits.
        conda_dependencies: The packages.
        conda_dependencies_file: A conda file that replaces `conda_dependencies`.
    """

    def __init__(self) -> None:
        self.user_managed_dependencies = False
        self.interpreter_path = "python"
        self.conda_dependencies: CondaDependencies = CondaDependencies()
        self.base_conda_environment: Optional[str] = None
        self._file: Optional[str] = None
        self._close()

    @property
    def conda_dependencies_file(self) -> Optional[str]:
        """The conda file the packages were read from."""
        return self._file

    @conda_dependencies_file.setter
    def conda_dependencies_file(self, path: Optional[str]) -> None:
        self._file = path
        if path is not None:
            self.conda_dependencies = CondaDependencies(conda_dependencies_file_path=path)


class DockerSection(Section):
    """How a container would be made; without a container engine it is noted and not used.

    Attributes:
        enabled: Ask for a container.
        base_image: Its base; None when `base_dockerfile` tells it.
        base_dockerfile: Text or path of a Dockerfile.
        gpu_support: Accepted; GPUs are used where they are.
        shm_size: Shared memory, such as `2g`.
        arguments: Arguments for the container engine.
        shared_volumes: Accepted, without effect.
        base_image_registry: Where the base image comes from.
    """

    def __init__(self) -> None:
        self.enabled = False
        self.base_image: Optional[str] = DEFAULT_CPU_IMAGE
        self.base_dockerfile: Optional[str] = None
        self.base_image_registry = ContainerRegistry()
        self.platform: Any = None
        self.gpu_support = False
        self.shm_size: Optional[str] = DEFAULT_SHARED_MEMORY
        self.arguments: List[str] = []
        self.shared_volumes = True
        self._close()


class Environment(EnvironmentRefusals, Section):
    """A named environment.

    Args:
        name: The name; it need not be registered.
        as_of: The day, as `2019-08-01`, of which packages without a version are; None for what the
            service's settings say, `now` for the newest.
        compatibility: `strict` refuses another version in the place of a framework for which no
            Python can be had; None for what the service's settings say.

    Attributes:
        python: Which Python and which packages.
        docker: How a container would be made.
        environment_variables: Set for the job's processes.

    Raises:
        UserErrorException: The name is no text, the day is none, or compatibility is another word.
    """

    def __init__(
        self,
        name: Optional[str],
        *,
        as_of: Optional[str] = None,
        compatibility: Optional[str] = None,
    ) -> None:
        if name is not None and not isinstance(name, str):
            raise UserErrorException(f"an environment's name is a text, not {name!r}")
        self.name = name
        self.version: Optional[str] = None
        self.python = PythonSection()
        self.docker = DockerSection()
        self.spark = SparkSection()
        self.databricks = DatabricksSection()
        # v1's own default, as saved environments have it.
        self.environment_variables: Dict[str, str] = {"EXAMPLE_ENV_VAR": "EXAMPLE_VALUE"}
        self.inferencing_stack_version: Optional[str] = None
        self.asset_id: Optional[str] = None
        # Requirements for runs by MPI alone: others need not wait for what has to be compiled.
        self._packages_by_mpi: List[str] = []
        # The framework whose day it is, so that the build log can name it.
        self._as_of_from = ""
        self._as_of: Optional[str] = None
        self.as_of = as_of
        self._compatibility: Optional[str] = None
        self.compatibility = compatibility
        self._close()

    @property
    def as_of(self) -> Optional[str]:
        """The day of which packages without a version are, as `2019-08-01`."""
        return self._as_of

    @as_of.setter
    def as_of(self, day: Any) -> None:
        self._as_of = checks.day("as_of", day)
        # Who sets it means it, whatever a framework would say.
        self._as_of_from = ""

    @property
    def compatibility(self) -> Optional[str]:
        """What may take the place of a framework for which no Python can be had."""
        return self._compatibility

    @compatibility.setter
    def compatibility(self, word: Any) -> None:
        self._compatibility = checks.compatibility("compatibility", word)

    def _repr_html_(self) -> str:
        from runyard.sdk import cards

        packages = self.python.conda_dependencies
        managed = self.python.user_managed_dependencies
        cells = {
            "Name": self.name,
            "Version": self.version,
            "Python": self.python.interpreter_path if managed else packages.get_python_version(),
            "Packages": "the interpreter's own"
            if managed
            else ", ".join([*packages.conda_packages, *packages.pip_packages]),
        }
        return cards.row(cells)

    @staticmethod
    def from_conda_specification(name: str, file_path: str) -> Environment:
        """Make an environment from a conda file.

        Raises:
            UserErrorException: The file is missing or cannot be read.
        """
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies(file_path)
        return made

    @staticmethod
    def from_pip_requirements(
        name: str, file_path: str, pip_version: Optional[str] = None
    ) -> Environment:
        """Make an environment from a pip requirements file.

        Args:
            name: The environment's name.
            file_path: The requirements file.
            pip_version: Without effect.

        Raises:
            UserErrorException: The file is missing.
        """
        del pip_version
        made = Environment(name)
        found = CondaDependencies.create(pip_packages=[])
        found.set_pip_requirements(read_requirements(file_path))
        made.python.conda_dependencies = found
        return made

    @staticmethod
    def from_file(name: str, path: str) -> Environment:
        """Make an environment from a Python project's file.

        Args:
            name: The environment's name.
            path: A `pyproject.toml` or its folder (with the versions of a `uv.lock` beside it), a
                `uv.lock`, a `pylock.toml`, or a script with a block `# /// script`.

        Raises:
            UserErrorException: The file is missing or none of these, or needs what only this
                machine has.
        """
        from runyard.sdk import project_files

        wanted = project_files.read(path)
        made = Environment(name)
        made.python.conda_dependencies = CondaDependencies.create(
            python_version=wanted.python, pip_packages=[]
        )
        made.python.conda_dependencies.add_pip_lines(wanted.pip)
        return made

    @staticmethod
    def from_framework(
        name: str,
        framework: str,
        version: Optional[str] = None,
        use_gpu: bool = False,
        compatibility: Optional[str] = None,
    ) -> Environment:
        """Make an environment for a framework, with the packages and the day of its version.

        Args:
            name: The environment's name.
            framework: `TensorFlow`, `PyTorch`, `Chainer`, `SKLearn`, `XGBoost`, `JAX` or `Keras`.
            version: Its version; None for the newest.
            use_gpu: Whether to take the packages for GPUs, where they bring CUDA along.
            compatibility: `strict` refuses another version in the place of the one asked for.

        Raises:
            UserErrorException: The framework or its version is unknown, and those known are named;
                or another version would take its place, and that is refused.
        """
        from runyard.sdk import frameworks

        if framework not in frameworks.FRAMEWORKS:
            known = ", ".join(frameworks.FRAMEWORKS)
            raise UserErrorException(f"framework is {framework!r}; it is one of {known}")
        row = frameworks.find(framework, version or frameworks.NEWEST[framework])
        if row is None:
            known = ", ".join(frameworks.versions(framework))
            raise UserErrorException(f"{framework} {version!r} is not known; known are {known}")
        frameworks.check_note(row, compatibility, UserErrorException)
        made = Environment(name, compatibility=compatibility)
        pip = row.gpu if use_gpu and row.brings_cuda else row.pip
        made.python.conda_dependencies = CondaDependencies.create(
            python_version=row.python, pip_packages=list(pip)
        )
        made._date_by(row)
        return made

    def _date_by(self, row: FrameworkVersion) -> None:
        """Take packages of the time of a framework's version."""
        if row.as_of:
            self.as_of = row.as_of
            self._as_of_from = f"{row.framework} {row.version}"

    @staticmethod
    def from_run(run: Any) -> Environment:
        """Make an environment of what a run was given: its Python, and the very files it got.

        Raises:
            UserErrorException: It is an interactive run, or was not prepared yet.
        """
        made: Environment = run._locked_environment()
        return made

    @staticmethod
    def from_docker_image(
        name: str,
        image: str,
        container_registry: Optional[ContainerRegistry] = None,
        conda_specification: Optional[str] = None,
        pip_requirements: Optional[str] = None,
    ) -> Environment:
        """Make an environment of an image, and of the packages of one file.

        Args:
            name: The environment's name.
            image: The image.
            container_registry: Where it comes from.
            conda_specification: A conda file.
            pip_requirements: A requirements file.

        Raises:
            UserErrorException: A file is missing, or both are given.
        """
        made = _with_file(name, conda_specification, pip_requirements)
        made.docker.enabled, made.docker.base_image = True, image
        if container_registry is not None:
            made.docker.base_image_registry = container_registry
        return made

    @staticmethod
    def from_dockerfile(
        name: str,
        dockerfile: str,
        conda_specification: Optional[str] = None,
        pip_requirements: Optional[str] = None,
    ) -> Environment:
        """Make an environment of what a Dockerfile makes, and of the packages of one file.

        Args:
            name: The environment's name.
            dockerfile: The text of a Dockerfile, or its path.
            conda_specification: A conda file.
            pip_requirements: A requirements file.

        Raises:
            UserErrorException: A file is missing, or both are given.
        """
        made = _with_file(name, conda_specification, pip_requirements)
        made.docker.enabled, made.docker.base_image = True, None
        made.docker.base_dockerfile = dockerfile
        return made

    @staticmethod
    def add_private_pip_wheel(workspace: Any, file_path: str, exist_ok: bool = False) -> str:
        """Send a wheel of one's own to the workspace, for environments to install.

        Args:
            workspace: The workspace.
            file_path: The wheel.
            exist_ok: Use the wheel that is there under this name.

        Returns:
            Its address, for `CondaDependencies.add_pip_package`.

        Raises:
            UserErrorException: The file is missing or no wheel, or there is one of its name.
        """
        from runyard.sdk import private_wheels

        return private_wheels.add(workspace, file_path, exist_ok=exist_ok)

    @staticmethod
    def from_existing_conda_environment(name: str, conda_environment_name: str) -> Environment:
        """Make an environment from a conda environment of this machine, with its exact versions.

        conda is asked where it is installed; without it the environment's own records are read.

        Args:
            name: The environment's name.
            conda_environment_name: The conda environment's, or its folder.

        Raises:
            UserErrorException: There is no such conda environment; those that are there are named.
        """
        from runyard.sdk import conda_environments

        made = Environment(name)
        made.python.conda_dependencies = conda_environments.read(conda_environment_name)
        return made

    @staticmethod
    def get(
        workspace: Any, name: str, version: Optional[str] = None, label: Optional[str] = None
    ) -> Environment:
        """Get a registered or curated environment.

        Args:
            workspace: The workspace.
            name: Its name.
            version: A text such as "2"; None for the newest.
            label: Only `Latest`, in any case.

        Raises:
            UserErrorException: There is none of that name and version; the nearest are named.
        """
        checks.workspace(workspace)
        # v1 told versions as texts, and took numbers.
        version = None if version is None else str(version)
        if label is not None and str(label).lower() != "latest":
            raise NotOfferedYet(f"environment label {label!r}", "a version, or none for the newest")
        record = _registered(workspace, name, version)
        if record is not None:
            return _from_record(record)
        if _is_curated(name) and version in {None, "1"}:
            return _curated(name)
        raise UserErrorException(_not_found(workspace, name, version))

    @staticmethod
    def list(workspace: Any) -> Dict[str, Environment]:
        """List all registered and curated environments by name, the newest version of each."""
        from runyard.sdk import curated

        checks.workspace(workspace)
        found = {name: _curated(name) for name in curated.names()}
        found.update({record.name: _from_record(record) for record in _records(workspace)})
        return dict(sorted(found.items()))

    def register(self, workspace: Any) -> Environment:
        """Register this environment; a changed one becomes the next version.

        Raises:
            UserErrorException: It has no name, or the service refuses it.
        """
        if not self.name:
            raise UserErrorException("an environment needs a name before it can be registered")
        from runyard.protocol.environments import RegisterEnvironment

        # Without the version that it has by now, or the same thing would be another each time.
        document = {**document_of(self), "version": None}
        order = RegisterEnvironment(
            name=self.name, definition=definition_of(self), document=json.dumps(document)
        )
        try:
            record = workspace.service.environments.register(order)
        except RunyardError as error:
            raise from_service(error) from error
        self.version = record.version
        return self

    def clone(self, new_name: str) -> Environment:
        """Make an unregistered copy under another name."""
        from copy import deepcopy

        made = deepcopy(self)
        made.name, made.version, made.asset_id = new_name, None, None
        return made

    def build(self, workspace: Any, image_build_compute: Optional[str] = None) -> ImageBuildDetails:
        """Make the environment ahead of the runs that need it.

        Args:
            workspace: The workspace.
            image_build_compute: Name of the compute target on whose nodes it is made; None is the
                service's machine.

        Returns:
            What tells how it goes on: `wait_for_completion`, `status`, `save_logs`.

        Raises:
            UserErrorException: The service refuses it.
        """
        from runyard.sdk import environment_builds

        return environment_builds.begin(self, workspace, image_build_compute)

    def build_local(self, workspace: Any, platform: Any = None, **_: Any) -> ImageBuildDetails:
        """Make the environment ahead of the runs on this machine; give it once it is there.

        Args:
            workspace: The workspace.
            platform: Without effect, like what else v1 took.

        Raises:
            ActivityFailedException: It cannot be made; the reason is in the message.
        """
        del platform
        made = self.build(workspace)
        made.wait_for_completion()
        return made

    def save_to_directory(self, path: str, overwrite: bool = False) -> None:
        """Write the environment into a folder, as `azureml_environment.json`."""
        target = Path(path, _FILE)
        with naming("path", path):
            if target.exists() and not overwrite:
                raise UserErrorException(f"{target} exists; pass overwrite=True to replace it")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(document_of(self), indent=4), encoding="utf-8")

    @staticmethod
    def load_from_directory(path: str) -> Environment:
        """Read an environment that `save_to_directory` wrote."""
        from runyard.client import texts

        target = Path(path, _FILE)
        if not target.is_file():
            raise UserErrorException(f"there is no {target}; save_to_directory writes one")
        with translated():
            text = texts.read(target)
        try:
            document = json.loads(text)
        except ValueError as error:
            raise UserErrorException(f"{target} is not JSON: {error}") from error
        made = Environment(document.get("name"))
        fill(made, document)
        return made


def _with_file(name: str, conda: Optional[str], pip: Optional[str]) -> Environment:
    """Make an environment of the packages of a file; v1 took one of the two."""
    if conda and pip:
        raise UserErrorException("give either conda_specification or pip_requirements, not both")
    if conda:
        return Environment.from_conda_specification(name, conda)
    return Environment.from_pip_requirements(name, pip) if pip else Environment(name)


def _from_record(record: EnvironmentRecord) -> Environment:
    made = Environment(record.name)
    if record.document:
        fill(made, json.loads(record.document))
    # The document was written before its registration gave it a version.
    made.name, made.version = record.name, record.version
    return made


def _is_curated(name: str) -> bool:
    from runyard.sdk import curated

    return curated.known(name)


def _curated(name: str) -> Environment:
    from runyard.sdk import curated

    row = curated.find(name)
    made = Environment(name)
    made.version = curated.VERSION
    made.python.conda_dependencies = CondaDependencies.create(
        python_version=row.python if row else "",
        pip_packages=["azureml-defaults", *(row.pip if row else curated.PLAIN[name])],
    )
    if row is not None:
        made._date_by(row)
    made._packages_by_mpi = list(curated.packages_by_mpi(name))
    return made


def _records(workspace: Any, name: Optional[str] = None) -> List[EnvironmentRecord]:
    """List the newest version of each registered environment, or all versions of one."""
    with translated():
        found: List[EnvironmentRecord] = workspace.service.environments.list(name)
    return found


def _registered(workspace: Any, name: str, version: Optional[str]) -> Optional[EnvironmentRecord]:
    mine = [r for r in _records(workspace, name) if version in {None, r.version}]
    # By number: versions are texts, and "10" comes before "9".
    return max(mine, key=lambda record: int(record.version), default=None)


def _not_found(workspace: Any, name: str, version: Optional[str]) -> str:
    from runyard.sdk import curated

    known = [*(record.name for record in _records(workspace)), *curated.names()]
    if name in known:
        return f"environment {name!r} has no version {version!r}; leave version out for the newest"
    close = nearest(name, known)
    hint = f"the nearest are: {', '.join(close)}" if close else "Environment.list shows all"
    return f"environment {name!r} does not exist in workspace {workspace.name!r}; {hint}"


__all__ = [
    "DEFAULT_CPU_IMAGE",
    "DEFAULT_GPU_IMAGE",
    "ContainerRegistry",
    "DatabricksSection",
    "DockerSection",
    "Environment",
    "PythonSection",
    "SparkSection",
]
