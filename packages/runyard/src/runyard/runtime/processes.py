"""Starting a process of the job so that nothing ties it to the agent, and ending all of them.

Each process leads a session of its own, reads nothing, and writes straight into its log file:
no pipe can fill, break or be closed by the script.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Iterator, List, Optional, Sequence, Type

from runyard.protocol.timeouts import KILL_SECONDS, TERM_GRACE_SECONDS
from runyard.runtime import tree
from runyard.runtime.job import JobError
from runyard.runtime.managed_process import ManagedProcess

if TYPE_CHECKING:
    from runyard.runtime.job import Job
    from runyard.runtime.managed_process import Plan
    from runyard.runtime.state import State

NATURAL_SECONDS = 0.3
HELPER_SECONDS = 3.0
LOOK_SECONDS = 0.02


class Started(ManagedProcess):
    """A process that the agent itself has started.

    Args:
        plan: What was started.
        process: Its handle.
    """

    def __init__(self, plan: Plan, process: subprocess.Popen[bytes]) -> None:
        super().__init__(plan)
        self.process = process
        self.when = tree.started(process.pid)

    @property
    def pid(self) -> int:
        """The process's id, which is also its session's."""
        return self.process.pid

    def ended(self) -> Optional[int]:
        """See ManagedProcess."""
        if not self.ended_at and self._reaped():
            self.ended_at = time.time()
            _tell_end(self.plan, self.process.returncode)
        return self.process.returncode

    def _reaped(self) -> bool:
        """Collect its exit status, and what it has used, if it has ended."""
        try:
            # Not `poll`: only wait4 tells what the process has used, and it can be asked only once.
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
        except ChildProcessError:
            return self.process.poll() is not None
        if not pid:
            return False
        signaled = os.WIFSIGNALED(status)
        self.process.returncode = -os.WTERMSIG(status) if signaled else os.WEXITSTATUS(status)
        self.cpu_seconds = round(used.ru_utime + used.ru_stime, 2)
        self.peak_memory_bytes = used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        return True


def start(plan: Plan, kind: Type[Started] = Started) -> ManagedProcess:
    """Start a process, or begin to look after one that another process starts.

    Args:
        plan: What it is.
        kind: What is known of one that is started here.

    Raises:
        JobError: It cannot be started; the message names the program.
    """
    if plan.record:
        from runyard.runtime.ranks import Rank

        return Rank(plan)
    write_files(plan)
    # Appending: the agent writes lines of its own into the same file.
    log = os.open(plan.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
    try:
        process = subprocess.Popen(
            plan.command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=plan.folder,
            env=plan.variables,
            start_new_session=True,
            pass_fds=plan.keeps,
        )
    except (OSError, ValueError) as error:
        raise JobError(
            f"{plan.name} could not be started: {_reason(plan.command[0], error)}"
        ) from error
    finally:
        os.close(log)
    return kind(plan, process)


def write_files(plan: Plan) -> None:
    """Write the files that a plan needs before it starts."""
    for path, text in plan.files.items():
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(text)
        os.chmod(path, 0o755)  # noqa: S103 - programs for the processes of the job


def wait_for_helpers(started: Sequence[ManagedProcess], seconds: float = HELPER_SECONDS) -> None:
    """Let what has started the processes end by itself when they have ended well."""
    helpers = [each for each in started if each.plan.helper and each.plan.decisive]
    until = time.monotonic() + seconds
    while any(each.ended() is None for each in helpers) and time.monotonic() < until:
        time.sleep(LOOK_SECONDS)


def _tell_end(plan: Plan, code: int) -> None:
    if plan.end_file:
        with suppress(OSError), open(plan.end_file, "w", encoding="ascii") as stream:
            stream.write(f"{code}\n")


def _reason(program: str, error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no program '{program}' on this node; name one that the environment has"
    if isinstance(error, PermissionError):
        return f"'{program}' is not executable"
    return f"'{program}': {error}"


class ProcessGroup:
    """The live processes of one node's part of a run, looked for anew at each use.

    Args:
        job: Whose processes.
        state: When the run's first agent started, as nothing older is looked at, and its mark.
        started: Those started by this agent, which it must reap.
        sessions: Sessions started by an earlier agent.
    """

    def __init__(
        self,
        job: Job,
        state: State,
        started: Sequence[ManagedProcess] = (),
        sessions: Sequence[int] = (),
    ) -> None:
        self._job = job
        self._state = state
        self._started = [each for each in started if isinstance(each, Started)]
        self._sessions = {each.pid for each in self._started} | set(sessions)

    def __iter__(self) -> Iterator[tree.Seen]:
        job, state = self._job, self._state
        roots = [each.pid for each in self._started if each.ended() is None]
        found = tree.members(job.run, job.node, self._sessions, roots, state.since, state.mark)
        return iter(found)

    def add(self, started: Sequence[ManagedProcess]) -> None:
        """Count processes in that were started later."""
        more = [each for each in started if isinstance(each, Started)]
        self._started += more
        self._sessions |= {each.pid for each in more}

    def end(self, grace: float = TERM_GRACE_SECONDS) -> List[str]:
        """End all: SIGTERM, `grace` seconds, SIGKILL; give a line for each that would not end."""
        self.signal(signal.SIGTERM)
        # A stopped process gets no SIGTERM before it goes on.
        self.signal(signal.SIGCONT)
        if not self.gone_within(grace):
            until = time.monotonic() + KILL_SECONDS
            # Again and again: who forks between look and signal has a child that nobody saw.
            while self.signal(signal.SIGKILL) and time.monotonic() < until:
                time.sleep(LOOK_SECONDS)
        return [f"process {seen.pid} could not be ended: {tree.command(seen.pid)}" for seen in self]

    def end_leftovers(self, natural: float = NATURAL_SECONDS) -> List[str]:
        """End what the script left behind when it had ended itself; give warnings.

        Args:
            natural: Seconds for those that notice their parent's end (multiprocessing's trackers).
        """
        if self.gone_within(natural):
            return []
        told = [f"{tree.command(seen.pid) or 'a process'} (pid {seen.pid})" for seen in self]
        left = f"the script left processes behind, which were ended: {'; '.join(told)}"
        return [left, *self.end()]

    def signal(self, number: int) -> bool:
        """Send a signal to all; say whether there was any."""
        found = list(self)
        for seen in found:
            tree.send(seen, number)
        return bool(found)

    def gone_within(self, seconds: float) -> bool:
        """Wait until none is alive, at most `seconds`; say whether that is so."""
        end = time.monotonic() + seconds
        while any(True for _ in self):
            if time.monotonic() > end:
                return False
            time.sleep(LOOK_SECONDS)
        return True
