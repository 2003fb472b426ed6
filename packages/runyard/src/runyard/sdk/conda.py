"""`CondaDependencies`: the packages of an environment, in the form of a conda file.

The conda file is how v1 scripts and their users write down packages; nothing here installs any.
Packages listed under `pip` are pip requirements, the others conda specifications.
"""

from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional

from runyard.sdk.exceptions import UserErrorException
from runyard.sdk.requirements import package_name

# v1's was 3.6.2, which is too old for jobs.
PYTHON_DEFAULT_VERSION = ""
# For what v1 users see alone: jobs have the service's own SDK, and no lock has this one.
DEFAULT_SDK_PACKAGE = "azureml-defaults"
DEFAULT_FILE_NAME = "conda_dependencies.yml"
CPU, GPU = "cpu", "gpu"
_SEVERAL = ("--extra-index-url", "--find-links", "-f", "--trusted-host")

Structure = Dict[str, Any]


class CondaDependencies:
    """The packages of an environment.

    Args:
        conda_dependencies_file_path: A conda file to read; None for `azureml-defaults` alone.

    Raises:
        UserErrorException: The file is missing or cannot be read.
    """

    def __init__(
        self,
        conda_dependencies_file_path: Optional[str] = None,
        _underlying_structure: Optional[Structure] = None,
    ) -> None:
        if conda_dependencies_file_path:
            self._structure = _read_file(str(conda_dependencies_file_path))
        elif _underlying_structure is not None:
            self._structure = _copy(_underlying_structure)
        else:
            self._structure = _empty()
            self.add_pip_package(DEFAULT_SDK_PACKAGE)

    @staticmethod
    def create(
        pip_indexurl: Optional[str] = None,
        pip_packages: Optional[Iterable[str]] = None,
        conda_packages: Optional[Iterable[str]] = None,
        python_version: str = PYTHON_DEFAULT_VERSION,
        pin_sdk_version: bool = True,
    ) -> "CondaDependencies":
        """Make a list of packages.

        Args:
            pip_indexurl: Package index in place of the default.
            pip_packages: pip requirements, or one; None for `azureml-defaults` alone.
            conda_packages: conda specifications.
            python_version: For example `3.7`; empty lets the service choose.
            pin_sdk_version: Accepted; the SDK in a job is always the service's own.
        """
        del pin_sdk_version
        made = CondaDependencies(_underlying_structure=_empty())
        if python_version:
            made.set_python_version(python_version)
        if pip_indexurl:
            made.set_pip_index_url(pip_indexurl)
        made.add_pip_lines(
            [DEFAULT_SDK_PACKAGE] if pip_packages is None else _several(pip_packages)
        )
        for package in _several(conda_packages or ()):
            made.add_conda_package(package)
        return made

    @staticmethod
    def merge_requirements(requirements: Iterable[str]) -> List[str]:
        """Join requirements of the same package by commas."""
        merged: Dict[str, List[str]] = {}
        for line in requirements:
            name = package_name(line)
            known = merged.setdefault(name, [line.strip()])
            extra = line.strip()[len(name) :].strip()
            if extra and line.strip() not in known:
                known.append(extra)
        return [",".join(parts) for parts in merged.values()]

    def add_channel(self, channel: str) -> None:
        """Add a conda channel."""
        channels = self._structure.setdefault("channels", [])
        if channel not in channels:
            channels.append(_text("channel", channel))

    def add_conda_package(self, conda_package: str) -> None:
        """Add a conda specification; one of the same package is replaced."""
        spec = _text("conda_package", conda_package)
        self.remove_conda_package(spec)
        self._structure["dependencies"].append(spec)

    def add_pip_package(self, pip_package: str) -> None:
        """Add a pip requirement; one of the same package is replaced."""
        requirement = _text("pip_package", pip_package)
        self.remove_pip_package(requirement)
        self._pip_section().append(requirement)

    def add_pip_lines(self, lines: Iterable[str]) -> None:
        """Add lines of a requirements file; what was asked for of the same packages is replaced.

        The lines themselves may name a package twice, with two bounds or for two systems.
        """
        added = [_text("pip_package", line) for line in lines]
        for line in added:
            if not line.startswith("-"):
                self.remove_pip_package(line)
        self._pip_section().extend(added)

    def remove_channel(self, channel: str) -> None:
        """Remove a conda channel, if it is there."""
        self._structure["channels"] = [c for c in self.conda_channels if c != channel]

    def remove_conda_package(self, conda_package: str) -> None:
        """Remove a conda package of that name, if it is there."""
        name = package_name(conda_package)
        self._structure["dependencies"] = [
            entry
            for entry in self._structure["dependencies"]
            if isinstance(entry, dict) or package_name(entry) != name
        ]

    def remove_pip_package(self, pip_package: str) -> None:
        """Remove a pip package of that name, if it is there."""
        name, section = package_name(pip_package), self._pip_section()
        section[:] = [line for line in section if line[:1] == "-" or package_name(line) != name]

    def add_tensorflow_conda_package(
        self, core_type: str = CPU, version: Optional[str] = None
    ) -> None:
        """Add TensorFlow as a conda package, for `cpu` or `gpu`."""
        self.add_conda_package(_versioned(_tensorflow(core_type), "=", version))

    def add_tensorflow_pip_package(
        self, core_type: str = CPU, version: Optional[str] = None
    ) -> None:
        """Add TensorFlow as a pip package, for `cpu` or `gpu`."""
        self.add_pip_package(_versioned(_tensorflow(core_type), "==", version))

    def set_pip_index_url(self, index_url: str) -> None:
        """Use a package index in place of the default."""
        self._set_pip_option("--index-url", index_url)

    def set_pip_option(self, pip_option: str) -> None:
        """Add an option line, such as `--extra-index-url …`, to the pip section."""
        name, _, value = _text("pip_option", pip_option).partition(" ")
        self._set_pip_option(name, value)

    def remove_pip_option(self, pip_option: str) -> None:
        """Remove an option line of the pip section, named by its first word, if it is there."""
        name = _text("pip_option", pip_option).split()[0]
        section = self._pip_section()
        section[:] = [line for line in section if line.split()[0] != name]

    def set_pip_requirements(self, pip_requirements: Iterable[str]) -> None:
        """Replace all pip requirements."""
        self._pip_section()[:] = [*self.pip_options, *pip_requirements]

    def set_python_version(self, version: str) -> None:
        """Ask for a Python version, such as `3.7`."""
        self.remove_conda_package("python")
        self._structure["dependencies"].insert(0, f"python={version}")

    def get_python_version(self) -> str:
        """Read the Python version asked for; empty where the service chooses."""
        # `python=3.7.*` is any release of 3.7.
        return self._python().lstrip("=~<> ").rstrip(".*") or PYTHON_DEFAULT_VERSION

    def _python(self) -> str:
        """What stands behind `python`, operators and all; empty where it is not named."""
        for spec in self._conda():
            if package_name(spec) == "python":
                # A channel may stand before it.
                return spec.rpartition("::")[2].strip()[len("python") :].strip()
        return ""

    @property
    def conda_channels(self) -> Iterator[str]:
        """The conda channels, in order."""
        return iter([str(c) for c in self._structure.get("channels") or []])

    @property
    def conda_packages(self) -> Iterator[str]:
        """The conda specifications without Python and pip themselves."""
        return (s for s in self._conda() if package_name(s) not in {"python", "pip"})

    @property
    def pip_packages(self) -> Iterator[str]:
        """The pip requirements, without option lines."""
        return (line for line in self._pip() if not line.startswith("-"))

    @property
    def pip_options(self) -> Iterator[str]:
        """The option lines of the pip section."""
        return (line for line in self._pip() if line.startswith("-"))

    @property
    def python_version(self) -> str:
        """The Python version asked for; empty where the service chooses."""
        return self.get_python_version()

    @property
    def variables(self) -> Dict[str, str]:
        """The environment variables that the conda file sets."""
        found = self._structure.get("variables") or {}
        return {str(key): str(value) for key, value in found.items()}

    def as_dict(self) -> Structure:
        """Return a copy as a dict in the form of the conda file."""
        return _copy(self._structure)

    def serialize_to_string(self) -> str:
        """Write the text of the conda file."""
        from runyard.sdk import yaml

        shown = {key: value for key, value in self._structure.items() if value or key == "name"}
        shown["dependencies"] = [
            entry for entry in self._structure["dependencies"] if entry != {"pip": []}
        ]
        return yaml.write(shown)

    def save_to_file(self, base_directory: str, conda_file_path: Optional[str] = None) -> str:
        """Write the conda file below `base_directory` and give its path relative to it."""
        relative = conda_file_path or DEFAULT_FILE_NAME
        self.save(str(Path(base_directory, relative)))
        return relative

    def save(self, path: Optional[str] = None) -> str:
        """Write the conda file and give its path; a folder gets the default file name."""
        target = Path(path or DEFAULT_FILE_NAME)
        if target.is_dir():
            target = target / DEFAULT_FILE_NAME
        target.write_text(self.serialize_to_string(), encoding="utf-8")
        return str(target)

    def _conda(self) -> List[str]:
        return [str(e) for e in self._structure["dependencies"] if not isinstance(e, dict)]

    def _pip(self) -> List[str]:
        sections = (e for e in self._structure["dependencies"] if isinstance(e, dict))
        return [str(line) for section in sections for line in section.get("pip") or []]

    def _pip_section(self) -> List[str]:
        """Find the one pip section, made where it is missing; several become one."""
        # This very list is in the structure afterwards: who asks for it changes it in place.
        lines = self._pip()
        plain = [e for e in self._structure["dependencies"] if not isinstance(e, dict)]
        section = {"pip": lines}
        self._structure["dependencies"] = [*plain, section]
        return lines

    def _set_pip_option(self, name: str, value: str) -> None:
        section = self._pip_section()
        made = f"{name} {value}".strip()
        # Of these pip takes several, each with its own value.
        same = made.__eq__ if name in _SEVERAL else lambda line: line.split()[0] == name
        section[:] = [made, *(line for line in section if not same(line))]

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, CondaDependencies)
            and self.serialize_to_string() == other.serialize_to_string()
        )

    def __hash__(self) -> int:
        return hash(self.serialize_to_string())

    def __repr__(self) -> str:
        return f"CondaDependencies({self._structure!r})"


def python_asked(packages: CondaDependencies) -> str:
    """Read what stands behind `python`, such as `>=3.6,<3.9`; empty where it is not named."""
    return packages._python()


def _several(packages: Iterable[str]) -> Iterable[str]:
    """One package in the place of a list is one: each letter of it would be a package otherwise."""
    return [packages] if isinstance(packages, str) else packages


def _empty() -> Structure:
    return {"name": "project_environment", "dependencies": [{"pip": []}], "channels": []}


def _copy(structure: Structure) -> Structure:
    from copy import deepcopy

    return deepcopy(structure)


def _text(what: str, value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise UserErrorException(f"{what} must be a text such as 'numpy', not {value!r}")
    return value.strip()


def _tensorflow(core_type: str) -> str:
    if core_type not in {CPU, GPU}:
        raise UserErrorException(f"core_type must be 'cpu' or 'gpu', not {core_type!r}")
    return "tensorflow-gpu" if core_type == GPU else "tensorflow"


def _versioned(name: str, sign: str, version: Optional[str]) -> str:
    return f"{name}{sign}{version}" if version else name


def _read_file(path: str) -> Structure:
    from runyard.sdk.conda_files import read_conda_file

    return read_conda_file(path)
