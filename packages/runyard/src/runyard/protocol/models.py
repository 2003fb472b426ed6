"""The model: a named, versioned set of files. Registering from a run copies nothing.

A version is named `name:version`, `name@alias`, or by the name alone, which is its newest. What
belongs to the name and not to one version stands in `protocol.registered_models`.
"""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.files import FileEntry
from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    CONTRIBUTOR,
    IN_WORKSPACE,
    OWNS,
    READS,
    REGISTERS,
    Nothing,
    Route,
)
from runyard.protocol.search import Search

# v1's rule.
NAME_RULE = r"[a-zA-Z0-9][a-zA-Z0-9\-._]{0,254}"

# As MLflow has them.
NO_STAGE, STAGING, PRODUCTION, ARCHIVED = "None", "Staging", "Production", "Archived"
STAGES = (NO_STAGE, STAGING, PRODUCTION, ARCHIVED)


@dataclass(frozen=True)
class ModelResources:
    """What a model would like to have where it is served; None where it does not say."""

    cpus: Optional[float] = None
    memory_gb: Optional[float] = None
    gpus: Optional[int] = None


@dataclass(frozen=True)
class ModelDataset:
    """A dataset that a model was made with: what for, and its id, `name` or `name:version`."""

    scenario: str
    dataset: str


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
    datasets: List[ModelDataset] = field(default_factory=list)


@dataclass(frozen=True)
class ModelRecord:
    """One version of a model; `id` is `name:version`, `size` in bytes.

    `files` have paths relative to the download folder: `model/x` for `outputs/model`, or the
    file's own name. They and the `datasets`, by their ids, are given by get alone: to list
    thousands takes longer than to register them.
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
    stage: str = NO_STAGE
    aliases: List[str] = field(default_factory=list)
    changed_at: str = ""
    created_by: str = ""
    datasets: List[ModelDataset] = field(default_factory=list)


@dataclass(frozen=True)
class SetStage:
    """Move a version to a stage; with `archive_existing` those that are there go to Archived."""

    stage: str
    archive_existing: bool = False


@dataclass(frozen=True)
class ChangeModel:
    """What may change of a model version; None leaves it. `properties` are write-once.

    `datasets` come to those that it was made with.
    """

    tags: Dict[str, str] = field(default_factory=dict)
    removed_tags: List[str] = field(default_factory=list)
    properties: Dict[str, str] = field(default_factory=dict)
    description: Optional[str] = None
    resources: Optional[ModelResources] = None
    datasets: List[ModelDataset] = field(default_factory=list)


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


@dataclass(frozen=True)
class ModelChangeQuery:
    """Which page of a model's history, newest first."""

    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class ModelChange:
    """Who changed what of a model, and when; `version` is None for what belongs to the name."""

    time: str
    action: str
    actor: str
    version: Optional[int] = None
    details: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelChangePage:
    """One page of a model's history."""

    items: List[ModelChange]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class LineageRun:
    """The run that a model comes from; `deleted` when it is in the trash.

    Of one that was freed the id is left, with status "" and number 0.
    """

    id: str
    experiment: str
    number: int
    status: str
    submitted_by: str = ""
    ended_at: Optional[str] = None
    deleted: bool = False


@dataclass(frozen=True)
class LineageSnapshot:
    """The source that the run executed; `size` in bytes."""

    id: str
    size: int
    file_count: int


@dataclass(frozen=True)
class LineageEnvironment:
    """The exact packages that the run had: the digest of its lock, and how many there are."""

    digest: str
    python: str
    packages: int


@dataclass(frozen=True)
class LineageData:
    """Data that the run was given."""

    datastore: str
    path: str
    mode: str


@dataclass(frozen=True)
class LineageDataset:
    """A dataset that the run read or that the model was registered with; see `protocol.datasets`.

    `use` is the name of the run's input, or what the model had it for.
    """

    use: str
    dataset: str
    digest: str
    registered: str = ""
    version: int = 0
    changed: bool = False


@dataclass(frozen=True)
class ModelLineage:
    """Where a model version comes from, step by step, and where it is served.

    `metrics` are the last values that the run logged, `properties` those of the run, with the
    commit of its source. What is not known any more is None.
    """

    model: str
    run: Optional[LineageRun] = None
    snapshot: Optional[LineageSnapshot] = None
    environment: Optional[LineageEnvironment] = None
    data: List[LineageData] = field(default_factory=list)
    params: Dict[str, str] = field(default_factory=dict)
    metrics: Dict[str, float] = field(default_factory=dict)
    properties: Dict[str, str] = field(default_factory=dict)
    endpoints: List[str] = field(default_factory=list)
    datasets: List[LineageDataset] = field(default_factory=list)


@dataclass(frozen=True)
class VerifyQuery:
    """Where to go on; None begins with the first file."""

    page_token: Optional[str] = None


@dataclass(frozen=True)
class ModelCheck:
    """What the files of a version look like, as far as they were read: all without a token.

    `damaged` have other bytes than were registered, `missing` are not there; `size` in bytes.
    """

    model: str
    files: int
    size: int
    damaged: List[str] = field(default_factory=list)
    missing: List[str] = field(default_factory=list)
    next_page_token: Optional[str] = None

    @property
    def is_intact(self) -> bool:
        """Whether every file that was read is as it was registered."""
        return not self.damaged and not self.missing


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
    "Get a model by `name` (the latest version), `name:version` or `name@alias`, with its files.",
    scope=READS,
)
MODELS_CHANGE: Route[ModelRecord] = Route(
    "models.change",
    "PATCH",
    IN_WORKSPACE + "/models/{model}",
    ModelRecord,
    "Change a model version.",
    body=ChangeModel,
    scope=OWNS,
)
MODELS_DELETE: Route[Nothing] = Route(
    "models.delete",
    "DELETE",
    IN_WORKSPACE + "/models/{model}",
    Nothing,
    "Delete a model version.",
    role=CONTRIBUTOR,
)
MODELS_STAGE: Route[ModelRecord] = Route(
    "models.stage",
    "PUT",
    IN_WORKSPACE + "/models/{model}/stage",
    ModelRecord,
    "Move a model version to a stage.",
    body=SetStage,
    role=CONTRIBUTOR,
)
MODELS_HISTORY: Route[ModelChangePage] = Route(
    "models.history",
    "GET",
    IN_WORKSPACE + "/models/{model}/history",
    ModelChangePage,
    "List who changed what of a model (`name`) or of one version, newest first.",
    query=ModelChangeQuery,
    scope=READS,
)
MODELS_LINEAGE: Route[ModelLineage] = Route(
    "models.lineage",
    "GET",
    IN_WORKSPACE + "/models/{model}/lineage",
    ModelLineage,
    "Trace a model version: run, source, environment, data, metrics.",
    scope=READS,
)
MODELS_VERIFY: Route[ModelCheck] = Route(
    "models.verify",
    "GET",
    IN_WORKSPACE + "/models/{model}/verify",
    ModelCheck,
    "Read the files of a model version and compare them with what was registered.",
    query=VerifyQuery,
    scope=READS,
)
