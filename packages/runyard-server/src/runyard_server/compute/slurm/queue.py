"""What Slurm says of our jobs: asked at most once a second, by one thread, for all of them.

Whoever looks gets what was seen last and has the thread look again; nobody waits for Slurm. A job
that a fresh look does not show is gone, and what is known of its end is asked for once, from the
controller or from the accounts. Where neither keeps it, it is gone without a reason.
"""

import os
import re
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from runyard.protocol.errors import InvalidRequest, RunyardError, TemporaryError
from runyard_server.compute.slurm import words
from runyard_server.compute.slurm.commands import Commands

PAUSE_SECONDS = 1.0
# How far others' jobs are, and when ours are expected to begin, is looked at less often.
STANDING_SECONDS = 10.0
FORMAT = "%A|%T|%r|%S|%P|%Q|%N|%l|%j"
_STANDING = "%A|%P|%Q"
_BACK = ("BeginTime", "JobHoldMaxRequeue", "JobHeldUser", "JobHeldAdmin")
_NEVER = ("None", "N/A", "Unknown")
_FIELD = re.compile(r"(\w+)=(\S*)")


@dataclass(frozen=True)
class JobView:
    """A job as Slurm shows it.

    Args:
        job: Its number.
        state: Its state: PENDING, RUNNING and so on; "" where Slurm knows it no more.
        reason: Why it waits, by Slurm's code.
        start: When it is expected to begin or has begun, as Slurm writes it.
        partition: Its partition.
        priority: Its priority among those that wait.
        nodes: Where it is.
        limit: Its time limit, as Slurm writes it.
        name: Its name.
        preempted: Whether it was chosen to make room for another.
    """

    job: str
    state: str
    reason: str = ""
    start: str = ""
    partition: str = ""
    priority: int = 0
    nodes: str = ""
    limit: str = ""
    name: str = ""
    preempted: bool = False

    @property
    def is_back(self) -> bool:
        """Whether it waits as jobs do that Slurm has put back into the queue."""
        return self.reason in _BACK or "requeue" in self.reason or self.state.startswith("REQUEUE")


class JobQueue:
    """Our jobs in Slurm's queue.

    Args:
        commands: Slurm's programs.
    """

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._looked = float("-inf")
        self._error = ""
        self._jobs: dict[str, JobView] = {}
        self._wanted: set[str] = set()
        self._ends: dict[str, str] = {}
        self._unexplained: dict[str, bool] = {}
        self._waits: dict[str, tuple[str, str]] = {}
        self._stood = float("-inf")

    def find(self, job: str, since: float) -> JobView | None:
        """What is known of a job; None where Slurm has not been asked since.

        Args:
            job: Its number.
            since: By the monotonic clock: an older look knows nothing of it.
        """
        with self._lock:
            self._wanted.add(job)
            if self._looked < since:
                return None
            return self._jobs.get(job, JobView(job, ""))

    @property
    def error(self) -> str:
        """Why Slurm could not be asked the last time; "" where it answered."""
        return self._error

    def waits(self, job: str) -> str:
        """What a job waits for, in words; "" where that is not known yet."""
        with self._lock:
            return self._waits.get(job, ("", ""))[1]

    def end(self, job: str, begun: bool) -> str | None:
        """How Slurm has ended a job, in words; None where it is still being asked.

        Args:
            job: Its number.
            begun: Whether it is known to have come to its script.
        """
        with self._lock:
            if job not in self._ends:
                self._unexplained[job] = begun
            return self._ends.get(job)

    def look(self) -> None:
        """Have Slurm asked again soon."""
        with self._lock:
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._run, name="slurm-squeue", daemon=True)
                self._thread.start()
        self._wake.set()

    def named(self, name: str) -> str:
        """The number of the job of a name, "" where there is none; asks Slurm.

        Raises:
            TemporaryError: Slurm cannot be asked now.
        """
        found = self._ask("squeue", "-h", *self._mine, "-t", "all", "-n", name, "-o", "%A")
        return max(found.split(), key=int, default="")

    def state(self, job: str) -> str:
        """The state of a job now, "" where Slurm knows it no more; asks Slurm.

        Raises:
            TemporaryError: Slurm cannot be asked now.
        """
        try:
            return self._ask("squeue", "-h", "-t", "all", "-j", job, "-o", "%T").strip()
        except InvalidRequest:
            return ""

    def ended(self, job: str) -> str:
        """Why Slurm ends a job or has ended it, "" where it has not; asks Slurm."""
        try:
            view, state = self._details(job)
        except RunyardError:
            return ""
        if state == words.COMPLETING:
            # Its agent lives and asks: so it is Slurm that ends it, and tells why in this place.
            state = words.STATES.get(view.reason, words.ENDING)
            state = words.STATES["Preempted"] if view.preempted else state
        elif state.split(" ")[0] not in words.ENDED - {"COMPLETED", "FAILED"}:
            return ""
        return words.ended(job, state, view.nodes, view.partition, view.limit)

    def close(self) -> None:
        """End the thread."""
        with self._lock:
            self._closed = True
        self._wake.set()

    @property
    def _mine(self) -> tuple[str, str]:
        return "-u", str(os.getuid())

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._closed:
                return
            begun = time.monotonic()
            try:
                self._poll(begun)
                self._error = ""
            except RunyardError as error:
                self._error = str(error)
            time.sleep(max(0.0, begun + PAUSE_SECONDS - time.monotonic()))

    def _poll(self, begun: float) -> None:
        seen = parse(self._ask("squeue", "-h", *self._mine, "-t", "all", "-o", FORMAT))
        with self._lock:
            wanted, self._wanted = self._wanted, set()
            unexplained, self._unexplained = self._unexplained, {}
        ends = {job: self._end(job, seen.get(job), begun) for job, begun in unexplained.items()}
        waiting = [view for view in seen.values() if view.state in words.WAITING]
        waits = self._reasons([view for view in waiting if view.job in wanted], begun)
        with self._lock:
            self._jobs, self._looked = seen, begun
            self._ends.update(ends)
            # Those that nobody asks for any more are forgotten.
            self._ends = {job: self._ends[job] for job in self._ends if job in wanted}
            self._waits = waits

    def _end(self, job: str, view: JobView | None, begun: bool) -> str:
        try:
            known, state = self._details(job)
        except TemporaryError:
            raise
        except RunyardError:
            known, state = view or JobView(job, ""), view.state if view else ""
        if not state:
            return f"Slurm job {job} is gone, and Slurm keeps no account of its end"
        # Also said of a batch step that was killed.
        if known.reason == "JobLaunchFailure" and state == "FAILED" and not begun:
            return words.unseen(job, known.nodes)
        return words.ended(job, state, known.nodes, known.partition, known.limit)

    def _details(self, job: str) -> tuple[JobView, str]:
        """A job and its state as the controller has it, or the accounts."""
        try:
            told = dict(_FIELD.findall(self._ask("scontrol", "show", "job", "-o", job)))
        except InvalidRequest:
            return self._account(job)
        view = JobView(
            job,
            told.get("JobState", ""),
            told.get("Reason", ""),
            partition=told.get("Partition", ""),
            nodes=_named(told.get("NodeList", "")),
            limit=told.get("TimeLimit", ""),
            preempted=told.get("PreemptTime", _NEVER[0]) not in _NEVER,
        )
        return view, view.state

    def _account(self, job: str) -> tuple[JobView, str]:
        fields = "State,Partition,NodeList"
        for kind in ((), ("-c",)):
            try:
                text = self._ask("sacct", *kind, "-n", "-P", "-j", job, "-o", fields)
            except InvalidRequest:
                continue
            first = text.strip().splitlines()[:1]
            if first:
                state, partition, nodes = first[0].split("|")[:3]
                return JobView(job, state, partition=partition, nodes=_named(nodes)), state
        raise InvalidRequest(f"Slurm knows nothing of job {job}")

    def _reasons(self, waiting: list[JobView], now: float) -> dict[str, tuple[str, str]]:
        """Why jobs wait; a text is kept while its cause is the same and its figures are young."""
        fresh = now - self._stood >= STANDING_SECONDS
        if waiting and fresh:
            self._stood = now
        told = {}
        ahead = self._ahead(waiting) if waiting and fresh else {}
        for view in waiting:
            cause = f"{view.state} {view.reason}"
            before = self._waits.get(view.job)
            if before is not None and before[0] == cause and not fresh:
                told[view.job] = before
                continue
            start = "" if view.start in ("N/A", "Unknown") else view.start[:16].replace("T", " ")
            count = ahead.get(view.job, 0)
            text = words.waits(view.state, view.reason, view.partition, count, start)
            told[view.job] = cause, text
        return told

    def _ahead(self, waiting: Iterable[JobView]) -> dict[str, int]:
        """How many of the jobs that wait, whosever they are, come before each of ours."""
        rows = [line.split("|") for line in self._ask(*_PENDING).splitlines()]
        others = [(part, int(rank), int(job)) for job, part, rank in rows if rank.isdigit()]
        return {
            view.job: sum(
                1
                for partition, rank, job in others
                if partition == view.partition and (-rank, job) < (-view.priority, int(view.job))
            )
            for view in waiting
        }

    def _ask(self, *command: str) -> str:
        return self._commands.ask(*command)


_PENDING = ("squeue", "-h", "-t", "PENDING", "-o", _STANDING)


def parse(text: str) -> dict[str, JobView]:
    """Read what squeue prints in `FORMAT`."""
    found = {}
    for line in text.splitlines():
        fields = line.split("|", FORMAT.count("|"))
        if len(fields) == FORMAT.count("|") + 1:
            job, state, reason, start, partition, rank, nodes, limit, name = fields
            priority = int(rank) if rank.isdigit() else 0
            found[job] = JobView(job, state, reason, start, partition, priority, nodes, limit, name)
    return found


def _named(nodes: str) -> str:
    return "" if nodes in ("(null)", "None assigned", "None") else nodes
