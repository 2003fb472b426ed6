"""Whether the files of a model version are still what was registered.

Contents are read whole, which takes a while: a request reads for some seconds and says where the
next one goes on.
"""

import hashlib
import time

from runyard.protocol.files import FileEntry
from runyard.protocol.models import ModelCheck, VerifyQuery
from runyard_server.core.system import System
from runyard_server.operations.model_lookups import require
from runyard_server.store import models as rows
from runyard_server.store import pages

_SECONDS = 5.0
_AT_ONCE = 1 << 20


def verify(system: System, workspace: str, model: str, query: VerifyQuery) -> ModelCheck:
    """Read the files of a model version, and name those that are damaged or missing.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        model: The model: `name`, `name:version` or `name@alias`.
        query: Where to go on.

    Raises:
        ModelNotFound: There is none; the message names the nearest.
    """
    after = pages.after(query.page_token, str)
    row = system.read(lambda work: require(work, workspace, model))
    files = system.read(lambda work: rows.files(work.connection, row))
    left = [entry for entry in files if after is None or entry.path > after]
    until = time.monotonic() + _SECONDS
    damaged, missing = list[str](), list[str]()
    size = done = 0
    for entry in left:
        found = _state(system, entry)
        if found is None:
            missing.append(entry.path)
        elif not found:
            damaged.append(entry.path)
        size += entry.size
        done += 1
        if time.monotonic() > until and done < len(left):
            token = pages.token(entry.path)
            return ModelCheck(row.subject.id, done, size, damaged, missing, token)
    return ModelCheck(row.subject.id, done, size, damaged, missing)


def _state(system: System, entry: FileEntry) -> bool | None:
    """Whether a content is what its digest says; None where there is none."""
    digest, size = hashlib.sha256(), 0
    try:
        with system.blobs.reading(entry.digest, 0, entry.size) as file:
            while piece := file.read(_AT_ONCE):
                digest.update(piece)
                size += len(piece)
    except OSError as error:
        # A disk that cannot read a file has damaged it.
        return None if isinstance(error, FileNotFoundError) else False
    return size == entry.size and digest.hexdigest() == entry.digest
