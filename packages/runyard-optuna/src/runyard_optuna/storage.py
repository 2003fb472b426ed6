"""The storage that `optuna.create_study` and `optuna.load_study` are given."""

from __future__ import annotations

import os
import weakref
from typing import Any, Optional

from optuna.storages import JournalStorage

from runyard.sdk.workspaces import Workspace
from runyard_optuna.backend import JournalBackend

_storages: weakref.WeakSet[Storage] = weakref.WeakSet()


class Storage(JournalStorage):
    """Optuna studies in a workspace; every process that opens the same name sees the same studies.

    An operation is on the service's disk when Optuna goes on. A service that is away is waited for.
    It may be pickled and forked: each process is a worker of its own.

    Args:
        workspace: Where the studies are; None: the workspace of `Workspace.from_config()`, in a
            job the job's.
        name: Which journal of the workspace holds them: letters, digits, "_" and "-". Opening
            reads the whole journal, so studies without anything in common do well in several.

    Raises:
        WorkspaceException: There is no such workspace.
        WrongName: The name does not fit its rule.
    """

    def __init__(self, workspace: Optional[Workspace] = None, name: str = "optuna") -> None:
        place = workspace or Workspace.from_config()
        super().__init__(JournalBackend(place.service, name))
        _storages.add(self)

    def __setstate__(self, state: dict[Any, Any]) -> None:
        super().__setstate__(state)
        _storages.add(self)

    def _renew(self) -> None:
        """Become another worker than the parent process, with an empty memory and free locks."""
        backend = self._backend
        assert isinstance(backend, JournalBackend)
        backend.renew()
        self.__setstate__(self.__getstate__())


def _after_fork() -> None:
    # Optuna names workers by storage and thread, and both are the same in a forked process: its
    # trials would be taken for the parent's.
    for storage in list(_storages):
        storage._renew()  # noqa: SLF001 - this module's own


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
