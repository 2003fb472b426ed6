"""The datastore: a named place where data is kept and reached by jobs."""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.files import ArchiveQuery, BatchResult
from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    ALWAYS,
    CONTRIBUTOR,
    IN_WORKSPACE,
    READS,
    WRITES,
    Bytes,
    Nothing,
    Route,
)

# v1's names, which scripts write out; the first is the default.
BLOB_STORE = "workspaceblobstore"
FILE_STORE = "workspacefilestore"
# Agents write files under such names beside their places until they are whole; no list has them.
DRAFT_PREFIX = ".runyard-part-"
# Where the files of a datastore are: in a folder of the service, or in a store of somebody else's.
# What a part is called that a store has, and lists by a name which tells the version of its file.
PART_CAME = "came"
FOLDER, S3, AZURE, GCS = "folder", "s3", "azure", "gcs"
NAME_RULE = r"[a-zA-Z0-9][\w\-]{0,254}"
# Larger files are sent to a store in parts, each of which may be sent again by itself.
PART_BYTES = 32 << 20


@dataclass(frozen=True)
class DatastoreRecord:
    """A datastore; what opens a store is never in it.

    Args:
        name: Its name in the workspace.
        datastore_type: What v1 users see (AzureBlob, AzureFile).
        account_name: The storage account, of those that have one.
        container_name: The container, bucket or share.
        created_at: ISO 8601.
        is_default: Whether it is the workspace's default.
        protocol: How it is reached: `file`, `http` or `https`.
        kind: FOLDER, S3, AZURE or GCS.
        endpoint: The address of a store that is not at its provider's own.
        region: The region of an S3 bucket.
        prefix: What all paths stand below, in the store.
        direct: Whether clients may be given addresses of the store's own for its files.
    """

    name: str
    datastore_type: str
    account_name: str
    container_name: str
    created_at: str = ""
    is_default: bool = False
    protocol: str = "file"
    kind: str = FOLDER
    endpoint: str = ""
    region: str = ""
    prefix: str = ""
    direct: bool = False


@dataclass(frozen=True)
class RegisterDatastore:
    """A store that is to be a datastore.

    Args:
        name: What it is to be called.
        kind: S3, AZURE or GCS.
        container_name: The bucket or container.
        account_name: The storage account, of Azure alone.
        endpoint: Where the store is, if not at its provider's own address.
        region: The region of an S3 bucket.
        prefix: What all paths are to stand below, in the store.
        datastore_type: What v1 users are to see; "" for what the kind has.
        credentials: What opens it, by name: `access_key`, `secret_key` and perhaps
            `session_token` for S3; `account_key` or `sas_token` for Azure; `service_account`, the
            text of its JSON file, for GCS. Without any it is asked as anybody may.
        overwrite: Whether one of that name may be registered anew.
        create_if_not_exists: Whether the bucket or container is made where it is missing.
        skip_validation: Whether the store is not asked before it is registered.
    """

    name: str
    kind: str
    container_name: str
    account_name: str = ""
    endpoint: str = ""
    region: str = ""
    prefix: str = ""
    datastore_type: str = ""
    credentials: Dict[str, str] = field(default_factory=dict, repr=False)
    overwrite: bool = False
    create_if_not_exists: bool = False
    skip_validation: bool = False


@dataclass(frozen=True)
class DatastorePage:
    """All datastores of a workspace, by name."""

    items: List[DatastoreRecord]


@dataclass(frozen=True)
class DatastoreFile:
    """A file on a datastore; `modified_at` is ISO 8601, `etag` what a store calls this version."""

    path: str
    size: int
    modified_at: str = ""
    etag: str = ""


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


@dataclass(frozen=True)
class StoreAddress:
    """An address that opens one file of a store for a while, without any other credentials.

    Args:
        url: The address.
        path: The file.
        size: Its bytes, or those of the part that goes there.
        offset: Where the part begins in the file.
        etag: What the store calls this version of the file; of a part that is to be sent, what it
            calls that where it has it from an upload before, "" where it has not.
        headers: What a request must say there.
    """

    url: str
    path: str
    size: int
    offset: int = 0
    etag: str = ""
    headers: Dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class AddressList:
    """Addresses to read from; a file that is not there has none."""

    items: List[StoreAddress]


@dataclass(frozen=True)
class BeginWrite:
    """A file that is to be sent to its store.

    Args:
        path: Its path on the datastore.
        size: Its bytes.
        overwrite: Whether it may replace one that is there.
        upload: What `WritePlan` called it, for new addresses in place of those that have ended.
        version: What tells it from others of its path and size; an upload of the same version that
            was killed is gone on with. "": each begins anew.
    """

    path: str
    size: int
    overwrite: bool = False
    upload: str = ""
    version: str = ""


@dataclass(frozen=True)
class WritePlan:
    """Where the parts of a file go, each by a PUT; none where it must go through the service."""

    parts: List[StoreAddress]
    upload: str = ""


@dataclass(frozen=True)
class EndWrite:
    """A file all of whose parts are in the store.

    Args:
        path: Its path on the datastore.
        size: Its bytes.
        upload: What `WritePlan` called it.
        etags: What the store called each part, in order.
        overwrite: Whether it may replace one that is there.
        abandoned: Whether it is given up instead.
    """

    path: str
    size: int
    upload: str = ""
    etags: List[str] = field(default_factory=list)
    overwrite: bool = False
    abandoned: bool = False


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
DATASTORES_REGISTER: Route[DatastoreRecord] = Route(
    "datastores.register",
    "POST",
    IN_WORKSPACE + "/datastores",
    DatastoreRecord,
    "Register a bucket or a container as a datastore.",
    body=RegisterDatastore,
    role=CONTRIBUTOR,
    creates=True,
)
DATASTORES_UNREGISTER: Route[Nothing] = Route(
    "datastores.unregister",
    "DELETE",
    IN_WORKSPACE + "/datastores/{datastore}",
    Nothing,
    "Forget a registered datastore; its files stay in their store.",
    role=CONTRIBUTOR,
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
DATASTORES_ARCHIVE: Route[Bytes] = Route(
    "datastores.archive",
    "GET",
    IN_WORKSPACE + "/datastores/{datastore}/archive",
    Bytes,
    "Download a folder of a datastore as a ZIP archive.",
    query=ArchiveQuery,
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
DATASTORES_REMOVE: Route[Nothing] = Route(
    "datastores.remove",
    "DELETE",
    IN_WORKSPACE + "/datastores/{datastore}/files/{path:path}",
    Nothing,
    "Remove a file.",
    role=CONTRIBUTOR,
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
DATASTORES_ADDRESSES: Route[AddressList] = Route(
    "datastores.addresses",
    "POST",
    IN_WORKSPACE + "/datastores/{datastore}/addresses",
    AddressList,
    "Ask where a store itself gives files, for an hour; none for a folder of the service.",
    body=PathList,
    scope=READS,
)
DATASTORES_BEGIN_WRITE: Route[WritePlan] = Route(
    "datastores.begin_write",
    "POST",
    IN_WORKSPACE + "/datastores/{datastore}/begin-write",
    WritePlan,
    "Ask where a store itself takes a file, in one part or several, for an hour.",
    body=BeginWrite,
    scope=WRITES,
    audit=ALWAYS,
)
DATASTORES_END_WRITE: Route[DatastoreFile] = Route(
    "datastores.end_write",
    "POST",
    IN_WORKSPACE + "/datastores/{datastore}/end-write",
    DatastoreFile,
    "Make a file of the parts that a store has taken.",
    body=EndWrite,
    scope=WRITES,
    audit=ALWAYS,
)
