"""What the agent knows of each process of the job: what it is to be, and whether it has ended.

Some are started by the agent (`processes.Started`), others by a program that it started
(`ranks.Rank`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import Dict, Optional, Sequence


class Task:
    """One process of the run as users count them.

    Args:
        name: `worker 1`, `rank 0`.
        rank: Its place among all processes of the run, from 0.
        log: The name of its log in the run.
    """

    def __init__(self, name: str, rank: int, log: str) -> None:
        self.name = name
        self.rank = rank
        self.log = log


class Plan:
    """One process to start.

    Args:
        name: What it is, for messages: `script`, `worker 1`.
        command: Program and arguments.
        variables: Its whole environment.
        folder: Its working folder.
        log: The file that takes its output.
        decisive: Whether the job lasts until it has ended.
        tasks: Which processes of the run it is, for its status; none where it only starts others.
        helper: It is mpirun or its like: its failure counts only when no process has failed.
        files: Files to write before it starts, with their folders.
        end_file: A file that takes its exit code; "" for none.
        serves: It stands for what other nodes of the run want started here, and is no process.
        record: It is started by another process, and this is where it tells of itself; "" if the
            agent starts it.

    Attributes:
        keeps: Descriptors that it has open as well, with what they lock.
        record_of: Where the first process of its container tells of it, a path without its ending.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        variables: Dict[str, str],
        folder: str,
        log: str,
        *,
        decisive: bool = True,
        tasks: Sequence[Task] = (),
        helper: bool = False,
        files: Optional[Dict[str, str]] = None,
        end_file: str = "",
        record: str = "",
        serves: bool = False,
    ) -> None:
        self.name = name
        self.command = list(command)
        self.variables = variables
        self.folder = folder
        self.log = log
        self.decisive = decisive
        self.tasks = list(tasks)
        self.helper = helper
        self.files = dict(files or {})
        self.end_file = end_file
        self.record = record
        self.serves = serves
        self.keeps: Sequence[int] = ()
        self.record_of = ""


class ManagedProcess:
    """A process of the job that the agent looks after, whoever has started it.

    Args:
        plan: What it is.

    Attributes:
        stopped: It was told to end while it ran.
        hung: It was told to end because it should have ended by itself.
        ended_at: When it ended, in seconds since 1970; 0 while it runs.
        cpu_seconds: CPU time of it and of those of its descendants that it waited for, where the
            system told it at its end; else 0.
        peak_memory_bytes: The most memory that one of them had, likewise.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stopped = False
        self.hung = False
        self.ended_at = 0.0
        self.cpu_seconds = 0.0
        self.peak_memory_bytes = 0

    @property
    def pid(self) -> int:
        """The process's id."""
        raise NotImplementedError

    def ended(self) -> Optional[int]:
        """The exit code (negative: the signal), None while it runs."""
        raise NotImplementedError

    @property
    def told_in(self) -> str:
        """Where its interpreter tells how it ended, below the folder of endings."""
        return str(self.pid)

    def conclude(self) -> None:
        """Take it as ended: nothing of the job lives on this node any more."""

    @property
    def failed(self) -> bool:
        """Whether it has come to a bad end by itself."""
        return self.hung or (bool(self.ended()) and not self.stopped)

    def stop(self, why: str) -> None:
        """Note that it is to be stopped, in its log too, so that its end is no failure."""
        if self.stopped or self.ended() is not None:
            return
        self.stopped = True
        with suppress(OSError), open(self.plan.log, "a", encoding="utf-8") as log:
            log.write(f"[{self.plan.name} was stopped by the launcher: {why}]\n")

    def give_up(self, why: str) -> None:
        """Note that it hangs and is to be stopped: it has failed."""
        self.stop(why)
        self.hung = True
