"""Processes that another program has started: the ranks of mpirun, told by their wrapper's files.

Each rank runs below a small shell program that gives it its variables and its log, and writes
down in a folder which all nodes share

    rank-<n>.pid      its process
    rank-<n>.exit     how it ended: the exit code, and `stopped` if mpirun told it to end
    rank-<n>.times    the CPU time that it has used, as the shell tells it
    mpirun.exit       how mpirun itself ended, written by the first node's agent

so that every node's agent can tell of the ranks that are its own. mpirun ends all ranks when one
has failed; those are stopped, not failed. So are those that end because they have lost a peer: the
one that was killed has failed, whoever was the first to be gone.
"""

from __future__ import annotations

import os
import re
import time
from glob import escape, glob
from typing import Dict, List, Optional, Tuple

from runyard.runtime.causes import tail
from runyard.runtime.managed_process import ManagedProcess, Plan

# A shell tells of a signal like this.
SIGNALS = 128
LAST_SIGNAL = 64
KILLED = 9
ENDED = "mpirun.exit"
# With this Open MPI ends a rank whose connection to another one has broken.
LOST_PEER = 14
LOGS = os.path.join("azureml-logs", "[67]0_*.txt")
_OPEN_MPI = re.compile(
    r"MPI_ABORT was invoked on rank (\d+) in communicator MPI_COMM_WORLD"
    r"\D(?:.*\n)*?.*?[Ee]rror ?code:? (\d+)"
)
_MPICH = re.compile(r"application called MPI_Abort\(.*, (\d+)\) - process (\d+)")
# Ranks fail one after the other, within less than this.
SETTLE_SECONDS = 0.3

# What a rank runs in. `@NODES@` sets `log`, `endings` and the variables of a rank's node.
# A signal interrupts `wait`: the second one gives the code, or, if the first had it already, 127 or
# 0, as the shell likes.
WRAPPER = """\
#!/bin/sh
rank=${OMPI_COMM_WORLD_RANK:-${PMI_RANK:-$PMIX_RANK}}
each=@EACH@
local=$((rank % each))
case $((rank / each)) in
@NODES@
esac
export RUNYARD_RANK=$rank AZ_BATCHAI_TASK_INDEX=$rank JAX_PROCESS_ID=$rank
export RUNYARD_ENDING="$$:$endings"
export OMPI_COMM_WORLD_LOCAL_RANK=$local OMPI_COMM_WORLD_LOCAL_SIZE=$each
exec >>"$log/@LOG@" 2>&1
stopped=
trap 'stopped=stopped' TERM
"$@" &
process=$!
echo $process >'@FOLDER@'/rank-$rank.pid
wait $process
code=$?
if [ -n "$stopped" ]; then
    wait $process
    again=$?
    [ $again = 127 ] || [ $again = 0 ] || code=$again
fi
times >'@FOLDER@'/rank-$rank.times
echo $code $stopped >'@FOLDER@'/rank-$rank.exit
exit $code
"""


class Rank(ManagedProcess):
    """One rank as its files tell.

    Args:
        plan: What it is; `plan.record` is the path of its files without their ending.
    """

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._pid = 0
        self._seen = 0.0
        self._code: Optional[int] = None

    @property
    def pid(self) -> int:
        """Its process id, 0 until it is there."""
        if not self._pid:
            words = _words(f"{self.plan.record}.pid")
            self._pid = int(words[0]) if words else 0
        return self._pid

    def ended(self) -> Optional[int]:
        """See ManagedProcess."""
        if self._code is None:
            self._look()
        return self._code

    def conclude(self) -> None:
        """See ManagedProcess."""
        if self.ended() is None:
            told = _told(self.plan.record)
            self._code, _, self.ended_at = told or (-KILLED, True, time.time())
            self.stopped = self.stopped or told is None

    def _look(self) -> None:
        # In this order: a rank may write its code while mpirun ends.
        folder = os.path.dirname(self.plan.record)
        over = os.path.exists(os.path.join(folder, ENDED))
        told = _told(self.plan.record)
        if told is None:
            if over and self._has_settled():
                # It was ended too hard to say so.
                aborted = aborts(folder).get(self.plan.tasks[0].rank)
                self._code = -KILLED if aborted is None else aborted
                self.stopped, self.ended_at = aborted is None, time.time()
            return
        code, stopped, ended_at = told
        if code > 0 and not stopped:
            stopped = any(_grade(other) < _grade(code) for other in failures(folder))
            # What is seen first need not have happened first: others may be writing theirs.
            if not stopped and not self._has_settled():
                return
        self._code, self.stopped, self.ended_at = code, self.stopped or stopped, ended_at
        self.cpu_seconds = cpu_seconds(f"{self.plan.record}.times")

    def _has_settled(self) -> bool:
        """Whether it has been seen for so long that the others have told what they have to."""
        self._seen = self._seen or time.monotonic()
        return time.monotonic() > self._seen + SETTLE_SECONDS


def cpu_seconds(path: str) -> float:
    """The CPU time of a rank as its shell has written it: user and system, `1m2.34s 0m0.50s`.

    The second line is of what the shell has waited for; 0 if it is not there.
    """
    found = re.findall(r"(\d+)m([\d.,]+)s", " ".join(_words(path)))
    used = [int(minutes) * 60 + float(rest.replace(",", ".")) for minutes, rest in found]
    return round(sum(used[2:]), 2)


def failures(folder: str) -> List[int]:
    """The exit codes of all ranks, on whatever node, that were not told to end."""
    found = []
    for name in os.listdir(folder):
        path, kind = os.path.splitext(os.path.join(folder, name))
        told = _told(path) if kind == ".exit" and name != ENDED else None
        if told is not None and told[0] and not told[1]:
            found.append(told[0])
    return found or list(aborts(folder).values())


def aborts(folder: str) -> Dict[int, int]:
    """The exit code of each rank that has called MPI_Abort, as the logs have it.

    Open MPI tells it in mpirun's log, MPICH in the rank's own.
    """
    found = {}
    run = os.path.dirname(os.path.dirname(folder))
    for place in ("", os.path.join("nodes", "*")):
        for log in glob(os.path.join(escape(run), place, "logs", LOGS)):
            text = "\n".join(tail(log))
            for by_open_mpi in _OPEN_MPI.finditer(text):
                found[int(by_open_mpi.group(1))] = int(by_open_mpi.group(2))
            for by_mpich in _MPICH.finditer(text):
                found[int(by_mpich.group(2))] = int(by_mpich.group(1))
    return found


def _grade(code: int) -> int:
    """A failure's place: what was killed, what ended itself, what lost a peer."""
    return 0 if code < 0 else 2 if code == LOST_PEER else 1


def _told(record: str) -> Optional[Tuple[int, bool, float]]:
    """Exit code, whether it was stopped, and when it ended; None while it runs."""
    path = f"{record}.exit"
    words = _words(path)
    if not words:
        return None
    code = int(words[0])
    if SIGNALS < code <= SIGNALS + LAST_SIGNAL:
        code = SIGNALS - code
    # mpirun asks first; whom SIGKILL ended, while the wrapper lived, was not ended by mpirun.
    return code, len(words) > 1 and code != -KILLED, os.stat(path).st_mtime


def _words(path: str) -> List[str]:
    """Read a line; nothing while it is not there or only half."""
    try:
        with open(path, encoding="ascii") as stream:
            text = stream.read()
    except OSError:
        return []
    return text.split() if text.endswith("\n") else []
