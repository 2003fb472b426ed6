"""Which log files there are: those of the processes, and `./logs` and its like as they appear."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Dict, Iterator, List, Optional, Tuple

from runyard.client.trees import Walk

if TYPE_CHECKING:
    from typing import Callable

    from runyard.client.trees import LeftOut
    from runyard.runtime.event_tail import EventTail
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

SCAN_SECONDS = 2.0
EVENT_FILE = "tfevents"


class Watch:
    """The logs to send: file -> path in the run.

    The processes' own logs are looked for each time, the watched folders, which may hold
    anything, every two seconds. Names beginning with a dot, which others may stand under for a
    moment, count at the end alone.

    Args:
        job: Says which folders are watched.
        folder: The run folder.
        event_files: Reads what TensorBoard's files hold, once there are such.
    """

    def __init__(
        self,
        job: Job,
        folder: RunFolder,
        event_files: Optional[Callable[[], Optional[EventTail]]] = None,
    ) -> None:
        self._event_files = event_files
        self._tail: Optional[EventTail] = None
        self._logs = folder.logs
        self._watched = list(_watched(job, folder))
        self._found: Dict[str, str] = {}
        self._next = 0.0

    def __call__(self) -> Dict[str, str]:
        """What there is to send: file -> path in the run."""
        self._found.update(files(self._logs, ""))
        if time.monotonic() >= self._next:
            self.look()
        return self._found

    def look(self) -> None:
        """Read the watched folders now."""
        for root, prefix in self._watched:
            found = files(root, prefix)
            self._found.update(found)
            self._read_events(found, prefix)
        self._next = time.monotonic() + SCAN_SECONDS

    def look_at_last(self) -> List[LeftOut]:
        """Re-check the folders once nobody writes any longer; return what cannot be kept."""
        left_out: List[LeftOut] = []
        for root, prefix in self._watched:
            walk = Walk(root, prefix)
            found = {place: name for name, place in walk.files}
            self._found.update(found)
            left_out += walk.left_out
            self._read_events(found, prefix, at_last=True)
        return left_out

    def _read_events(self, found: Dict[str, str], prefix: str, at_last: bool = False) -> None:
        events = {
            place: name[len(prefix) + 1 :]
            for place, name in found.items()
            if EVENT_FILE in os.path.basename(place)
        }
        if not events or self._event_files is None:
            return
        if self._tail is None:
            self._tail = self._event_files()
        if self._tail is None:
            self._event_files = None
        elif at_last:
            self._tail.finish(events)
        else:
            self._tail.look(events)


def files(root: str, prefix: str) -> Dict[str, str]:
    """The visible files below a folder: file -> path in the run, with `prefix` before it."""
    return {place: name for name, place in Walk(root, prefix, hidden=False).files}


def _watched(job: Job, folder: RunFolder) -> Iterator[Tuple[str, str]]:
    # Where all nodes of a run share its working folder the first one looks after it.
    folders = job.spec.get("watched_folders", ["logs"]) if job.has_own_folder else []
    # Two nodes must not write to one log.
    own = f"/node-{job.node}" if job.node else ""
    wanted: List[str] = [str(w) for w in folders]
    for name in wanted:
        root = os.path.normpath(os.path.join(folder.work, name))
        if root.startswith(folder.work + os.sep):
            yield root, os.path.relpath(root, folder.work).replace(os.sep, "/") + own
