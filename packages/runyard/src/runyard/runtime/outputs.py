"""`./outputs` into the history: by content, so that what the service has is not sent again.

It is done when the script has ended, also when it failed or was canceled. Which files there are,
and under which names they are kept, is `client.trees`' matter; what cannot be kept is told as a
warning, and the others are kept.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Callable, Dict, List

from runyard.client.trees import VANISHED, LeftOut, Walk, told
from runyard.protocol.errors import Conflict, InvalidRequest
from runyard.runtime.service import patiently

if TYPE_CHECKING:
    from runyard.runtime.service import JobService

BLOCK_BYTES = 1 << 20
BATCH = 500
TRIES = 3
OUTPUTS = "outputs"
CHANGED = "it was changed while it was read"

Entry = Dict[str, Any]


def collect(folder: str, service: JobService, warn: Callable[[str], None], patience: float) -> int:
    """Send and register every file below `folder`; give their count.

    Args:
        folder: The job's `outputs`.
        service: Where to.
        warn: Told of what could not be kept.
        patience: Seconds to wait for a service that is away.

    Raises:
        RunyardError: The service refused for good (its disk is full, the run is gone).
    """
    walk = Walk(folder, OUTPUTS)
    left_out = walk.left_out
    for start in range(0, len(walk.files), BATCH):
        batch = {place: name for name, place in walk.files[start : start + BATCH]}
        for _ in range(TRIES):
            entries = {file: _entry(file, name, left_out) for file, name in batch.items()}
            lost = _send({f: e for f, e in entries.items() if e}, service, left_out, patience)
            batch = {file: batch[file] for file in lost}
        left_out += [LeftOut(name, CHANGED) for name in batch.values()]
    if left_out:
        warn(told(left_out, "the run's outputs"))
    return len(walk.files)


def _entry(file: str, path: str, left_out: List[LeftOut]) -> Entry:
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
    except FileNotFoundError:
        left_out.append(LeftOut(path, VANISHED))
        return {}
    except OSError as error:
        left_out.append(LeftOut(path, f"cannot be read ({error.strerror})"))
        return {}
    return {
        "path": path,
        "digest": digest.hexdigest(),
        "size": size,
        "executable": executable,
    }


def _send(
    entries: Dict[str, Entry], service: JobService, left_out: List[LeftOut], patience: float
) -> List[str]:
    """Store and register files; give those that have another content by now."""
    by_digest = {str(entry["digest"]): file for file, entry in entries.items()}
    if not by_digest:
        return []
    lost = {
        digest
        for digest in patiently(lambda: service.missing(list(by_digest)), patience)
        if not _write(by_digest[digest], digest, service, patience)
    }
    _register([e for e in entries.values() if e["digest"] not in lost], service, left_out, patience)
    return [file for file, entry in entries.items() if entry["digest"] in lost]


def _write(file: str, digest: str, service: JobService, patience: float) -> bool:
    """Send one content; say whether it is there now."""
    try:
        with open(file, "rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            patiently(lambda: service.write_blob(digest, stream, size), patience)
    except (FileNotFoundError, PermissionError, InvalidRequest):
        return False
    return True


def _register(
    entries: List[Entry], service: JobService, left_out: List[LeftOut], patience: float
) -> None:
    """Add files to the run; one that the service refuses does not take the others with it."""
    if not entries:
        return
    try:
        patiently(lambda: service.register(entries), patience)
    except (Conflict, InvalidRequest) as error:
        if len(entries) == 1:
            left_out.append(LeftOut(str(entries[0]["path"]), error.message))
            return
        for entry in entries:
            _register([entry], service, left_out, patience)
