"""The snapshot: the files of a source folder as they were when a run was submitted.

Its id is the SHA-256 of its canonical listing, so the same folder is the same snapshot.
"""

import hashlib
import json
from typing import List

from runyard.protocol.files import FileEntry
from runyard.protocol.records import dataclass
from runyard.protocol.route import ADDS, IN_WORKSPACE, READS, REPORTS, Route


@dataclass(frozen=True)
class CreateSnapshot:
    """Make a snapshot from stored contents; missing ones are answered with MissingBlobs.

    With `brief` the answer leaves the files out, which the asker knows.
    """

    files: List[FileEntry]
    brief: bool = False


@dataclass(frozen=True)
class SnapshotRecord:
    """A snapshot with its files, by path; `size` in bytes."""

    id: str
    files: List[FileEntry]
    size: int = 0
    created_at: str = ""


def snapshot_id(files: List[FileEntry]) -> str:
    """Compute the id of a set of files: SHA-256 in hex over [path, digest, executable] by path."""
    rows = sorted([f.path, f.digest, f.executable] for f in files)
    text = json.dumps(rows, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()


SNAPSHOTS_CREATE: Route[SnapshotRecord] = Route(
    "snapshots.create",
    "POST",
    IN_WORKSPACE + "/snapshots",
    SnapshotRecord,
    "Create a snapshot.",
    body=CreateSnapshot,
    # No Idempotency-Key: it is named by its content, so a repeat makes nothing, and remembering
    # the answer would cost each submit a commit.
    scope=ADDS,
    audit=REPORTS,
)
SNAPSHOTS_GET: Route[SnapshotRecord] = Route(
    "snapshots.get",
    "GET",
    IN_WORKSPACE + "/snapshots/{snapshot}",
    SnapshotRecord,
    "Get a snapshot.",
    scope=READS,
)
