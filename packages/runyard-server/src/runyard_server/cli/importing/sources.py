"""What is read of a place where MLflow kept things; times are milliseconds, as MLflow has them."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit


@dataclass(frozen=True)
class SourceExperiment:
    """An experiment; `id` is the source's own."""

    id: str
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    deleted: bool = False


@dataclass(frozen=True)
class SourceRun:
    """A run with all that was logged of it but its files.

    `metrics` are points by name: value, time, step. `inputs` are its datasets as MLflow's JSON,
    `used` the logged models that it read, `made` those that it wrote, each with the step.
    """

    id: str
    name: str
    user: str
    status: str
    started_at: int
    ended_at: int | None
    deleted: bool
    artifact_uri: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: dict[str, list[tuple[float, int, int]]]
    inputs: Sequence[dict[str, Any]] = ()
    used: Sequence[str] = ()
    made: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True)
class SourceLogged:
    """A logged model of MLflow 3; `metrics` are points as MLflow's JSON, with their runs."""

    id: str
    name: str
    run: str
    model_type: str
    status: str
    artifact_uri: str
    tags: dict[str, str]
    params: dict[str, str]
    metrics: Sequence[dict[str, Any]]


@dataclass(frozen=True)
class SourceVersion:
    """A version of a registered model."""

    version: int
    source: str
    run: str
    description: str
    stage: str
    tags: dict[str, str]


@dataclass(frozen=True)
class SourceModel:
    """A registered model, its versions oldest first."""

    name: str
    description: str
    tags: dict[str, str]
    aliases: dict[str, int]
    versions: list[SourceVersion]


class Source(ABC):
    """A place of MLflow's. Readers raise InvalidRequest for what is no such place."""

    @abstractmethod
    def experiments(self) -> list[SourceExperiment]:
        """All experiments, deleted ones too."""

    @abstractmethod
    def runs(self, experiment: str) -> list[str]:
        """The ids of all runs of an experiment, oldest first."""

    @abstractmethod
    def run(self, run: str) -> SourceRun:
        """A run."""

    @abstractmethod
    def files(self, run: SourceRun) -> Iterator[tuple[str, Path]]:
        """The files of a run: the path in the run, and where the bytes are now."""

    @abstractmethod
    def logged(self, experiment: str) -> list[SourceLogged]:
        """The logged models of an experiment, the oldest first; deleted ones are none."""

    @abstractmethod
    def files_of_logged(self, model: SourceLogged) -> Iterator[tuple[str, Path]]:
        """The files of a logged model, as `files` gives those of a run."""

    @abstractmethod
    def models(self) -> list[SourceModel]:
        """All registered models."""

    @abstractmethod
    def close(self) -> None:
        """Let go of what was opened."""


# By the numbers that databases and files have.
LOGGED_STATUSES = {
    1: "LOGGED_MODEL_PENDING",
    2: "LOGGED_MODEL_READY",
    3: "LOGGED_MODEL_UPLOAD_FAILED",
}


def below(folder: Path) -> Iterator[tuple[str, Path]]:
    """All files below a folder, by their paths in it."""
    for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
        if path.is_file():
            yield path.relative_to(folder).as_posix(), path


def local(uri: str, root: Path | None) -> Path | None:
    """The folder of this machine that an address of files means; None for another store's.

    Args:
        uri: `file:`, a path, or `mlflow-artifacts:` of a server that kept its files below `root`.
        root: Where a server kept files, if that is known.
    """
    split = urlsplit(uri)
    if split.scheme in ("", "file"):
        return Path(unquote(split.path))
    if split.scheme == "mlflow-artifacts" and root is not None:
        return root / unquote(split.path).lstrip("/")
    return None
