"""Resolutions: which files a dataset's definition means now, and the digest of their bytes.

To read gigabytes takes minutes, and nobody may hold up a request for so long. So a file's digest
is kept with the size and time that it had, and whoever needs digests reads for some seconds, then
comes again; what is unread until then stands in the resolution with size and time.
"""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

from runyard.protocol import dataset_definitions
from runyard.protocol.dataset_definitions import Definition, SourceFile, tree_digest
from runyard.protocol.dataset_paths import Listed, Lister
from runyard.protocol.datasets import DatasetFile
from runyard.protocol.errors import InvalidRequest
from runyard_server.core.clock import iso
from runyard_server.core.datastore_files import files_of
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import datasets as rows
from runyard_server.store.datasets import DigestRow
from runyard_server.store.folders import CHUNK, Body
from runyard_server.store.trees import Tree

_PAGE = 5000
# Written to the database together: a row each would be a transaction for each small file.
_TOGETHER = 5000
_EMPTY = hashlib.sha256().hexdigest()

Opener = Callable[[], AbstractContextManager[Body]]


@dataclass(frozen=True)
class Resolution:
    """What a definition meant at one moment; see `protocol.datasets.DatasetRecord`.

    Args:
        files: The files, in the order in which they are read.
        digest: Over their bytes, or their sizes and times.
        unread: Bytes of files whose digest is not known.
    """

    files: list[DatasetFile]
    digest: str
    unread: int = 0

    @property
    def size(self) -> int:
        """The bytes of all files whose size is known."""
        return sum(max(file.size, 0) for file in self.files)


def resolve(
    system: System, workspace: str, definition: Definition, seconds: float = 0.0
) -> Resolution:
    """The files that a definition means now, with what is known of their bytes.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        definition: The definition.
        seconds: For how long files that were not read yet are read.

    Raises:
        DatastoreNotFound: A source names a datastore that is not there.
        InvalidRequest: A stored definition has a path that is refused today.
    """
    try:
        found = dataset_definitions.files_of(definition, _lister(system, workspace))
    except ValueError as error:
        raise InvalidRequest(f"the dataset's definition cannot be read: {error}") from None
    known = _known(system, workspace, found)
    if seconds > 0:
        missing = [file for file in found if file.datastore and not known[_key(file)].digest]
        known.update(_read(system, workspace, missing, time.monotonic() + seconds))
    files = [known[_key(file)] for file in found]
    # Names are the source's; what is known of the bytes is the file's, which two sources may name.
    files = [
        replace(one, name=file.name, source=file.source)
        for one, file in zip(files, found, strict=True)
    ]
    digest = tree_digest(found, [file.digest for file in files])
    unread = sum(max(file.size, 0) for file in files if not file.digest)
    return Resolution(files, digest, unread)


def _lister(system: System, workspace: str) -> Lister:
    def listed(datastore: str, prefix: str) -> Iterator[Listed]:
        tree = files_of(system, workspace, datastore)
        after: str | None = None
        while True:
            page = tree.page(prefix, after, _PAGE)
            yield from (Listed(file.path, file.size, iso(file.modified_at)) for file in page)
            if len(page) < _PAGE:
                return
            after = page[-1].path

    return listed


def _key(file: SourceFile) -> tuple[str, str]:
    return file.datastore, file.path or file.url


def _known(
    system: System, workspace: str, files: Sequence[SourceFile]
) -> dict[tuple[str, str], DatasetFile]:
    """The files with the digests that hold for their sizes and times."""
    digests: dict[tuple[str, str], DigestRow] = {}
    for store in sorted({file.datastore for file in files} - {""}):
        paths = [file.path for file in files if file.datastore == store]
        known_here = system.read(partial(_digests, workspace, store, paths))
        digests.update({(store, path): row for path, row in known_here.items()})
    found = {}
    for file in files:
        known = digests.get(_key(file))
        holds = known is not None and (known.size, known.modified_at) == (
            file.size,
            file.modified_at,
        )
        # Nobody reads a file of no bytes for its digest, which would be missing then.
        none = "" if file.size or not file.datastore else _EMPTY
        digest = known.digest if known is not None and holds else none
        one = _record(file, digest)
        found[_key(file)] = one if file.datastore else _of_web(system, workspace, one)
    return found


def _digests(workspace: str, store: str, paths: list[str], work: Work) -> dict[str, DigestRow]:
    return rows.known_digests(work.connection, workspace, store, paths)


def _record(file: SourceFile, digest: str) -> DatasetFile:
    return DatasetFile(
        name=file.name,
        size=file.size,
        datastore=file.datastore,
        path=file.path,
        url=file.url,
        modified_at=file.modified_at,
        digest=digest,
        source=file.source,
    )


def _of_web(system: System, workspace: str, file: DatasetFile) -> DatasetFile:
    row = system.read(lambda work: rows.find_web_file(work.connection, workspace, file.url))
    return file if row is None else replace(file, size=row.size, digest=row.digest)


def _read(
    system: System, workspace: str, files: Sequence[SourceFile], until: float
) -> dict[tuple[str, str], DatasetFile]:
    """Read files until a time and keep what was found; those that are whole by then."""
    found: dict[tuple[str, str], DatasetFile] = {}
    fresh: list[DigestRow] = []
    for file, opens in _openers(system, workspace, files):
        if _key(file) in found:
            continue
        digest = _digest(file, opens, until)
        if digest:
            found[_key(file)] = _record(file, digest)
            told = (file.datastore, file.path, file.size, file.modified_at, digest)
            if fresh and (len(fresh) == _TOGETHER or fresh[0].datastore != file.datastore):
                _keep(system, fresh)
                fresh = []
            fresh.append(DigestRow(workspace, *told))
        # After each, also of a hundred thousand small ones, and never before the first.
        if time.monotonic() > until:
            break
    _keep(system, fresh)
    return found


def _keep(system: System, fresh: Sequence[DigestRow]) -> None:
    if fresh:
        system.write(lambda work: rows.put_digests(work.connection, fresh))


def _digest(file: SourceFile, opens: Opener, until: float) -> str:
    """The SHA-256 of a file; "" where time is over, it cannot be read, or has changed."""
    told = hashlib.sha256()
    size = 0
    try:
        with opens() as stream:
            while block := stream.read(CHUNK):
                told.update(block)
                size += len(block)
                # One that takes longer by itself is read whole: it would never be done else.
                if time.monotonic() > until and size < file.size // 2:
                    return ""
    except OSError:
        # Gone, or no file of the service's: its size and time stand for it.
        return ""
    return told.hexdigest() if size == file.size else ""


def _openers(
    system: System, workspace: str, files: Sequence[SourceFile]
) -> Iterator[tuple[SourceFile, Opener]]:
    """What opens each file of datastores that can be opened."""
    # A datastore is looked up once: for each file that took as long as to read a small one.
    for store, some in groupby(files, key=lambda file: file.datastore):
        here, tree = list(some), files_of(system, workspace, store)
        if not isinstance(tree, Tree):
            yield from ((file, partial(tree.read, file.path, 0, file.size)) for file in here)
            continue
        for file, place in zip(here, tree.contents(file.path for file in here), strict=True):
            if place is not None:
                yield file, partial(_opened, place)


def _opened(place: Path) -> AbstractContextManager[Body]:
    return place.open("rb")
