"""Slurm as a backend; the package's own text tells why it is as it is."""

import os
import secrets
import shlex
import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runyard.protocol.errors import InvalidRequest, TemporaryError
from runyard.protocol.jobs import JOB_FILE, JobSpec
from runyard.protocol.sizes import VmSize
from runyard_server.compute.base import (
    JOB,
    SALVAGE,
    Answer,
    Backend,
    Capabilities,
    Grant,
    Job,
    LaunchPlan,
    Need,
    Observation,
    Place,
    SiteContext,
)
from runyard_server.compute.fork_server import ENTRY
from runyard_server.compute.local import LocalBackend
from runyard_server.compute.slurm import asking, words
from runyard_server.compute.slurm.commands import Commands, handed
from runyard_server.compute.slurm.partitions import Partition, Partitions
from runyard_server.compute.slurm.queue import JobQueue, JobView
from runyard_server.compute.slurm.submission import BATCH, LOG, Attempt, script
from runyard_server.compute.slurm.submission import JOB as JOB_NUMBER

_SIGNALED = 128
_END_SECONDS, _LOOK_SECONDS = 5.0, 0.2
# Options have one type each, and a path has no other word for none.
_UNSET = Path()
_SPEC = msgspec.json.Decoder(JobSpec)


class SlurmBackend(Backend):
    """Runs each attempt of a run as a job of Slurm's.

    Args:
        context: What is told of the service.
        partition: Where runs go whose size names no partition; "": Slurm's default, then any that
            can hold them.
        sizes: Partitions of sizes: `STANDARD_NC6=gpu, STANDARD_D2_V2=cpu`. A size of a partition's
            name goes there anyway, and gets whole nodes.
        account: Whom Slurm counts the jobs for.
        qos: Their quality of service.
        sbatch_options: Further options of sbatch, as at the prompt.
        setup: Lines of shell that a job runs before its agents: `module load cuda`.
        shared_folder: A folder that nodes and this machine see under one path. Unset: the state
            folder is one. Where the state folder is not in it, contents go over HTTP and the
            agents make environments, in that folder.
        python: The agents' interpreter on the nodes, 3.7 or newer.
        programs: Folder of Slurm's programs; unset: they are on the path.
        conf: Slurm's configuration file; unset: wherever Slurm looks for it.
        address: The same as `partition`.
    """

    def __init__(
        self,
        context: SiteContext,
        *,
        partition: str = "",
        sizes: str = "",
        account: str = "",
        qos: str = "",
        sbatch_options: str = "",
        setup: str = "",
        shared_folder: Path = _UNSET,
        python: str = "python3",
        programs: Path = _UNSET,
        conf: Path = _UNSET,
        address: str = "",
    ) -> None:
        self._context = context
        self._commands = Commands(_set(programs), _set(conf))
        self._queue = JobQueue(self._commands)
        named = asking.read_sizes(sizes, context.name)
        self._partitions = Partitions(self._commands, partition or address, named)
        self._options = [f"--account={account}"] * bool(account) + [f"--qos={qos}"] * bool(qos)
        try:
            self._options += shlex.split(sbatch_options)
        except ValueError as error:
            raise InvalidRequest(f"sbatch_options in [sites.{context.name}]: {error}") from None
        self._setup, self._python = setup, python
        home = context.runs.parent
        self._shared = (_set(shared_folder) or home).resolve()
        self._sees_home = home.resolve().is_relative_to(self._shared)
        self._runs = context.runs if self._sees_home else self._shared / "runs"
        # Whatever is left of a run is seen to here: the folder is shared, and nobody has to wait.
        self._here = LocalBackend(context, fork_server=False)
        self._submitted: dict[str, float] = {}
        self._numbers: dict[str, str] = {}
        self._lock = threading.Lock()

    def capabilities(self) -> Capabilities:
        """What the largest nodes have, as sinfo said last."""
        known = self._partitions.known()
        largest = [one.largest for one in known]
        return Capabilities(
            cpus=max((kind.cpus for kind in largest), default=1),
            memory_gb=max((kind.memory for kind in largest), default=0) / 1024,
            gpus=max((kind.gpus for kind in largest), default=0),
            max_nodes=max((kind.count for kind in largest), default=None),
            shares_files=self._sees_home,
            called=f"Slurm site {self._context.name!r}",
        )

    def could_run(self, need: Need) -> Answer:
        """Whether a partition could ever hold a need; if not, which partitions there are."""
        return self._partitions.could_run(need)

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """The agent's command, with everything in the folder that nodes and service share."""
        spec = job.at(self._place(job))
        python = self._python
        words_ = ["agent", spec.run_folder]
        if salvage is not None:
            spec = _begun(spec) or spec
            python = sys.executable
            words_ = ["salvage", spec.run_folder, "--reason", salvage]
        light = spec.light if spec.light.endswith(".zip") else str(Path(spec.light) / ENTRY)
        return SlurmPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=[python, "-S", "-E", light, *words_],
            environment={},
            folder=spec.run_folder,
            job=spec,
            asked=asking.options(job.spec, self._size(job), self._partition(job)),
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Make a node's agent ready; with the last of an attempt's nodes its job is submitted.

        Raises:
            TemporaryError: Slurm cannot be asked now; or, of a salvage, its job has not ended yet.
            InvalidRequest: Slurm refuses the job.
        """
        attempt = self._attempt(plan.run, plan.attempt)
        if plan.purpose == SALVAGE:
            self._end_job(attempt, plan.node)
            return _Handle(str(attempt.folder), plan.node, self._here.launch(plan)).text()
        handle = _Handle(str(attempt.folder), plan.node).text()
        with self._lock:
            if not attempt.job:
                self._make_ready(attempt, plan)
                nodes = asking.agents(plan.job.spec)
                if plan.attempt > 1:
                    self._end_former(plan, nodes)
                if attempt.is_ready(nodes) and not attempt.is_canceled():
                    self._submit(attempt, plan, nodes)
        return handle

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Find out how agents are, by what Slurm said last and what lies in their folders."""
        if handles:
            self._queue.look()
        return {text: self._look(_Handle.read(text)) for text in handles}

    def cancel(self, handle: str) -> None:
        """Cancel a job that waits; an agent that has begun is asked to end, and delivers.

        Raises:
            TemporaryError: Slurm cannot be asked now.
        """
        known = _Handle.read(handle)
        if known.salvage:
            self._here.cancel(known.salvage)
            return
        attempt = Attempt(Path(known.folder))
        if not known.folder or not attempt.folder.is_dir():
            return
        if attempt.ended(known.node) is not None:
            return
        attempt.cancel(known.node)
        job = attempt.job
        if job and not attempt.has_begun:
            # Of one that begins just now its own node finds the file.
            with suppress(InvalidRequest):
                self._commands.ask("scancel", "--state=PENDING", job)

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant every node at once: what a run needs is asked for when it is launched."""
        del cluster
        return Grant(need.nodes)

    def ended_by(self, handle: str) -> str:
        """Why Slurm ends an agent's job or has ended it."""
        known = _Handle.read(handle)
        job = Attempt(Path(known.folder)).job if known.folder else ""
        return self._queue.ended(job) if job else ""

    def close(self) -> None:
        """End the threads; jobs go on."""
        self._queue.close()
        self._here.close()

    def _place(self, job: Job) -> Place:
        context, partition, size = self._context, self._partition(job), self._size(job)
        shared = self._runs / job.run
        own = shared if job.node == 0 else shared / "nodes" / str(job.node)
        limit, of = asking.limit(job.spec, partition), partition.name if partition else ""
        seen = self._sees_home
        light = context.light.folder if seen else self._shared / "light" / context.light.zip_name
        return Place(
            run_folder=str(own),
            light=str(light),
            url=context.url(),
            shared_folder=str(shared),
            blobs=str(context.blobs) if seen else "",
            environments="" if seen else str(self._shared / "environments"),
            cpus=size.cpus if size else 1,
            gpus=size.gpus if size else 0,
            limit_seconds=0.0 if limit is None else asking.noticed(limit),
            limit_of=""
            if limit is None
            else f"the time limit of {words.span(limit)} in partition {of!r}",
        )

    def _partition(self, job: Job) -> Partition | None:
        self._partitions.wait()
        return self._partitions.of(job.size, asking.agents(job.spec))

    def _size(self, job: Job) -> VmSize | None:
        partition = self._partition(job)
        return self._partitions.whole(job.size, partition) if partition else job.size

    def _attempt(self, run: str, attempt: int) -> Attempt:
        return Attempt(self._runs / run / f"slurm-{attempt}")

    def _make_ready(self, attempt: Attempt, plan: LaunchPlan) -> None:
        """Write what a node's agent needs; the job file first, for that of another is no use."""
        if (attempt.folder / f"ready-{plan.node}").exists():
            return
        if not self._sees_home:
            _copy(self._context.light.zip, Path(plan.job.light))
        folder = Path(plan.folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        Attempt(folder).write(JOB_FILE, msgspec.json.encode(plan.job).decode())
        attempt.make(plan.node, plan.command, {**handed(os.environ), **plan.environment})

    def _submit(self, attempt: Attempt, plan: LaunchPlan, nodes: int) -> None:
        name = f"runyard-{plan.run}-{plan.attempt}"
        # A service may have been killed, or not have heard the answer, after Slurm took the job.
        job = self._queue.named(name) if attempt.is_asked else ""
        if not job:
            attempt.ask()
            remove = "" if self._sees_home else str(self._runs / plan.run)
            given = self._setup, remove, self._context.umask
            attempt.write(BATCH, script(attempt, nodes, plan.job.cpus, *given))
            asked = plan.asked if isinstance(plan, SlurmPlan) else ()
            job = self._sbatch(attempt, name, nodes, asked)
        attempt.write(JOB_NUMBER, job)
        self._submitted[job] = time.monotonic()

    def _sbatch(self, attempt: Attempt, name: str, nodes: int, asked: Sequence[str]) -> str:
        """Submit an attempt's job; its number."""
        said = self._commands.ask(
            *("sbatch", "--parsable", f"--job-name={name}", f"--nodes={nodes}"),
            *("--ntasks-per-node=1", "--no-requeue", "--no-kill", "--open-mode=append"),
            *(f"--output={attempt.folder / LOG}", f"--chdir={attempt.folder}"),
            *(f"--comment=a run of Runyard, site {self._context.name}", *asked),
            *self._options,
            str(attempt.folder / BATCH),
        )
        # With several clusters the number is followed by the cluster's name.
        return said.strip().split(";")[0]

    def _end_job(self, attempt: Attempt, node: int) -> None:
        """See to it that a job is ended before somebody cleans up after its agent.

        A node that is gone keeps its job in Slurm until Slurm gives the node up, which may take
        minutes; that is not waited for, because a living agent holds the lock of its folder.

        Raises:
            TemporaryError: Slurm has not begun to end it.
        """
        job = attempt.job
        if not job or attempt.ended(node) is not None:
            return
        end = time.monotonic() + _END_SECONDS
        state = self._queue.state(job)
        if state not in words.ENDED and state:
            self._scancel(job)
        while state not in words.ENDED and state and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)
            state = self._queue.state(job)
        if state and state not in words.ENDED and state != words.COMPLETING:
            raise TemporaryError(f"Slurm job {job} is still {state.lower()}")

    def _end_former(self, plan: LaunchPlan, nodes: int) -> None:
        """See to it that nothing of the attempt before lives in the same folder.

        Raises:
            TemporaryError: Slurm has not ended its job, and nobody knows what its node does.
        """
        former = self._attempt(plan.run, plan.attempt - 1)
        all_ended = all(former.ended(node) is not None for node in range(nodes))
        job = "" if all_ended else former.job
        state = self._queue.state(job) if job else ""
        if not state or state in words.ENDED:
            return
        self._scancel(job)
        # Agents of several nodes end by themselves when they hear nothing, and were waited for.
        if nodes == 1 and state not in words.WAITING:
            raise TemporaryError(
                f"waiting for Slurm to end job {job} of the attempt before, whose node may still "
                "work on it"
            )

    def _scancel(self, job: str) -> None:
        with suppress(InvalidRequest):
            self._commands.ask("scancel", job)

    def _look(self, handle: "_Handle") -> Observation:
        if handle.salvage:
            seen = self._here.observe([handle.salvage])[handle.salvage]
            if seen.exit_code == 0 and not self._sees_home:
                shutil.rmtree(Path(handle.folder).parent, ignore_errors=True)
            return seen
        attempt = Attempt(Path(handle.folder))
        # Once known it stays, and files may be on a server far away.
        job = self._numbers.get(handle.folder) or attempt.job
        if not job:
            return self._unsubmitted(attempt, handle)
        view = self._queue.find(job, self._submitted.get(job, float("-inf")))
        seen = self._seen(attempt, handle.node, job, view)
        if seen.alive is not False:
            self._numbers[handle.folder] = job
        elif view is not None and view.state in words.ENDED:
            self._numbers.pop(handle.folder, None)
            self._submitted.pop(job, None)
        return seen

    def _unsubmitted(self, attempt: Attempt, handle: "_Handle") -> Observation:
        """What is to be told of an agent that has no job: not yet, or no more."""
        if not handle.folder or not attempt.folder.is_dir():
            # Where nobody sees any run's folder, the file server is away, and not the agent.
            away = bool(handle.folder) and not self._runs.is_dir()
            return Observation(alive=None if away else False)
        if attempt.is_canceled():
            return Observation(alive=False)
        return Observation(alive=True, waits="waiting for its other nodes to be asked for")

    def _seen(self, attempt: Attempt, node: int, job: str, view: JobView | None) -> Observation:
        """What is to be told of an agent whose job Slurm shows so."""
        if view is None:
            waits = "" if attempt.has_begun else self._queue.error
            return Observation(alive=None, waits=waits)
        if view.state in words.WAITING:
            return self._waiting(attempt, job, view)
        status = attempt.ended(node)
        if status is not None:
            return _exited(status)
        # Slurm may not know yet that a node is gone: the agents' beats do.
        ended = view.state in words.ENDED or not view.state
        reason = self._queue.end(job, attempt.has_begun) if ended else None
        if reason is None:
            return Observation(alive=None)
        if attempt.lacked_memory():
            told = words.ended(job, "OUT_OF_MEMORY", view.nodes, view.partition, view.limit)
            return Observation(alive=False, reason=told)
        said = attempt.complaint()
        return Observation(alive=False, reason=f"{reason}; {said}" if said else reason)

    def _waiting(self, attempt: Attempt, job: str, view: JobView) -> Observation:
        """What is to be told of an agent whose job waits, perhaps for the second time."""
        if view.is_back and attempt.has_begun:
            reason = (
                f"Slurm has put its job {job} back into the queue ({view.reason}), where it would "
                "run this attempt a second time"
            )
            return Observation(alive=False, reason=reason)
        return Observation(alive=None, waits=self._queue.error or self._queue.waits(job))


@dataclass(frozen=True)
class SlurmPlan(LaunchPlan):
    """A launch, with what is asked of Slurm for the whole attempt.

    Args:
        asked: Options of sbatch.
    """

    asked: tuple[str, ...] = ()


class _Handle(msgspec.Struct, frozen=True):
    """An agent: its attempt's folder and its node; of one that cleans up, its process here."""

    folder: str
    node: int
    salvage: str = ""

    def text(self) -> str:
        return msgspec.json.encode(self).decode()

    @classmethod
    def read(cls, text: str) -> "_Handle":
        try:
            return msgspec.json.decode(text, type=cls)
        except msgspec.DecodeError:
            # No handle of ours: that of an agent that is gone.
            return cls("", 0)


def _begun(job: JobSpec) -> JobSpec | None:
    """The job as its agent was given it, None if there is none or it is of another attempt."""
    try:
        found = _SPEC.decode((Path(job.run_folder) / JOB_FILE).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    return found if (found.node, found.attempt) == (job.node, job.attempt) else None


def _exited(status: int) -> Observation:
    """An agent that has ended, by its exit status as a shell tells it."""
    if status <= _SIGNALED:
        return Observation(alive=False, exit_code=status)
    try:
        return Observation(alive=False, signal=signal.Signals(status - _SIGNALED).name)
    except ValueError:
        return Observation(alive=False, exit_code=status)


def _copy(source: Path, place: Path) -> None:
    """Copy a file unless it is there, so that nobody sees half of it."""
    if place.exists():
        return
    place.parent.mkdir(parents=True, exist_ok=True)
    temporary = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    shutil.copyfile(source, temporary)
    temporary.rename(place)


def _set(path: Path) -> Path | None:
    """A path that is set, None for one that is not."""
    return None if path == _UNSET else path
