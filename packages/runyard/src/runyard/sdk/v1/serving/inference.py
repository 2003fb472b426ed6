"""`InferenceConfig`: the script that scores, and what it needs."""

from __future__ import annotations

import keyword
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, List, Optional

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.v1.serving.faults import Faults

if TYPE_CHECKING:
    from runyard.sdk.environments import Environment

_RUNTIMES = ("python", "python-slim")
_OLD_FORM = (
    "runtime",
    "conda_file",
    "extra_docker_file_steps",
    "enable_gpu",
    "cuda_version",
    "base_image",
)


class InferenceConfig:
    """The script that scores, and what it needs.

    Give an `environment`, or `runtime="python"` with a conda file. The script has `init()`, called
    once, and `run(data)`, called for each request.

    Args:
        entry_script: The script, within `source_directory`, else from the current directory.
        runtime: `python`; the old form, together with `conda_file`.
        conda_file: A conda file, likewise.
        extra_docker_file_steps: A file of Dockerfile lines; kept, without effect.
        source_directory: A folder that is sent whole, and lies below the working folder under its
            own name.
        enable_gpu: Accepted; GPUs are used where they are.
        description: A description.
        base_image: Accepted; there are no containers.
        base_image_registry: Likewise.
        cuda_version: Accepted.
        environment: What the script needs.

    Raises:
        WebserviceException: Arguments contradict one another, or a file is not there.
        UserErrorException: The script is no Python.
    """

    def __init__(
        self,
        entry_script: str,
        runtime: Optional[str] = None,
        conda_file: Optional[str] = None,
        extra_docker_file_steps: Optional[str] = None,
        source_directory: Optional[str] = None,
        enable_gpu: Optional[bool] = None,
        description: Optional[str] = None,
        base_image: Optional[str] = None,
        base_image_registry: Any = None,
        cuda_version: Optional[str] = None,
        environment: Optional[Environment] = None,
    ) -> None:
        self.entry_script = entry_script
        self.runtime = runtime
        self.conda_file = conda_file
        self.extra_docker_file_steps = extra_docker_file_steps
        # From the root, since a notebook may change its folder before it deploys.
        self.source_directory = os.path.realpath(source_directory) if source_directory else None
        self.enable_gpu = enable_gpu
        self.description = description
        self.base_image = base_image
        self.base_image_registry = base_image_registry
        self.cuda_version = cuda_version
        self.environment = environment
        self.validate_configuration()

    def __repr__(self) -> str:
        return (
            f"InferenceConfig(entry_script={self.entry_script!r}, "
            f"source_directory={self.source_directory!r}, environment={self.environment!r})"
        )

    def validate_configuration(self) -> None:
        """Check it again, after attributes or files were changed.

        Raises:
            WebserviceException: Arguments contradict one another, or a file is not there; all
                faults are named.
            UserErrorException: The script is no Python.
        """
        found = Faults("this InferenceConfig cannot be used")
        if not self.entry_script:
            found.add("entry_script is missing: name the script that has init() and run()")
        found.extend(self._contradictions())
        found.extend(self._absent())
        found.extend(check_script_name(self.entry_script))
        if self.entry_script and Path(self.path_of(self.entry_script)).is_file():
            with found.gathering():
                self.validation_script_content()
        found.refuse()

    def validation_script_content(self) -> None:
        """Check that the script is Python.

        Raises:
            UserErrorException: It is not, or cannot be read.
        """
        parse(self.path_of(self.entry_script))

    def path_of(self, name: str) -> str:
        """Where a file is that the configuration names: below the source directory, if given."""
        return str(Path(self.source_directory or "", name))

    def path_within(self, name: str) -> str:
        """A file's path below the source directory, which it may be given with from the root.

        Raises:
            ValueError: It is not below.
        """
        path = Path(os.path.normpath(name))
        if path.is_absolute():
            # `source_directory` has its links resolved; the script's own may lead elsewhere.
            path = Path(os.path.relpath(path.parent.resolve() / path.name, self.source_directory))
        if path.parts[0] == os.pardir:
            raise ValueError(f"{name} is not below {self.source_directory}")
        return path.as_posix()

    def _contradictions(self) -> List[str]:
        found: List[str] = []
        both = [name for name in _OLD_FORM if getattr(self, name)]
        if self.environment is not None and both:
            found.append(f"environment is given, and {', '.join(both)} too: set it on environment")
        if self.environment is not None and not hasattr(self.environment, "python"):
            kind = type(self.environment).__name__
            found.append(f"environment must be an Environment, not {kind}")
        if self.runtime and str(self.runtime).lower() not in _RUNTIMES:
            found.append(refused_runtime(self.runtime))
        return found

    def _absent(self) -> List[str]:
        if self.source_directory and not Path(self.source_directory).is_dir():
            return [f"source_directory {self.source_directory!r} does not exist"]
        names = ("entry_script", "conda_file", "extra_docker_file_steps")
        found = [
            f"{name} {getattr(self, name)!r} does not exist in "
            f"{self.source_directory or os.getcwd()}"  # noqa: PTH109 - for show
            for name in names
            if getattr(self, name) and not Path(self.path_of(getattr(self, name))).is_file()
        ]
        if self.source_directory and self.entry_script:
            try:
                self.path_within(self.entry_script)
            except ValueError:
                found.append(
                    f"entry_script {str(self.entry_script)!r} is not below the source_directory "
                    f"{self.source_directory!r}, with which it is sent"
                )
        return found


def refused_runtime(runtime: Any) -> str:
    """Why a runtime is refused: there is Python alone."""
    if str(runtime).lower() == "spark-py":
        return (
            "runtime is 'spark-py', and there is no Spark here: score in Python, runtime='python'"
        )
    return f"runtime is {runtime!r}; there is 'python'"


def check_script_name(script: str) -> List[str]:
    """List what is wrong with a script's name: it is imported by it."""
    if not script:
        return []
    stem, suffix = Path(script).stem, Path(script).suffix
    if suffix != ".py":
        return [f"entry_script {script!r} is no Python file: its name must end in .py"]
    if not stem.isidentifier() or keyword.iskeyword(stem):
        return [
            (
                f"entry_script {script!r} cannot be imported by its name: use letters, digits and "
                "_, and no word of the language, as in score.py"
            )
        ]
    return []


def parse(path: str) -> None:
    """Check that a script is Python.

    Raises:
        UserErrorException: It is not, or cannot be read.
    """
    # Late: whoever imports the SDK to log a metric parses no scripts.
    import ast

    try:
        ast.parse(Path(path).read_bytes(), path)
    except (SyntaxError, ValueError) as error:
        raise UserErrorException(f"{path} is no Python: {error}") from error
    except OSError as error:
        raise UserErrorException(f"{path} cannot be read: {error.strerror}") from error
