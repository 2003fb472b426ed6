"""What an agent leaves behind for the one who must clean up after it: `agent.json`.

It says which process works here and which it started, so that a salvage can find them; each with
its start time, because process ids are used again. A full disk must not stop a job that runs:
what cannot be written is passed over, and the processes are found by their environment instead.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Dict, List, Optional, Sequence

from runyard.runtime import tree
from runyard.runtime.folder import read_json, write_json
from runyard.runtime.processes import Started

if TYPE_CHECKING:
    from runyard.runtime.folder import RunFolder
    from runyard.runtime.job import Job
    from runyard.runtime.managed_process import ManagedProcess

DONE = "done"
AGENT, SALVAGE = "agent", "salvage"


class State:
    """The content of `agent.json`, written at each change.

    Args:
        folder: The run folder.
        plain: The content.
    """

    def __init__(self, folder: RunFolder, plain: Dict[str, Any]) -> None:
        self._folder = folder
        self.plain = plain

    @classmethod
    def begin(cls, folder: RunFolder, job: Job, verb: str, mark: int = 0) -> State:
        """Write that this process works here now; processes told earlier stay told.

        Args:
            folder: The run folder.
            job: The job in it.
            verb: `agent`, the first to work here in this attempt, or `salvage`.
            mark: What an agent has marked its processes with.
        """
        earlier = read_json(folder.state_file) or {}
        pid = os.getpid()
        now = tree.started(pid)
        state = cls(
            folder,
            {
                "verb": verb,
                "run": job.run,
                "node": job.node,
                "attempt": job.attempt,
                "pid": pid,
                "started": now,
                "session": os.getsid(0),
                "since": now if verb == AGENT else earlier.get("since", ""),
                "mark": mark if verb == AGENT else earlier.get("mark", 0),
                "phase": "starting",
                "processes": earlier.get("processes") or [],
                # Not an earlier attempt's: what this one could not bring wholly would be taken for
                # what its script wrote, and given back in the place of the datastore's files.
                "data": {} if verb == AGENT else earlier.get("data") or {},
            },
        )
        state.save()
        return state

    @property
    def since(self) -> str:
        """When the job's agent started: none of its processes is older; "" if that is unknown."""
        return str(self.plain["since"])

    @property
    def mark(self) -> int:
        """What the job's agent has marked its processes with, 0 for nothing."""
        return int(self.plain["mark"])

    @property
    def sessions(self) -> List[int]:
        """Sessions started by an earlier agent, unless their ids have been used again."""
        told = [(int(each["pid"]), str(each["started"])) for each in self.plain["processes"]]
        # The leader may be gone: Linux gives no session's number again while it has members.
        return [pid for pid, when in told if tree.started(pid) in ("", when)]

    def started(self, processes: Sequence[ManagedProcess], data: Dict[str, str]) -> None:
        """Write which processes were started here, and where their data is."""
        self.plain["processes"] = _told(processes)
        self.plain["data"] = data
        self.phase("running")

    def add(self, processes: Sequence[ManagedProcess]) -> None:
        """Write which further processes were started here."""
        self.plain["processes"] += _told(processes)
        self.save()

    def phase(self, name: str) -> None:
        """Write how far the job is."""
        self.plain["phase"] = name
        self.save()

    def save(self) -> None:
        """Write all; a full disk is passed over."""
        try:
            write_json(self._folder.state_file, self.plain)
        except OSError:
            return


def _told(processes: Sequence[ManagedProcess]) -> List[Dict[str, Any]]:
    mine = [each for each in processes if isinstance(each, Started)]
    return [{"name": each.plan.name, "pid": each.pid, "started": each.when} for each in mine]


class Lock:
    """Held as long as an agent, or a salvage, works in a run folder; gone with its process."""

    def __init__(self) -> None:
        self._file: Optional[int] = None

    def take(self, path: str) -> bool:
        """Take the lock; say whether it was free. Without locks on the file system it is free."""
        import fcntl

        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._file)
            self._file = None
            return False
        except OSError:
            return True
        return True
