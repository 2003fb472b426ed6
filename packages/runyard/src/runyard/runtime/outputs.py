"""`./outputs` into the history: by content, so that what the service has is not sent again.

It is done when the script has ended, also when it failed or was canceled. A file that cannot be
read is told as a warning; the others are kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List

from runyard.runtime.service import patiently
from runyard.runtime.watch import files

if TYPE_CHECKING:
    from runyard.runtime.service import JobService

BLOCK_BYTES = 1 << 20
BATCH = 500
OUTPUTS = "outputs"

Entry = Dict[str, Any]


def collect(folder: str, service: JobService, warn: Callable[[str], None], patience: float) -> int:
    """Send and register every file below `folder`; give their count.

    Args:
        folder: The job's `outputs`.
        service: Where to.
        warn: Told of files that could not be read.
        patience: Seconds to wait for a service that is away.

    Raises:
        RunyardError: The service refused for good (its disk is full, the run is gone).
    """
    found = sorted(files(folder, OUTPUTS).items(), key=lambda pair: pair[1])
    for start in range(0, len(found), BATCH):
        batch = dict(found[start : start + BATCH])
        entries = {file: _entry(file, path, warn) for file, path in batch.items()}
        _send({f: e for f, e in entries.items() if e}, service, warn, patience)
    return len(found)


def _entry(file: str, path: str, warn: Callable[[str], None]) -> Entry:
    """Describe a file by content; an empty entry when it cannot be read."""
    import hashlib

    digest = hashlib.sha256()
    size = 0
    try:
        with open(file, "rb", buffering=0) as stream:
            for block in iter(lambda: stream.read(BLOCK_BYTES), b""):
                digest.update(block)
                size += len(block)
        executable = os.access(file, os.X_OK)
    except OSError as error:
        warn(f"'{path}' could not be kept: {error.strerror}")
        return {}
    return {
        "path": path,
        "digest": digest.hexdigest(),
        "size": size,
        "executable": executable,
    }


def _send(
    entries: Dict[str, Entry], service: JobService, warn: Callable[[str], None], patience: float
) -> None:
    by_digest = {str(entry["digest"]): file for file, entry in entries.items()}
    if not by_digest:
        return
    lost = set()
    for digest in patiently(lambda: service.missing(list(by_digest)), patience):
        if not _write(by_digest[digest], digest, service, patience):
            lost.add(digest)
            warn(f"'{entries[by_digest[digest]]['path']}' could not be kept: it changed meanwhile")
    kept: List[Entry] = [e for e in entries.values() if e["digest"] not in lost]
    if kept:
        patiently(lambda: service.register(kept), patience)


def _write(file: str, digest: str, service: JobService, patience: float) -> bool:
    """Send one content; say whether it is there now."""
    from runyard.protocol.errors import InvalidRequest

    try:
        with open(file, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            patiently(lambda: service.write_blob(digest, stream, size), patience)
    except (FileNotFoundError, PermissionError, InvalidRequest):
        return False
    return True
