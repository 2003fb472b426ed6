"""The log of Optuna's journal storage: a journal of the service, appended to and read from.

Optuna appends each operation and then reads what has come since. The answer to an append brings
that too, so the reading behind it asks nobody.
"""

from __future__ import annotations

import json
import time
import uuid
from functools import partial
from typing import TYPE_CHECKING, Any, Callable, Optional, TypeVar

from optuna.storages.journal import BaseJournalBackend

from runyard.client.workspace import WorkspaceClient
from runyard.protocol.errors import TemporaryError
from runyard.protocol.journals import AppendEntries, EntryQuery
from runyard.protocol.timeouts import CLIENT_TIMEOUT_SECONDS
from runyard.sdk import workspace_lookup

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runyard.client.journals import Journals

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
Answer = TypeVar("Answer")


class JournalBackend(BaseJournalBackend):
    """A journal of a workspace, for one storage, which uses it from one thread at a time.

    Args:
        service: The workspace.
        journal: The journal's name.
    """

    def __init__(self, service: WorkspaceClient, journal: str) -> None:
        self._service: Optional[WorkspaceClient] = service
        self._workspace = service.id
        self._journal = journal
        self.renew()

    def __getstate__(self) -> dict[str, Any]:
        return {"_workspace": self._workspace, "_journal": self._journal}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._service = None
        self.renew()

    def renew(self) -> None:
        """Become another client of the service, which knows no entry."""
        self._client = uuid.uuid4().hex
        self._sequence = 0
        self._id: Optional[str] = None
        self._known = 0
        self._ahead: Optional[tuple[int, list[str]]] = None

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        """Append operations; they are on the service's disk when this returns.

        Raises:
            TypeError: One holds what JSON cannot.
            RunyardError: The service refused, or did not answer for CLIENT_TIMEOUT_SECONDS.
        """
        entries = [json.dumps(log, separators=(",", ":")) for log in logs]
        self._sequence += 1
        order = AppendEntries(self._client, self._sequence, entries, self._known, self._id)
        answer = _patiently(partial(self._journals().append, self._journal, order))
        self._id = answer.id
        if self._known + len(answer.between) == answer.first:
            self._ahead = (self._known, [*answer.between, *entries])

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        """The operations from a number on, in order.

        Raises:
            RunyardError: The service refused, or did not answer for CLIENT_TIMEOUT_SECONDS.
        """
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0] == log_number_from:
            yield from self._read(*ahead)
            return
        first, total = log_number_from, log_number_from + 1
        while first < total:
            query = EntryQuery(first, id=self._id)
            page = _patiently(partial(self._journals().read, self._journal, query))
            self._id, total = page.id or None, page.total
            yield from self._read(first, page.entries)
            first += len(page.entries)

    def _read(self, first: int, entries: list[str]) -> Iterator[dict[str, Any]]:
        self._known = first + len(entries)
        # One text of all is read several times faster than each by itself.
        yield from json.loads(f"[{','.join(entries)}]")

    def _journals(self) -> Journals:
        if self._service is None:
            # In a process that was given the storage: it finds the service by itself.
            self._service = WorkspaceClient(workspace_lookup.connect(), self._workspace)
        return self._service.journals


def _patiently(ask: Callable[[], Answer]) -> Answer:
    """Ask until there is an answer: appends are known by number, so none is made twice."""
    deadline, pause = time.monotonic() + CLIENT_TIMEOUT_SECONDS, _FIRST_PAUSE
    while True:
        try:
            return ask()
        except TemporaryError:
            if time.monotonic() + pause > deadline:
                raise
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
