"""Which log files there are: those of the processes, and `./logs` and its like as they appear."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Dict, Iterator, List, Tuple

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job

SCAN_SECONDS = 2.0


class Watch:
    """Gives the logs to send: file -> path in the run.

    The processes' own logs are looked for each time, the watched folders, which may hold
    anything, every two seconds. Names beginning with a dot are passed over.

    Args:
        job: Says which folders are watched.
        folder: The run folder.
    """

    def __init__(self, job: Job, folder: RunFolder) -> None:
        self._logs = folder.logs
        self._watched = list(_watched(job, folder))
        self._found: Dict[str, str] = {}
        self._next = 0.0

    def __call__(self) -> Dict[str, str]:
        """Give what there is to send: file -> path in the run."""
        self._found.update(files(self._logs, ""))
        if time.monotonic() >= self._next:
            self.look()
        return self._found

    def look(self) -> None:
        """Look into the watched folders now."""
        for root, prefix in self._watched:
            self._found.update(files(root, prefix))
        self._next = time.monotonic() + SCAN_SECONDS


def files(root: str, prefix: str) -> Dict[str, str]:
    """Give the regular files below a folder: file -> path, with `prefix` before it.

    Links to folders are not followed; names that are no UTF-8 get a replacement character.
    """
    found = {}
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = os.path.join(folder, name)
            if not name.startswith(".") and os.path.isfile(path):
                shown = "/".join(part for part in (prefix, _relative(path, root)) if part)
                found[path] = shown
    return found


def _relative(path: str, root: str) -> str:
    parts = os.path.relpath(path, root).replace("\\", "_").split(os.sep)
    return "/".join(os.fsencode(part).decode("utf-8", "replace") for part in parts)


def _watched(job: Job, folder: RunFolder) -> Iterator[Tuple[str, str]]:
    # All nodes of a run share its working folder: the first one looks after it.
    folders = job.spec.get("watched_folders", ["logs"]) if job.node == 0 else []
    wanted: List[str] = [str(w) for w in folders]
    for name in wanted:
        root = os.path.normpath(os.path.join(folder.work, name))
        if root.startswith(folder.work + os.sep):
            yield root, os.path.relpath(root, folder.work).replace(os.sep, "/")
