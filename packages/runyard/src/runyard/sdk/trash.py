"""What was deleted: it can come back for a week, if nothing else is set."""

from __future__ import annotations

from typing import TYPE_CHECKING, List

from runyard.sdk import times
from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    import datetime as dt

    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.trash import TrashEntry


class Deleted:
    """A run, an experiment, a model or an environment in the trash.

    Args:
        service: The workspace.
        entry: What the service says of it.
    """

    def __init__(self, service: WorkspaceClient, entry: TrashEntry) -> None:
        self._service = service
        self._entry = entry

    def __repr__(self) -> str:
        return f"Deleted({self.kind} {self.name!r}, {self.size} bytes, until {self.until})"

    @property
    def kind(self) -> str:
        """What it is: run, experiment, model or environment."""
        return self._entry.kind

    @property
    def name(self) -> str:
        """Its name, or the id of a run."""
        return self._entry.name

    @property
    def count(self) -> int:
        """How many runs or versions went with it."""
        return self._entry.count

    @property
    def size(self) -> int:
        """Bytes of files, logs and metrics; what others have too stays when it is freed."""
        return self._entry.size

    @property
    def until(self) -> dt.datetime:
        """When it is freed by itself, in UTC."""
        return times.moment(self._entry.until)

    def undo(self) -> None:
        """Bring it back.

        Raises:
            UserErrorException: It was freed or brought back, or another has its name by now.
        """
        with translated():
            self._service.trash.restore(self._entry.id)

    def free(self) -> None:
        """Free it now; it cannot come back."""
        with translated():
            self._service.trash.free(self._entry.id)


def delete(service: WorkspaceClient, kind: str, name: str, *, dry_run: bool = False) -> Deleted:
    """Delete something; see `Deleted`.

    Args:
        service: The workspace.
        kind: What it is.
        name: Its name, or the id of a run.
        dry_run: Only tell what that would take away.

    Raises:
        UserErrorException: It is in use; the message says by what.
    """
    with translated():
        return Deleted(service, service.trash.add(kind, name, dry_run=dry_run))


def everything(service: WorkspaceClient) -> List[Deleted]:
    """List what is in the trash, the last deleted first."""
    with translated():
        return [Deleted(service, entry) for entry in service.trash.list()]
