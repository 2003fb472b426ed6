"""What the checks of one submission ask of the service, each question once.

Thousands of steps of a pipeline name the same few sources, targets and datastores. To look each of
these up for every step again took most of the time of its submission.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from runyard.protocol.compute import ComputeRecord
from runyard.protocol.errors import SnapshotNotFound
from runyard_server.core import dataset_lookups
from runyard_server.core.datastore_files import files_of
from runyard_server.core.lookups import folder_of, workspace_row
from runyard_server.core.system import System
from runyard_server.operations import compute
from runyard_server.store import snapshots
from runyard_server.store.workspaces import WorkspaceRow

if TYPE_CHECKING:
    from runyard_server.store.objects.files import ObjectFiles
    from runyard_server.store.trees import Tree

Answer = TypeVar("Answer")


class Lookups:
    """The answers that one submission was given.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
    """

    def __init__(self, system: System, workspace: str) -> None:
        self._system = system
        self.workspace = workspace
        self._known: dict[tuple[str, str], Any] = {}

    def row(self) -> WorkspaceRow:
        """The row of the workspace.

        Raises:
            WorkspaceNotFound: There is none of that id.
        """
        return self._once(
            "workspace",
            self.workspace,
            lambda: self._system.read(lambda work: workspace_row(work, self.workspace)),
        )

    def paths(self, snapshot: str) -> frozenset[str]:
        """The paths of a snapshot's files.

        Raises:
            SnapshotNotFound: There is none of that id.
        """

        def look() -> frozenset[str]:
            row = self._system.read(
                lambda work: snapshots.find(work.connection, self.workspace, snapshot)
            )
            if row is None:
                raise SnapshotNotFound(
                    f"there is no snapshot {snapshot[:80]!r} in workspace {self.workspace!r}; "
                    "create it from the source folder first"
                )
            return frozenset(entry.path for entry in row.files)

        return self._once("snapshot", snapshot, look)

    def cluster(self, name: str) -> ComputeRecord:
        """A compute target.

        Raises:
            ComputeNotFound: There is none of that name.
        """
        return self._once("target", name, lambda: compute.get(self._system, self.workspace, name))

    def folder(self, datastore: str) -> Path | None:
        """The folder of a datastore; None where it is in an object store.

        Raises:
            DatastoreNotFound: There is none of that name.
        """
        return self._once(
            "folder", datastore, lambda: folder_of(self._system, self.workspace, datastore)
        )

    def files(self, datastore: str) -> "Tree | ObjectFiles":
        """The files of a datastore.

        Raises:
            DatastoreNotFound: There is none of that name.
        """
        return self._once(
            "files", datastore, lambda: files_of(self._system, self.workspace, datastore)
        )

    def dataset_kind(self, dataset: str) -> str:
        """Whether a dataset is one of files or a table.

        Raises:
            NotFound: There is none that is named so.
        """

        def look() -> str:
            found = self._system.read(
                lambda work: dataset_lookups.find(work, self.workspace, dataset)
            )
            return found.kind

        return self._once("dataset", dataset, look)

    def _once(self, kind: str, name: str, look: Callable[[], Answer]) -> Answer:
        # What is missing is asked for again: it ends the submission.
        if (kind, name) not in self._known:
            self._known[kind, name] = look()
        answer: Answer = self._known[kind, name]
        return answer
