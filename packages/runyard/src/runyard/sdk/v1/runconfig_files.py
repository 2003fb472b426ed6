"""Run configurations as files: what users keep below `.azureml`, or `aml_config` of 2018.

    <project>/.azureml/<name>.runconfig      YAML in the camelCase of v1; a file may be named itself

Each attribute of a section has the key of its name, so both ways need no table. What a file lacks
stays as it is by default. Of keys that nobody here knows a warning tells: v1 had more of them with
each release, and a file that worked then is not refused for one.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from runyard.client import callers, texts
from runyard.protocol.suggestions import nearest
from runyard.sdk import yaml
from runyard.sdk.conda import CondaDependencies
from runyard.sdk.data import DataReferenceConfiguration
from runyard.sdk.dataset_outputs import OutputFileDatasetConfig
from runyard.sdk.environments import Environment
from runyard.sdk.exceptions import UserErrorException, translated
from runyard.sdk.local_paths import naming
from runyard.sdk.sections import Section
from runyard.sdk.v1.runconfig_data import PARTS, SECTIONS, Data

FOLDERS = (".azureml", "aml_config")
SUFFIX = ".runconfig"
_TRUE, _FALSE = ("true", "yes", "on"), ("false", "no", "off")
# In the place of the packages there may be the path of a conda file.
_PACKAGES, _FILE = "condaDependencies", "condaDependenciesFile"
_VARIABLES = "environmentVariables"
# Of these the default is None, which tells no type.
_NUMBERS = ("priority", "maxRunDurationSeconds", "processCount", "exitDeadlineSeconds")
# Of an environment, beside its attributes: whose day it is, and what runs by MPI have more.
_DAY_OF, _BY_MPI = "asOfFrom", "packagesByMpi"
# Of v1's own machines, or always the same there.
_WITHOUT_MEANING = (
    *("clusterMaxNodeCount", "containerInstance", "credentialPassthrough", "datacaches"),
    *("exposedPorts", "identity", "jobName", "outputs", "inputs", "prepareEnvironment"),
    *("registryIdentity", "useAbsolutePath", "buildEnvironment", "type", "services"),
)


def load(config: Any, path: Any, name: Optional[str], docker: Any) -> None:
    """Set a RunConfiguration from its file.

    Args:
        config: The RunConfiguration; it is changed.
        path: The project's folder, one of its two folders, or the file.
        name: The configuration's name; None where `path` is the file.
        docker: Makes a DockerConfiguration.

    Raises:
        UserErrorException: There is no such file, it is no YAML, or a value cannot be.
    """
    file = _found(Path(path).expanduser(), name)
    document = _read(file)
    reader = _Reader(file)
    told = document.get("docker")
    # One that says nothing of containers leaves them to the environment, as where there is none.
    if isinstance(told, dict) and told.get("useDocker") is not None:
        config.docker = docker()
    if "amlCompute" in document:
        # Both spellings were written.
        document["amlcompute"] = document.pop("amlCompute")
    # Files of 2018 have them here; an empty section takes none away from the environment.
    if not document.get(_VARIABLES):
        document.pop(_VARIABLES, None)
    reader.fill(config, document, "")
    config._name = name or file.stem


def save(config: Any, path: Any, name: Optional[str]) -> Path:
    """Write a RunConfiguration into its file; the password of a registry is left out.

    Args:
        config: The RunConfiguration.
        path: The project's folder, None for the current one; or the file.
        name: The configuration's name.

    Raises:
        UserErrorException: Nothing says what the file is called, or it cannot be written.
    """
    root = Path(path or ".").expanduser()
    if not root.is_dir() and (root.suffix or (path and name is None)):
        # As in v1 a name beside a file says nothing.
        file = root
    else:
        name = name or config._name
        if not name:
            raise UserErrorException(
                "the run configuration has no name: give one, as in save(path, 'local'), or the "
                f"path of a file that ends in {SUFFIX}"
            )
        used = [folder for folder in FOLDERS if (root / folder).is_dir()]
        file = root / next(iter(used), FOLDERS[0]) / _file_name(name)
    with naming("path", path):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(yaml.write(_document(config)), encoding="utf-8")
    return file


def delete(path: Any, name: Optional[str]) -> None:
    """Delete the file of a RunConfiguration.

    Args:
        path: The project's folder, or the file.
        name: The configuration's name; None where `path` is the file.

    Raises:
        UserErrorException: There is no such file, or it is none of a run configuration.
    """
    file = _found(Path(path).expanduser(), name)
    # Of any other name it may be the script that was meant to be kept.
    if file.suffix != SUFFIX:
        raise UserErrorException(
            f"{file} is not deleted: files of run configurations end in {SUFFIX}"
        )
    file.unlink()


def document_of(environment: Environment) -> Dict[str, Any]:
    """An environment as the section of a file has it."""
    return _document(environment)


def environment_of(document: Mapping[str, Any], file: Path) -> Environment:
    """The environment that a section of a file tells of.

    Args:
        document: The section.
        file: The file, for messages and for what the section names.

    Raises:
        UserErrorException: A value cannot be.
    """
    made = Environment(str(document["name"]))
    _Reader(file)._section(made, dict(document), "environment")
    return made


def _found(path: Path, name: Optional[str]) -> Path:
    if name is None and path.is_file():
        return path
    wanted = _file_name(f"{name}")
    folders = [path / folder for folder in FOLDERS] + [path]
    for folder in folders if name else []:
        if (folder / wanted).is_file():
            return folder / wanted
    known = sorted({each.stem for folder in folders for each in folder.glob(f"*{SUFFIX}")})
    close = (name and nearest(name, known)) or known
    hint = f"there are {', '.join(close)}" if close else f"it has no file {FOLDERS[0]}/*{SUFFIX}"
    raise UserErrorException(
        f"there is no run configuration {name!r} in {str(path)!r} (looked from {Path.cwd()}); "
        f"{hint}"
    )


def _file_name(name: str) -> str:
    return name if name.endswith(SUFFIX) else f"{name}{SUFFIX}"


def content_of(file: Path) -> Any:
    """What a YAML file has.

    Raises:
        UserErrorException: It cannot be read.
    """
    with translated():
        text = texts.read(file)
    try:
        return yaml.read(text)
    except yaml.YamlError as error:
        raise UserErrorException(f"{file} cannot be read: {error}") from None


def _read(file: Path) -> Dict[str, Any]:
    found = content_of(file)
    if not isinstance(found, dict):
        raise UserErrorException(f"{file} is no run configuration: `key: value` lines are expected")
    return found


class _Reader:
    """Sets sections from what a file says.

    Args:
        file: The file, for messages and for what it names.
    """

    def __init__(self, file: Path) -> None:
        self._file = file

    def fill(self, section: Any, document: Dict[str, Any], where: str) -> None:
        """Set what a document names of a section."""
        names = {_key(name): name for name in section._names()}
        if "dataPath" in names:
            # Both spellings were written.
            names["datapath"] = names["dataPath"]
        for key, value in document.items():
            place = f"{where}{key}"
            if key in names:
                self._set(section, names[key], value, place)
            elif key not in _WITHOUT_MEANING:
                close = nearest(key, names)
                hint = f"; did you mean {' or '.join(close)}?" if close else ""
                callers.warn(f"{self._file}: {place} is not known and is left out{hint}")

    def _set(self, section: Any, name: str, value: Any, place: str) -> None:
        key, present = _key(name), getattr(section, name)
        if key == _PACKAGES:
            section.conda_dependencies = self._packages(value, place)
        elif key == _FILE:
            if value:
                section.conda_dependencies_file = self._beside(str(value))
        elif key == "dataReferences":
            found = self._mapping(value, place).items()
            section.data_references = {one: self._reference(told, one) for one, told in found}
        elif key in SECTIONS:
            parts = self._mapping(value, place).items()
            made = {n: self._part(SECTIONS[key](), told, f"{place}.{n}") for n, told in parts}
            setattr(section, name, made)
        elif key in PARTS:
            setattr(section, name, self._part(PARTS[key](), value, place) if value else None)
        elif isinstance(present, Section):
            self._section(present, dict(self._mapping(value, place)), place)
        else:
            setattr(section, name, self._value(present, value, place))

    def _part(self, made: Any, value: Any, place: str) -> Any:
        self.fill(made, dict(self._mapping(value, place)), f"{place}.")
        if hasattr(made, "mechanism"):
            made.mechanism = str(made.mechanism).lower()
        return made

    def _section(self, section: Any, told: Dict[str, Any], place: str) -> None:
        day_of, by_mpi = told.pop(_DAY_OF, None), told.pop(_BY_MPI, None)
        self.fill(section, told, f"{place}.")
        # After the day itself: setting that forgets whose it was.
        if day_of:
            section._as_of_from = str(day_of)
        if by_mpi:
            section._packages_by_mpi = list(by_mpi)

    def _value(self, present: Any, value: Any, place: str) -> Any:
        """A value in the type of the one that is there by default."""
        if value is None and isinstance(present, int):
            return present
        if isinstance(present, bool):
            return self._flag(value, place)
        if isinstance(present, list):
            if not isinstance(value, (list, type(None))):
                raise self._wrong(place, value, "a list, each entry on a line with a dash,")
            return value or []
        if isinstance(present, dict):
            pairs = self._mapping(value, place).items()
            return {key: "" if text is None else text for key, text in pairs}
        if isinstance(present, int) or place.rpartition(".")[2] in _NUMBERS:
            return None if value is None else self._number(value, place)
        return value

    def _flag(self, value: Any, place: str) -> bool:
        text = str(value).lower()
        if text not in (*_TRUE, *_FALSE):
            raise self._wrong(place, value, "true or false")
        return text in _TRUE

    def _number(self, value: Any, place: str) -> float:
        if re.fullmatch(r"-?\d+(\.\d+)?", str(value)) is None:
            raise self._wrong(place, value, "a number")
        return float(value) if "." in value else int(value)

    def _mapping(self, value: Any, place: str) -> Dict[str, Any]:
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise self._wrong(place, value, "`key: value` lines below it")
        return value

    def _packages(self, value: Any, place: str) -> CondaDependencies:
        told = dict(self._mapping(value, place))
        for part in ("dependencies", "channels"):
            told[part] = told.get(part) or []
        return CondaDependencies(_underlying_structure=told)

    def _reference(self, value: Any, name: str) -> DataReferenceConfiguration:
        made, told = DataReferenceConfiguration(), self._mapping(value, f"dataReferences.{name}")
        self.fill(made, told, f"dataReferences.{name}.")
        made.mode = str(made.mode).lower()
        return made

    def _beside(self, path: str) -> str:
        """A path as v1 meant it: from the project's folder; else beside the file, or from here."""
        own = self._file.resolve().parent
        project = own.parent if own.name in FOLDERS else own
        places = [project / path, own / path, Path(path)]
        return str(next((each for each in places if each.is_file()), places[0]))

    def _wrong(self, place: str, value: Any, right: str) -> UserErrorException:
        return UserErrorException(f"{self._file}: {place} is {value!r}; {right} is expected")


def _document(section: Any) -> Dict[str, Any]:
    return dict(_entries(section))


def _entries(section: Any) -> Iterator[Tuple[str, Any]]:
    for name in section._names():
        value = getattr(section, name)
        if name in ("conda_dependencies_file", "password"):
            # Its packages are written themselves, and secrets are no texts for a file.
            continue
        if _key(name) == _VARIABLES and hasattr(section, "environment"):
            # The environment has them.
            continue
        if isinstance(value, CondaDependencies):
            yield _key(name), value.as_dict()
        elif isinstance(value, Section):
            yield _key(name), _document(value)
        elif name in ("data", "output_data"):
            yield _key(name), {key: _data(each) for key, each in value.items()}
        elif name == "data_references":
            yield _key(name), {key: _document(each) for key, each in value.items()}
        else:
            yield _key(name), _plain(value)
    if getattr(section, "_as_of_from", ""):
        yield _DAY_OF, section._as_of_from
    if getattr(section, "_packages_by_mpi", ()):
        yield _BY_MPI, list(section._packages_by_mpi)


def _data(value: Any) -> Dict[str, Any]:
    if isinstance(value, OutputFileDatasetConfig):
        raise UserErrorException(
            f"the output {value.name!r} cannot be written into a file; use OutputData of "
            "azureml.core.runconfig for it"
        )
    return _document(value if isinstance(value, Section) else Data.create(value))


def _plain(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        found: List[Any] = [each if isinstance(each, dict) else str(each) for each in value]
        return found
    if isinstance(value, dict):
        return {str(key): str(each) for key, each in value.items()}
    return value


def _key(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(map(str.capitalize, rest))
