"""The model: a named, versioned set of files. Registering from a run copies nothing."""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.files import FileEntry
from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READS, REGISTERS, Nothing, Route
from runyard.protocol.search import Search

# v1's rule.
NAME_RULE = r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}"


@dataclass(frozen=True)
class ModelResources:
    """What a model would like to have where it is served; None where it does not say."""

    cpus: Optional[float] = None
    memory_gb: Optional[float] = None
    gpus: Optional[int] = None


@dataclass(frozen=True)
class RegisterModel:
    """Register the next version of a model.

    With `run` and no `files`: all files of the run whose path is `path` or lies below it.
    With `files`: stored contents, their paths relative to the model's folder; `path` is then the
    last segment of what was registered.
    """

    name: str
    path: str
    run: Optional[str] = None
    files: List[FileEntry] = field(default_factory=list)
    tags: Dict[str, str] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    description: str = ""
    framework: str = ""
    framework_version: str = ""
    resources: ModelResources = field(default_factory=ModelResources)


@dataclass(frozen=True)
class ModelRecord:
    """One version of a model; `id` is `name:version`, `size` in bytes.

    `files` have paths relative to the download folder: `model/x` for `outputs/model`, or the
    file's own name. They are given by get, not in lists.
    """

    id: str
    name: str
    version: int
    created_at: str
    path: str
    size: int
    file_count: int
    run: Optional[str] = None
    experiment: Optional[str] = None
    tags: Dict[str, str] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    description: str = ""
    framework: str = ""
    framework_version: str = ""
    files: List[FileEntry] = field(default_factory=list)
    resources: ModelResources = field(default_factory=ModelResources)


@dataclass(frozen=True)
class ChangeModel:
    """What may change of a model version; None leaves it. `properties` are write-once."""

    tags: Dict[str, str] = field(default_factory=dict)
    removed_tags: List[str] = field(default_factory=list)
    properties: Dict[str, str] = field(default_factory=dict)
    description: Optional[str] = None
    resources: Optional[ModelResources] = None


@dataclass(frozen=True)
class ModelQuery:
    """Which models to list, newest first; `latest` keeps the newest version of each name.

    Each entry of `tags` and `properties` is `key` (has it) or `key=value` (equals it).
    """

    name: Optional[str] = None
    run: Optional[str] = None
    framework: Optional[str] = None
    tags: List[str] = field(default_factory=list)
    properties: List[str] = field(default_factory=list)
    latest: bool = False
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class ModelPage:
    """One page of model versions."""

    items: List[ModelRecord]
    next_page_token: Optional[str] = None
    looked_at: Optional[int] = None


MODELS_REGISTER: Route[ModelRecord] = Route(
    "models.register",
    "POST",
    IN_WORKSPACE + "/models",
    ModelRecord,
    "Register a model version.",
    body=RegisterModel,
    scope=REGISTERS,
    creates=True,
)
MODELS_LIST: Route[ModelPage] = Route(
    "models.list",
    "GET",
    IN_WORKSPACE + "/models",
    ModelPage,
    "List model versions.",
    query=ModelQuery,
    scope=READS,
)
MODELS_SEARCH: Route[ModelPage] = Route(
    "models.search",
    "POST",
    IN_WORKSPACE + "/models/search",
    ModelPage,
    "Search model versions: filter, order, columns.",
    body=Search,
    scope=READS,
)
MODELS_GET: Route[ModelRecord] = Route(
    "models.get",
    "GET",
    IN_WORKSPACE + "/models/{model}",
    ModelRecord,
    "Get a model by `name` (the latest version) or `name:version`, with its files.",
    scope=READS,
)
MODELS_CHANGE: Route[ModelRecord] = Route(
    "models.change",
    "PATCH",
    IN_WORKSPACE + "/models/{model}",
    ModelRecord,
    "Change a model version.",
    body=ChangeModel,
)
MODELS_DELETE: Route[Nothing] = Route(
    "models.delete", "DELETE", IN_WORKSPACE + "/models/{model}", Nothing, "Delete a model version."
)
