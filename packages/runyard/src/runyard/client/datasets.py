"""Datasets: definitions, versions under names, their files, and who read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

from runyard.client.paging import FILES_PAGE, Listing
from runyard.client.workspace_connection import NounClient
from runyard.protocol import datasets as routes
from runyard.protocol.datasets import (
    DatasetFileQuery,
    DatasetQuery,
    LookedUp,
    MeasureDataset,
    SaveDataset,
    UrlQuery,
)

if TYPE_CHECKING:
    from runyard.protocol.datasets import (
        ChangeDataset,
        ChangedInputs,
        DatasetFile,
        DatasetMeasure,
        DatasetReaders,
        DatasetRecord,
        NoteUrl,
        RegisterDataset,
        RunDatasets,
        UrlContent,
    )


class Datasets(NounClient):
    """The datasets of a workspace: `name` (the latest version), `name:version`, or an id."""

    def save(self, definition: Dict[str, Any]) -> DatasetRecord:
        """Keep a definition under its id."""
        return self._service.call(routes.DATASETS_SAVE, body=SaveDataset(definition))

    def measure(self, definition: Dict[str, Any], seconds: float = 5.0) -> DatasetMeasure:
        """Measure what a definition means now; its files are read for so many seconds."""
        return self._service.call(routes.DATASETS_MEASURE, body=MeasureDataset(definition, seconds))

    def keep(self, definition: Dict[str, Any], seconds: float = 20.0) -> DatasetMeasure:
        """Store the bytes of a definition's files, for so many seconds; see `measure`."""
        return self._service.call(routes.DATASETS_KEEP, body=MeasureDataset(definition, seconds))

    def register(self, order: RegisterDataset) -> DatasetRecord:
        """Register a definition under a name; the same definition and bytes are one version.

        Raises:
            AlreadyExists: The name is taken, and no new version was asked for.
        """
        return self._service.call(routes.DATASETS_REGISTER, body=order)

    def list(
        self, name: Optional[str] = None, limit: Optional[int] = None
    ) -> Listing[DatasetRecord]:
        """List the latest version of each name, or the versions of one, newest first.

        Args:
            name: Whose versions; None lists names.
            limit: At most so many; None is all.
        """
        return Listing(
            lambda query: self._service.call(routes.DATASETS_LIST, query=query),
            DatasetQuery(name),
            limit,
        )

    def get(self, dataset: str) -> DatasetRecord:
        """Find a dataset.

        Raises:
            NotFound: There is none; the message names the nearest.
        """
        return self._service.call(routes.DATASETS_GET, dataset)

    def change(self, dataset: str, change: ChangeDataset) -> DatasetRecord:
        """Change the description or the tags of a version."""
        return self._service.call(routes.DATASETS_CHANGE, dataset, body=change)

    def delete(self, dataset: str) -> None:
        """Unregister a version (`name:version`), or all versions of a name."""
        self._service.call(routes.DATASETS_DELETE, dataset)

    def files(self, dataset: str, now: bool = False) -> Listing[DatasetFile]:
        """List the files of a dataset.

        Args:
            dataset: The dataset.
            now: As they are now, also of a version.
        """
        return Listing(
            lambda query: self._service.call(routes.DATASETS_FILES, dataset, query=query),
            DatasetFileQuery(now, FILES_PAGE),
        )

    def readers(self, dataset: str) -> DatasetReaders:
        """List the runs and models that have to do with a dataset, the newest first."""
        return self._service.call(routes.DATASETS_READERS, dataset)

    def note_url(self, order: NoteUrl) -> UrlContent:
        """Note what a web file holds; its content is stored before."""
        return self._service.call(routes.DATASETS_NOTE_URL, body=order)

    def url(self, url: str) -> UrlContent:
        """Find what a web file held when it was fetched last.

        Raises:
            NotFound: Nobody has fetched it.
        """
        return self._service.call(routes.DATASETS_URL, query=UrlQuery(url))

    def of_run(self, run: str) -> RunDatasets:
        """List the datasets that a run reads and has made."""
        return self._service.call(routes.DATASETS_OF_RUN, run)

    def note_reference(self, run: str, dataset: str) -> None:
        """Note that a run's script has looked a dataset up."""
        self._service.call(routes.DATASETS_NOTE_REFERENCE, run, body=LookedUp(dataset))

    def note_changes(self, run: str, changed: ChangedInputs) -> None:
        """Note that files of a run's inputs were written while it read them."""
        self._service.call(routes.DATASETS_NOTE_CHANGES, run, body=changed)
