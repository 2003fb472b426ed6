"""What pinned versions keep: contents by digest, copied from datastores before they are registered.

A link would not do: a job writes into a datastore's files where they are, and with them into every
link of theirs. So each file is copied, its digest computed on the way, some seconds at a time as in
`dataset_files`; whoever pins comes again until all are stored. What is stored and never registered
is collected like everything that nobody refers to.
"""

import hashlib
import time
from dataclasses import replace

from runyard.protocol.batches import BATCH_BYTES, BATCH_FILES, SMALL_BYTES
from runyard.protocol.dataset_definitions import Definition, SourceFile, tree_digest
from runyard.protocol.datasets import DatasetFile
from runyard_server.core import holding
from runyard_server.core.system import System
from runyard_server.execution import dataset_files
from runyard_server.execution.dataset_files import Opener, Resolution
from runyard_server.store.folders import Body


def keep(system: System, workspace: str, definition: Definition, seconds: float) -> Resolution:
    """Store the bytes of a definition's files for some seconds.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        definition: The definition.
        seconds: For how long; what was begun is finished.

    Returns:
        What the definition means now; `unread` is the bytes that are not stored, an empty file
        counted as one.

    Raises:
        DatastoreNotFound: A source names a datastore that is not there.
    """
    until = time.monotonic() + seconds
    found = dataset_files.resolve(system, workspace, definition)
    left = _not_stored(system, found)
    sources = [_source(file) for file in left if file.datastore]
    copying = _Copying(system)
    done = dataset_files.read(system, workspace, sources, until, copying.stored)
    copying.finish()
    # Not by listing once more, which takes as long as to copy thousands of small files.
    stored = {(file.datastore, file.path): file.digest for file in done.values()}
    files = [replace(f, digest=stored.get((f.datastore, f.path), f.digest)) for f in found.files]
    unread = sum(max(f.size, 1) for f in left if (f.datastore, f.path) not in stored)
    digest = tree_digest([_source(file) for file in files], [file.digest for file in files])
    return Resolution(files, digest, unread)


def _not_stored(system: System, found: Resolution) -> list[DatasetFile]:
    missing = set(system.blobs.missing(file.digest for file in found.files if file.digest))
    left = [file for file in found.files if not file.digest or file.digest in missing]
    # What is there may have nobody yet who refers to it: it must not go before the version does.
    holding.hold(system, (file.digest for file in found.files if file.digest not in missing))
    return left


class _Copying:
    """Stores files one after the other; small ones a batch at a time, which is synced once.

    Args:
        system: The service's parts.
    """

    def __init__(self, system: System) -> None:
        self._system = system
        self._held: dict[str, bytes] = {}
        self._size = 0

    def stored(self, file: SourceFile, opens: Opener, _until: float) -> str:
        """Store a file and give its digest; "" where it cannot be read, or has changed."""
        try:
            with opens(0) as stream:
                if file.size > SMALL_BYTES:
                    digest, size = holding.stored(self._system, stream)
                else:
                    digest, size = self._hold(_head(stream, file.size + 1))
        except OSError:
            # Gone, or no file of the service's.
            return ""
        return digest if size == file.size else ""

    def finish(self) -> None:
        """Store what is held."""
        if self._held:
            self._system.blobs.write_many(self._held.items())
            holding.kept(self._system, self._held)
        self._held, self._size = {}, 0

    def _hold(self, data: bytes) -> tuple[str, int]:
        if self._size + len(data) > BATCH_BYTES or len(self._held) >= BATCH_FILES:
            self.finish()
        digest = hashlib.sha256(data).hexdigest()
        self._held[digest] = data
        self._size += len(data)
        return digest, len(data)


def _head(stream: Body, size: int) -> bytes:
    """So many bytes of a file at most: somebody may have begun to write gigabytes to it."""
    found = b""
    while block := stream.read(size - len(found)):
        found += block
    return found


def _source(file: DatasetFile) -> SourceFile:
    return SourceFile(file.name, file.datastore, file.path, "", file.size, file.modified_at)
