"""The dataset: a definition of data, registered under a name in versions, read and made by runs.

A version keeps the resolution of its definition, so it means bytes: the digest says which. It is
named `name` (the latest), `name:version`, or by the id of its definition, which is also there for
datasets without a name.
"""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    ADDS,
    AGENT,
    CONTRIBUTOR,
    FAMILY,
    IN_RUN,
    IN_WORKSPACE,
    READS,
    REPORTS,
    Nothing,
    Route,
)

# As v1's, whose notebooks have blanks in them; the colon is for versions.
NAME_RULE = r"[A-Za-z0-9][A-Za-z0-9 ._\-]{0,254}"
INPUT_RULE = r"[A-Za-z_][A-Za-z0-9_]*"

DIRECT, MOUNT, DOWNLOAD, UPLOAD = "direct", "mount", "download", "upload"
INPUT_MODES = (DIRECT, MOUNT, DOWNLOAD)
OUTPUT_MODES = (MOUNT, UPLOAD)
INPUT, OUTPUT, REFERENCE = "input", "output", "reference"
# As v1's jobs had them: `name:Mode,…` of what is read, names of what is made.
DATASETS_VARIABLE = "AZUREML_DATASET_ENVIRONMENT_VARS"
OUTPUTS_VARIABLE = "AZUREML_DATASET_FILE_OUTPUTS"


@dataclass(frozen=True)
class RunInput:
    """A dataset that a run reads under a name of its own.

    `dataset` is an id, `name:version`, or a name, which is its latest version when the run starts.
    In the job the variable of the name is the dataset's id (`direct`), or the path at which its
    files are (`mount`, `download`); `path_on_compute` "" lets the agent choose one.
    """

    name: str
    dataset: str
    mode: str = DIRECT
    path_on_compute: str = ""


@dataclass(frozen=True)
class RunOutput:
    """A folder that a run makes on a datastore.

    `{run-id}` and `{output-name}` in `path` stand for them. Mounted, what is written is there at
    once; for `upload` it is copied when the run has succeeded. With `register` the folder becomes
    the next version of that dataset then; `reader` makes it one of rows.
    """

    name: str
    datastore: str
    path: str
    mode: str = MOUNT
    path_on_compute: str = ""
    overwrite: bool = False
    register: str = ""
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    definition: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SaveDataset:
    """Keep a definition, so that runs and models may name it by its id."""

    definition: Dict[str, Any]


@dataclass(frozen=True)
class RegisterDataset:
    """Register a definition under a name.

    The same definition and bytes as the latest version's are that version. Others make the next
    one, if `new_version` is set or the name is free. With `pin` the version keeps the bytes, which
    `datasets.keep` has stored before, and is read from them.
    """

    name: str
    definition: Dict[str, Any]
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    new_version: bool = False
    pin: bool = False


@dataclass(frozen=True)
class DatasetRecord:
    """A dataset; `name` is "" and `version` 0 of one that has no name.

    `digest` begins with `sha256:` where it is over the files' bytes, with `times:` where over sizes
    and times alone; it is "" of a definition that nothing has resolved. `size` in bytes. One that
    is `pinned` is read as it was registered, whatever its datastore has by now.
    """

    id: str
    kind: str
    definition: Dict[str, Any]
    created_at: str
    name: str = ""
    version: int = 0
    latest: int = 0
    description: str = ""
    tags: Dict[str, str] = field(default_factory=dict)
    digest: str = ""
    size: int = 0
    file_count: int = 0
    created_by: str = ""
    run: str = ""
    pinned: bool = False


@dataclass(frozen=True)
class DatasetQuery:
    """Which to list: the latest of each name by name, or all versions of one, newest first."""

    name: Optional[str] = None
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class DatasetPage:
    """One page of datasets."""

    items: List[DatasetRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ChangeDataset:
    """What may change of a version; None leaves it, and `tags` replace all that it has."""

    description: Optional[str] = None
    tags: Optional[Dict[str, str]] = None


@dataclass(frozen=True)
class DatasetFile:
    """A file of a dataset: `name` below its folder, and where its bytes are.

    `digest` is the SHA-256 of its bytes, "" where they were not read; `size` is -1 of a web file
    that nobody has fetched.
    """

    name: str
    size: int
    datastore: str = ""
    path: str = ""
    url: str = ""
    modified_at: str = ""
    digest: str = ""
    source: int = 0


@dataclass(frozen=True)
class DatasetFileQuery:
    """Which files to list: as they are now, or as the version was registered."""

    now: bool = False
    page_size: int = 1000
    page_token: Optional[str] = None


@dataclass(frozen=True)
class DatasetFilePage:
    """One page of a dataset's files, in the order in which they are read."""

    items: List[DatasetFile]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class MeasureDataset:
    """Have the bytes of a definition's files read, or kept, for at most so many seconds."""

    definition: Dict[str, Any]
    seconds: float = 5.0


@dataclass(frozen=True)
class DatasetMeasure:
    """What a definition means now, and how many bytes of it are unread, or not kept, still."""

    digest: str
    size: int
    file_count: int
    unread: int = 0


@dataclass(frozen=True)
class NoteUrl:
    """A web file was fetched: its content is stored under a digest."""

    url: str
    digest: str
    size: int
    etag: str = ""


@dataclass(frozen=True)
class UrlQuery:
    """Which web file."""

    url: str


@dataclass(frozen=True)
class UrlContent:
    """What a web file held when it was fetched last."""

    url: str
    digest: str
    size: int
    fetched_at: str
    etag: str = ""


@dataclass(frozen=True)
class DatasetReader:
    """A run or a model version that has to do with a dataset.

    `kind` is `run` or `model`; `use` is `input`, `output`, `reference`, or a model's scenario.
    """

    kind: str
    id: str
    use: str
    dataset: str
    digest: str = ""
    experiment: str = ""


@dataclass(frozen=True)
class DatasetReaders:
    """Who has to do with a dataset, the newest first; at most a thousand."""

    items: List[DatasetReader]


@dataclass(frozen=True)
class RunDatasetRecord:
    """What a run reads or has made.

    `use` is `input`, `output`, or `reference` of what its script has looked up; `dataset` the id,
    with the name and version where it was registered. `changed` says that files were written while
    the run read them.
    """

    use: str
    name: str
    dataset: str
    mode: str
    digest: str = ""
    registered: str = ""
    version: int = 0
    changed: bool = False


@dataclass(frozen=True)
class RunDatasets:
    """What a run reads and has made, by name."""

    items: List[RunDatasetRecord]


@dataclass(frozen=True)
class LookedUp:
    """A dataset that a run's script has looked up; what names it."""

    dataset: str


@dataclass(frozen=True)
class ChangedInputs:
    """Names of inputs whose files were written while the run read them."""

    names: List[str]


DATASETS_SAVE: Route[DatasetRecord] = Route(
    "datasets.save",
    "POST",
    IN_WORKSPACE + "/dataset-definitions",
    DatasetRecord,
    "Keep a dataset's definition under its id.",
    body=SaveDataset,
    scope=ADDS,
)
DATASETS_MEASURE: Route[DatasetMeasure] = Route(
    "datasets.measure",
    "POST",
    IN_WORKSPACE + "/dataset-measures",
    DatasetMeasure,
    "Tell what a definition means now, and read its files for some seconds.",
    body=MeasureDataset,
    scope=READS,
)
DATASETS_KEEP: Route[DatasetMeasure] = Route(
    "datasets.keep",
    "POST",
    IN_WORKSPACE + "/dataset-contents",
    DatasetMeasure,
    "Store the bytes of a definition's files for some seconds, for a version that is pinned.",
    body=MeasureDataset,
    scope=ADDS,
)
DATASETS_REGISTER: Route[DatasetRecord] = Route(
    "datasets.register",
    "POST",
    IN_WORKSPACE + "/datasets",
    DatasetRecord,
    "Register a dataset under a name.",
    body=RegisterDataset,
    scope=ADDS,
    creates=True,
)
DATASETS_LIST: Route[DatasetPage] = Route(
    "datasets.list",
    "GET",
    IN_WORKSPACE + "/datasets",
    DatasetPage,
    "List datasets by name, or the versions of one.",
    query=DatasetQuery,
    scope=READS,
)
DATASETS_GET: Route[DatasetRecord] = Route(
    "datasets.get",
    "GET",
    IN_WORKSPACE + "/datasets/{dataset}",
    DatasetRecord,
    "Get a dataset by `name` (the latest version), `name:version` or id.",
    scope=READS,
)
DATASETS_CHANGE: Route[DatasetRecord] = Route(
    "datasets.change",
    "PATCH",
    IN_WORKSPACE + "/datasets/{dataset}",
    DatasetRecord,
    "Change the description or the tags of a version.",
    body=ChangeDataset,
    role=CONTRIBUTOR,
)
DATASETS_DELETE: Route[Nothing] = Route(
    "datasets.delete",
    "DELETE",
    IN_WORKSPACE + "/datasets/{dataset}",
    Nothing,
    "Unregister a version (`name:version`) or all of them (`name`); data and lineage stay.",
    role=CONTRIBUTOR,
)
DATASETS_FILES: Route[DatasetFilePage] = Route(
    "datasets.files",
    "GET",
    IN_WORKSPACE + "/datasets/{dataset}/files",
    DatasetFilePage,
    "List the files of a dataset.",
    query=DatasetFileQuery,
    scope=READS,
)
DATASETS_READERS: Route[DatasetReaders] = Route(
    "datasets.readers",
    "GET",
    IN_WORKSPACE + "/datasets/{dataset}/readers",
    DatasetReaders,
    "List the runs and models that have to do with a dataset.",
    scope=READS,
)
DATASETS_NOTE_URL: Route[UrlContent] = Route(
    "datasets.note_url",
    "PUT",
    IN_WORKSPACE + "/web-files",
    UrlContent,
    "Note what a web file holds.",
    body=NoteUrl,
    scope=ADDS,
)
DATASETS_URL: Route[UrlContent] = Route(
    "datasets.url",
    "GET",
    IN_WORKSPACE + "/web-files",
    UrlContent,
    "Tell what a web file held when it was fetched last.",
    query=UrlQuery,
    scope=READS,
)
DATASETS_OF_RUN: Route[RunDatasets] = Route(
    "datasets.of_run",
    "GET",
    IN_RUN + "/datasets",
    RunDatasets,
    "List the datasets that a run reads and has made.",
    scope=READS,
)
DATASETS_NOTE_REFERENCE: Route[Nothing] = Route(
    "datasets.note_reference",
    "POST",
    IN_RUN + "/dataset-references",
    Nothing,
    "A run's script has looked a dataset up.",
    body=LookedUp,
    scope=FAMILY,
    audit=REPORTS,
)
DATASETS_NOTE_CHANGES: Route[Nothing] = Route(
    "datasets.note_changes",
    "POST",
    IN_RUN + "/changed-inputs",
    Nothing,
    "Files of inputs were written while the run read them.",
    body=ChangedInputs,
    scope=AGENT,
)
