"""Files of a run: logs that grow while it runs, artifacts that are stored by content.

Paths are relative, with forward slashes: `outputs/model/x`, `azureml-logs/70_driver_log.txt`.
"""

from dataclasses import field
from typing import Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import (
    ADDS,
    FAMILY,
    IN_RUN,
    IN_WORKSPACE,
    READS,
    REPORTS,
    Bytes,
    Nothing,
    Route,
)

# Tools of v1's users look for these names, and broke when v1 changed them in 2021.
BUILD_LOG = "azureml-logs/20_image_build_log.txt"
DRIVER_LOG = "azureml-logs/70_driver_log.txt"
LOG_KIND = "log"
ARTIFACT_KIND = "artifact"
# An archive that broke off begins anew: what is larger is downloaded file by file.
MOST_ARCHIVED_FILES = 20_000
MOST_ARCHIVED_BYTES = 20 * 10**9


@dataclass(frozen=True)
class FileEntry:
    """A file by content: SHA-256 in hex and size in bytes."""

    path: str
    digest: str
    size: int
    executable: bool = False


@dataclass(frozen=True)
class FileRecord:
    """A file of a run; a log has no digest until the run has ended. `live`: it may still grow."""

    path: str
    size: int
    kind: str
    created_at: str = ""
    digest: Optional[str] = None
    live: bool = False
    executable: bool = False


@dataclass(frozen=True)
class RegisterFiles:
    """Add stored contents to a run. The same path with the same content is no conflict."""

    files: List[FileEntry]
    overwrite: bool = False


@dataclass(frozen=True)
class FileQuery:
    """Which files to list, by path."""

    prefix: str = ""
    page_size: int = 1000
    page_token: Optional[str] = None


@dataclass(frozen=True)
class FilePage:
    """One page of a run's files, by path."""

    items: List[FileRecord]
    next_page_token: Optional[str] = None


@dataclass(frozen=True)
class ArchiveQuery:
    """Which folder to archive, such as `outputs/model`; "" for all files there are."""

    folder: str = ""


@dataclass(frozen=True)
class LogSearchQuery:
    """What to find in a log.

    Args:
        text: The text, or with `regex` a regular expression of Python's.
        regex: Whether it is one.
        ignore_case: Whether small and capital letters are the same.
        limit: At most so many lines, 1,000 at most.
        start: The byte to begin at, the first of a line.
        line: The number of that line, from 1.
    """

    text: str
    regex: bool = False
    ignore_case: bool = False
    limit: int = 1000
    start: int = 0
    line: int = 1


@dataclass(frozen=True)
class LogHit:
    """A line in which the text was found.

    Args:
        offset: The byte where the line begins.
        line: Its number, from 1.
        text: The line, or what is around the place if it is long.
    """

    offset: int
    line: int
    text: str


@dataclass(frozen=True)
class LogHits:
    """The lines found, in order.

    Args:
        items: The lines.
        size: Bytes of the log that were there.
        next_start: Where to go on, None when the log was read to its end.
        next_line: The number of the line there.
    """

    items: List[LogHit]
    size: int
    next_start: Optional[int] = None
    next_line: int = 1


@dataclass(frozen=True)
class LogQuery:
    """Where in a log to write or read, in bytes.

    `anew`: the file was written anew, so the body replaces the log. `check`: also answer the
    checksum of what is stored afterwards.
    """

    offset: int = 0
    anew: bool = False
    check: bool = False


@dataclass(frozen=True)
class LogMark:
    """How many bytes of a log are stored; a batch at another offset is cut or refused by it.

    `checksum` is the CRC-32 of all of them in hex, where it was asked for.
    """

    path: str
    size: int
    checksum: Optional[str] = None


@dataclass(frozen=True)
class BlobList:
    """Digests (SHA-256, hex)."""

    digests: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class MissingBlobList:
    """Digests of what is not stored; of some of them an upload broke off.

    Args:
        digests: SHA-256, hex.
        begun: How many bytes have come of those that an upload may go on with, by digest.
    """

    digests: List[str] = field(default_factory=list)
    begun: Dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class BlobQuery:
    """How a content is sent. `offset`: the body is the rest of one whose upload broke off."""

    offset: int = 0


@dataclass(frozen=True)
class Refusal:
    """What of a batch was not taken: its name, the error's code, and why."""

    name: str
    code: str
    message: str


@dataclass(frozen=True)
class BatchResult:
    """What became of a batch: `stored` contents are on disk now, `refused` are not."""

    stored: int
    refused: List[Refusal] = field(default_factory=list)


FILES_LIST: Route[FilePage] = Route(
    "files.list",
    "GET",
    IN_RUN + "/files",
    FilePage,
    "List a run's files.",
    query=FileQuery,
    scope=READS,
)
FILES_REGISTER: Route[FilePage] = Route(
    "files.register",
    "POST",
    IN_RUN + "/files",
    FilePage,
    "Add stored contents to a run.",
    body=RegisterFiles,
    scope=FAMILY,
    audit=REPORTS,
)
FILES_READ: Route[Bytes] = Route(
    "files.read",
    "GET",
    IN_RUN + "/files/{path:path}",
    Bytes,
    "Read a run's file; takes Range.",
    scope=READS,
)
FILES_ARCHIVE: Route[Bytes] = Route(
    "files.archive",
    "GET",
    IN_RUN + "/archive",
    Bytes,
    "Download a folder of a run as a ZIP archive.",
    query=ArchiveQuery,
    scope=READS,
)
LOGS_SEARCH: Route[LogHits] = Route(
    "logs.search",
    "GET",
    IN_RUN + "/log-search/{path:path}",
    LogHits,
    "Find a text in a log: byte offsets and lines.",
    query=LogSearchQuery,
    scope=READS,
)
LOGS_APPEND: Route[LogMark] = Route(
    "logs.append",
    "PUT",
    IN_RUN + "/logs/{path:path}",
    LogMark,
    "Append to a log at an offset; bytes that are there already are passed over.",
    body=Bytes,
    query=LogQuery,
    scope=FAMILY,
    audit=REPORTS,
)
BLOBS_MISSING: Route[MissingBlobList] = Route(
    "blobs.missing",
    "POST",
    IN_WORKSPACE + "/blobs/missing",
    MissingBlobList,
    "Which of these contents are not stored, and how much has come of those that broke off.",
    body=BlobList,
    scope=READS,
)
BLOBS_WRITE: Route[Nothing] = Route(
    "blobs.write",
    "PUT",
    IN_WORKSPACE + "/blobs/{digest}",
    Nothing,
    "Store a content, or the rest of one; it is checked against its digest.",
    body=Bytes,
    query=BlobQuery,
    scope=ADDS,
    hashed=True,
    audit=REPORTS,
)
BLOBS_READ: Route[Bytes] = Route(
    "blobs.read",
    "GET",
    IN_WORKSPACE + "/blobs/{digest}",
    Bytes,
    "Read a content; takes Range.",
    scope=READS,
)
BLOBS_WRITE_MANY: Route[BatchResult] = Route(
    "blobs.write_many",
    "POST",
    IN_WORKSPACE + "/blobs/write",
    BatchResult,
    "Store many small contents, framed as `protocol.batches` says; what is wrong is refused alone.",
    body=Bytes,
    scope=ADDS,
    audit=REPORTS,
)
BLOBS_READ_MANY: Route[Bytes] = Route(
    "blobs.read_many",
    "POST",
    IN_WORKSPACE + "/blobs/read",
    Bytes,
    "Read many contents, framed as `protocol.batches` says.",
    body=BlobList,
    scope=READS,
)
