"""The datastore: a named place where data is kept and reached by jobs."""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.files import BatchResult
from runyard.protocol.records import dataclass
from runyard.protocol.route import ALWAYS, IN_WORKSPACE, READS, WRITES, Bytes, Route

# v1's names, which scripts write out; the first is the default.
BLOB_STORE = "workspaceblobstore"
FILE_STORE = "workspacefilestore"
# Agents write files under such names beside their places until they are whole; no list has them.
DRAFT_PREFIX = ".runyard-part-"


@dataclass(frozen=True)
class DatastoreRecord:
    """A datastore. `datastore_type` is what v1 users see (AzureBlob, AzureFile)."""

    name: str
    datastore_type: str
    account_name: str
    container_name: str
    created_at: str = ""
    is_default: bool = False
    protocol: str = "file"


@dataclass(frozen=True)
class DatastorePage:
    """All datastores of a workspace, by name."""

    items: List[DatastoreRecord]


@dataclass(frozen=True)
class DatastoreFile:
    """A file on a datastore; `modified_at` is ISO 8601."""

    path: str
    size: int
    modified_at: str = ""


@dataclass(frozen=True)
class DatastoreFileQuery:
    """Which files to list: those whose path begins with `prefix`, by path."""

    prefix: str = ""
    page_size: int = 1000
    page_token: Optional[str] = None


@dataclass(frozen=True)
class DatastoreFilePage:
    """One page of a datastore's files, by path."""

    items: List[DatastoreFile]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class WriteQuery:
    """How a file is written.

    Args:
        overwrite: Whether one that is there may be replaced.
        offset: Where the body stands in the file, of one that is sent in parts; None: it is whole.
            Bytes that have come are passed over, and the answer's size is how many there are.
        size: How many bytes a file that is sent in parts has.
        version: What tells a file that is sent in parts from others of its path and size.
    """

    overwrite: bool = False
    offset: Optional[int] = None
    size: int = 0
    version: str = ""


@dataclass(frozen=True)
class PathList:
    """Files of a datastore, by path."""

    paths: List[str] = field(default_factory=list)


DATASTORES_LIST: Route[DatastorePage] = Route(
    "datastores.list",
    "GET",
    IN_WORKSPACE + "/datastores",
    DatastorePage,
    "List datastores.",
    scope=READS,
)
DATASTORES_GET: Route[DatastoreRecord] = Route(
    "datastores.get",
    "GET",
    IN_WORKSPACE + "/datastores/{datastore}",
    DatastoreRecord,
    "Get a datastore.",
    scope=READS,
)
DATASTORES_FILES: Route[DatastoreFilePage] = Route(
    "datastores.files",
    "GET",
    IN_WORKSPACE + "/datastores/{datastore}/files",
    DatastoreFilePage,
    "List files on a datastore.",
    query=DatastoreFileQuery,
    scope=READS,
)
DATASTORES_READ: Route[Bytes] = Route(
    "datastores.read",
    "GET",
    IN_WORKSPACE + "/datastores/{datastore}/files/{path:path}",
    Bytes,
    "Read a file; takes Range.",
    scope=READS,
)
DATASTORES_WRITE: Route[DatastoreFile] = Route(
    "datastores.write",
    "PUT",
    IN_WORKSPACE + "/datastores/{datastore}/files/{path:path}",
    DatastoreFile,
    "Write a file, whole or not at all.",
    body=Bytes,
    query=WriteQuery,
    scope=WRITES,
    audit=ALWAYS,
)
DATASTORES_WRITE_MANY: Route[BatchResult] = Route(
    "datastores.write_many",
    "POST",
    IN_WORKSPACE + "/datastores/{datastore}/write",
    BatchResult,
    "Write many small files, framed as `protocol.batches` says; each whole or not at all.",
    body=Bytes,
    query=WriteQuery,
    scope=WRITES,
    audit=ALWAYS,
)
DATASTORES_READ_MANY: Route[Bytes] = Route(
    "datastores.read_many",
    "POST",
    IN_WORKSPACE + "/datastores/{datastore}/read",
    Bytes,
    "Read many files, framed as `protocol.batches` says.",
    body=PathList,
    scope=READS,
)
