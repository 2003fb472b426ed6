"""Where paths of MLflow's store of files lead: into a run's files, or a logged model's.

A run's client keeps files below `<experiment>/<run>/artifacts`, a logged model's below
`<experiment>/models/<model>/artifacts`; an experiment with a place of its own may have more in
front. The word before `artifacts` says whose files they are.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from runyard.protocol.errors import InvalidRequest, NotFound
from runyard_server.core import lookups
from runyard_server.core.system import Content, RemoteContent, System
from runyard_server.faces.mlflow import apart, version_files
from runyard_server.faces.mlflow.asked import Asked
from runyard_server.faces.mlflow.shown import SCHEME
from runyard_server.operations import file_trees, files, logged_models
from runyard_server.operations.file_trees import Child

_FOLDER = "artifacts"
_MODELS = "models"
_MODEL = re.compile(r"m-[0-9a-f]{32}")
_DECODINGS = 10
# On Windows, too: whoever fetches a folder writes below one of their own what it lists.
_ABSOLUTE = re.compile(r"/|[A-Za-z]:/|file:/", re.IGNORECASE)
# Below it are the files of versions, for MLflow's client to fetch.
VERSIONS = "registered-models"
_NAMED = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A path in the files of a run, a logged model or a version; where none is given, of nobody."""

    path: str
    run: str | None = None
    model: str | None = None
    version: str | None = None

    @property
    def is_apart(self) -> bool:
        """Whether it is of nobody; see `apart`."""
        return self.run is None and self.model is None and self.version is None


def checked(path: str) -> str:
    """A path of files that leads nowhere else, without a slash at its end.

    Raises:
        InvalidRequest: It does, or might once it is decoded.
    """
    plain = decoded(path)
    parts = plain.split("/")
    if _ABSOLUTE.match(plain) or ".." in parts or any(sign in plain for sign in "#\\\0"):
        # Word for word what MLflow's server says: programs compare it.
        raise InvalidRequest("Invalid path")
    return "/".join(part for part in path.split("/") if part not in ("", "."))


def decoded(path: str) -> str:
    """A path or an address as it is meant.

    Written with percent signs several times over, it would pass what decodes it once.
    """
    plain = path
    for _ in range(_DECODINGS):
        plain, before = unquote(plain), plain
        if plain == before:
            break
    return plain


def of(system: System, workspace: str, path: str) -> Place | None:
    """Whose files a path is of, None if of nobody's.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        path: The path in MLflow's store of files.

    Raises:
        InvalidRequest: It leads elsewhere.
    """
    parts = checked(path).split("/")
    if parts[0] == VERSIONS and len(parts) >= _NAMED:
        return Place("/".join(parts[_NAMED:]), version=f"{parts[1]}:{parts[2]}")
    for place in _candidates(parts):
        if place.model is not None or _is_run(system, workspace, str(place.run)):
            return place
    return None


def of_uri(system: System, workspace: str, uri: str) -> Place | None:
    """Whose files an address is of: `mlflow-artifacts:`, or `runs:/` with a run.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        uri: The address.
    """
    try:
        split = urlsplit(uri)
    except ValueError:
        # Nothing of ours looks like that; whoever wrote it knows what it means.
        return None
    path = split.path.strip("/")
    if split.scheme == "runs":
        run, _, rest = path.partition("/")
        return Place(rest, run=run) if _is_run(system, workspace, run) else None
    if split.scheme == _MODELS and _MODEL.fullmatch(path):
        return Place("", model=path)
    if f"{split.scheme}:" != SCHEME:
        return None
    return of(system, workspace, path)


def required(given: Asked, path: str) -> Place:
    """Whose files a path is of.

    Args:
        given: The request.
        path: The path in MLflow's store of files.

    Raises:
        NotFound: It looks like a run's, and there is no such run.
    """
    found = of(given.system, given.workspace, path)
    if found is not None:
        return found
    plain = checked(path)
    # Of a run that is gone, which would be looked for among the run's files and not elsewhere.
    if next(_candidates(plain.split("/")), None) is not None:
        raise NotFound(
            f"no run and no logged model keeps files at {path[:200]!r}; a run's are below "
            "<experiment>/<run>/artifacts"
        )
    return Place(plain)


def changeable(given: Asked, place: Place) -> Place:
    """A place whose files the token may change.

    Args:
        given: The request.
        place: The place.

    Raises:
        Forbidden: It may not.
        InvalidRequest: Nobody may.
    """
    run = place.run
    if place.version is not None:
        raise InvalidRequest("the files of a version never change; register another one")
    if place.is_apart:
        given.only_user("change files that are of no run")
    if place.model is not None:
        run = logged_models.run_of(given.system, given.workspace, place.model)
    if run is None:
        given.adding()
    else:
        given.own(run)
    return place


def children(given: Asked, place: Place) -> list[Child]:
    """The files and folders in a folder, by name.

    Args:
        given: The request.
        place: The folder.
    """
    if place.version is not None:
        paths = {one.path: one.size for one in version_files.entries(given, place.version)}
        return file_trees.level(paths, place.path)
    if place.model is not None:
        return logged_models.children(given.system, given.workspace, place.model, place.path)
    if place.is_apart:
        return apart.children(given, place.path)
    found = file_trees.children(given.system, given.workspace, str(place.run), place.path)
    # MLflow shows a logged model's files at its own place alone.
    return [one for one in found if place.path or one.name != logged_models.FOLDER]


def entry(place: str, child: Child) -> dict[str, object]:
    """A file or a folder as MLflow lists it.

    Args:
        place: The path of the folder that it is told to be in, "" for none.
        child: The file or folder.
    """
    path = posixpath.join(place, child.name)
    told: dict[str, object] = {"path": path, "is_dir": child.size is None}
    # A size of nothing is told by saying nothing.
    return {**told, "file_size": child.size} if child.size else told


def content(given: Asked, place: Place) -> Content | RemoteContent:
    """A file.

    Args:
        given: The request.
        place: Its place.

    Raises:
        NotFound: There is none.
    """
    if place.version is not None:
        return version_files.read(given, place.version, place.path)
    if place.model is not None:
        return logged_models.read_file(given.system, given.workspace, place.model, place.path)
    if place.is_apart:
        return apart.read(given, place.path)
    return files.read(given.system, given.workspace, str(place.run), place.path)


def _candidates(parts: list[str]) -> Iterator[Place]:
    for at, part in enumerate(parts):
        if part != _FOLDER or at == 0:
            continue
        owner, rest = parts[at - 1], "/".join(parts[at + 1 :])
        if at > 1 and parts[at - 2] == _MODELS and _MODEL.fullmatch(owner):
            yield Place(rest, model=owner)
        else:
            yield Place(rest, run=owner)


def _is_run(system: System, workspace: str, run: str) -> bool:
    return system.read(lambda work: lookups.has_run(work, workspace, run))
