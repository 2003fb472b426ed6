"""The records of a table, read from the service by any process of the job.

Batches are ranges of records. A worker is given ever later ones as a rule, so it reads on from
where it is; for an earlier one, which another worker has failed at, it begins anew.
"""

from __future__ import annotations

import os
from typing import (
    TYPE_CHECKING,
    Any,
    BinaryIO,
    Callable,
    Dict,
    Generator,
    Iterator,
    List,
    Mapping,
    Optional,
)

from runyard.client import discovery
from runyard.client.buffering import buffered
from runyard.client.workspace import WorkspaceClient
from runyard.protocol.dataset_definitions import SourceFile, files_of, meaning
from runyard.protocol.dataset_paths import Listed
from runyard.runtime import names
from runyard.tables import reading, steps
from runyard.tables.reading import Reading

if TYPE_CHECKING:
    from runyard.tables.steps import Chunk


class Tables:
    """The tables of a job's workspace."""

    def __init__(self) -> None:
        workspace = os.environ[names.WORKSPACE_VARIABLE]
        self._service = WorkspaceClient(discovery.connect_job(), workspace)

    def definition(self, dataset: str) -> Mapping[str, Any]:
        """The definition of a dataset, of its id."""
        return self._service.datasets.get(dataset).definition

    def described(self, dataset: str) -> Dict[str, Any]:
        """A table as the list of batches has it: its definition, and the files that it means now.

        Args:
            dataset: The dataset's id, or `name:version` of one that is pinned.
        """
        definition = meaning(self._service.datasets.get(dataset))
        files = files_of(definition, self._listed, self._service.datasets.files)
        return {"definition": definition, "files": [list(file) for file in files]}

    def reading(self, table: Mapping[str, Any]) -> Reading:
        """Begin to read a table that was described."""
        files = [SourceFile(*each) for each in table["files"]]
        return Reading(table["definition"], files, self.opened)

    def opened(self, file: SourceFile) -> BinaryIO:
        """Open a file for reading; of a web file, and of a pinned version's, what is stored."""
        if file.digest:
            return buffered(self._service.blobs.open(file.digest))
        if file.url:
            return buffered(self._service.blobs.open(self._service.datasets.url(file.url).digest))
        return buffered(self._service.datastores.open(file.datastore, file.path))

    def _listed(self, datastore: str, prefix: str) -> Iterator[Listed]:
        for file in self._service.datastores.files(datastore, prefix):
            yield Listed(file.path, file.size, file.modified_at)


class Ranges:
    """Ranges of the records of one table.

    Args:
        tables: The tables of the workspace.
        table: What was described.
        read_on: Called with each part that was read.
    """

    def __init__(
        self, tables: Tables, table: Mapping[str, Any], read_on: Callable[[], None] = lambda: None
    ) -> None:
        self._tables = tables
        self._read_on = read_on
        self._table = table
        self._at = 0
        self._chunks: Optional[Generator[Chunk, None, None]] = None
        self._held: List[Chunk] = []

    def between(self, start: int, stop: int) -> Chunk:
        """The records from one number up to another.

        Args:
            start: The first.
            stop: The one behind the last.
        """
        if self._chunks is None or start < self._at:
            self.close()
            self._chunks, self._at, self._held = self._begun(), 0, []
        self._pass(start - self._at)
        self._at = stop
        return self._take(stop - start)

    def close(self) -> None:
        """Close the file that is being read."""
        if self._chunks is not None:
            self._chunks.close()

    def _pass(self, count: int) -> None:
        while count > 0:
            chunk = self._next()
            if chunk is None:
                return
            size = steps.length(chunk)
            if size > count:
                self._held.insert(0, {name: values[count:] for name, values in chunk.items()})
            count -= size

    def _take(self, count: int) -> Chunk:
        found: List[Chunk] = []
        while count > 0:
            chunk = self._next()
            if chunk is None:
                break
            size = steps.length(chunk)
            if size > count:
                self._held.insert(0, {name: values[count:] for name, values in chunk.items()})
                chunk = {name: values[:count] for name, values in chunk.items()}
            found.append(chunk)
            count -= size
        return reading.joined(found)

    def _begun(self) -> Generator[Chunk, None, None]:
        yield from self._tables.reading(self._table).chunks()

    def _next(self) -> Optional[Chunk]:
        if self._held:
            return self._held.pop(0)
        found = next(self._chunks, None) if self._chunks is not None else None
        self._read_on()
        return found
