"""This machine as a compute backend: nodes are slots, agents are detached processes.

An agent has a session of its own and no pipe to the service, so it outlives the service and its
terminal. Its output goes to `agent.log` in the run folder. Whether it lives is seen in the process
table: no beats are needed. For its children the backend also learns the exit status.

A launch must not happen twice, even if the service dies in the middle of it. So the agent starts
behind a gate: a shell waits for a word on its input, the handle is written beside the run's files,
then the word is sent and the shell becomes the agent. A service that dies in between leaves either
no handle and no agent (the gate's pipe closes), or both. Where there is a fork server, agents
come from it instead of the shell, behind the same kind of gate.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec

from runyard.protocol.jobs import JOB_FILE, STATE_FILE, JobSpec
from runyard_server.compute import hardware
from runyard_server.compute.base import (
    JOB,
    SALVAGE,
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
from runyard_server.compute.fork_server import ENTRY, ForkServer, ForkServerGone
from runyard_server.compute.processes import Process, identify, is_alive

AGENT_LOG = "agent.log"
_SHELL = "/bin/sh"
_WAIT = 'read go && cd "$0" && exec "$@" </dev/null'
_OWNER_ONLY = 0o600
# An agent writes its state in its first milliseconds; of one that has not after so long, nobody
# could say whether it works.
_GATE_SECONDS = 10.0
_GATE_PAUSE = 0.01
_JOB = msgspec.json.Decoder(JobSpec)


class LocalBackend(Backend):
    """Runs agents as processes of this machine.

    Args:
        context: What is told of the service.
        python: The interpreter of the agents, the service's own by default.
        fork_server: Whether agents are forks of an interpreter that is kept warm; otherwise each
            starts by itself.
    """

    def __init__(
        self, context: SiteContext, *, python: str = sys.executable, fork_server: bool = True
    ) -> None:
        self._context = context
        self._python = python
        light, umask = context.light.folder, context.umask
        self._fork_server = ForkServer(python, light, umask) if fork_server else None
        self._wait = _WAIT if umask is None else f"umask {umask:03o} && {_WAIT}"
        self._children: set[int] = set()
        self._lock = threading.Lock()

    def capabilities(self) -> Capabilities:
        """What this machine has; nodes are slots of it, however large they are said to be."""
        return Capabilities(
            cpus=hardware.cpus(),
            memory_gb=hardware.memory_gb(),
            gpus=hardware.gpus(),
            shares_nodes=True,
            shares_files=True,
            on_this_machine=True,
            called="this machine",
        )

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """The agent's command and the job file it will read."""
        spec = job.at(self.place(job))
        # What an agent leaves is saved by the code that made it, should the service be a newer one.
        spec = (self._begun(spec) if salvage is not None else None) or spec
        words = ["agent", spec.run_folder]
        if salvage is not None:
            words = ["salvage", spec.run_folder, "--reason", salvage]
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=self._command(spec.light, *words),
            environment={},
            folder=spec.run_folder,
            job=spec,
        )

    def expect(self) -> None:
        """Have a fork server there, which takes longer to start than all of a launch."""
        if self._fork_server is not None:
            self._fork_server.expect()

    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent behind the gate; a launch that happened before gives its handle.

        Of a salvage, only as long as it lives.
        """
        folder = Path(plan.folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle_file = folder / f"agent-{plan.node}-{plan.attempt}-{plan.purpose}.handle"
        with suppress(FileNotFoundError):
            handle = handle_file.read_text("utf-8")
            process = _process(handle)
            # Killed between handle and word, a service leaves the handle of an agent that nobody
            # will let through its gate: that one has done nothing, and another can be started.
            if _has_begun(plan, process) if plan.purpose == JOB else is_alive(process):
                return handle
        job_file = folder / JOB_FILE
        # A salvage reads the job as its agent had it, also where the run has begun anew since.
        if plan.purpose == JOB or not job_file.exists():
            _write(job_file, msgspec.json.encode(plan.job).decode())
        return self._start(plan, folder, handle_file)

    def place(self, job: Job) -> Place:
        """Where a node of a run is on this machine."""
        context, size = self._context, job.size
        shared = context.runs / job.run
        own = shared if job.node == 0 else shared / "nodes" / str(job.node)
        return Place(
            run_folder=str(own),
            light=str(context.light.folder),
            url=context.url(),
            shared_folder=str(shared),
            blobs=str(context.blobs),
            connection_file=str(context.connection_file),
            address="127.0.0.1",
            cpus=size.cpus if size else hardware.cpus(),
            gpus=min(size.gpus, hardware.gpus()) if size else hardware.gpus(),
        )

    def _begun(self, job: JobSpec) -> JobSpec | None:
        """The job as its agent was given it, None if there is none or it is of another attempt."""
        try:
            found = _JOB.decode((Path(job.run_folder) / JOB_FILE).read_bytes())
        except (OSError, msgspec.DecodeError):
            return None
        return found if (found.node, found.attempt) == (job.node, job.attempt) else None

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Find out which processes are alive; ended children are reaped here."""
        return {handle: self._observe(_process(handle)) for handle in handles}

    def cancel(self, handle: str) -> None:
        """Send SIGTERM: the agent stops its job, delivers and reports."""
        process = _process(handle)
        if is_alive(process):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant every node at once: nodes are slots. `cluster` plays no part."""
        del cluster
        return Grant(need.nodes)

    def close(self) -> None:
        """Let go of what is kept for further launches; agents go on."""
        if self._fork_server is not None:
            self._fork_server.close()

    def _start(self, plan: LaunchPlan, folder: Path, handle_file: Path) -> str:
        if self._fork_server is not None and plan.command == self._command(
            self._fork_server.light, "agent", plan.folder
        ):
            # That is the command which a fork of the fork server's interpreter stands for.
            with suppress(ForkServerGone):
                pid = self._fork_server.fork(plan.folder, plan.environment)
                handle = _keep(handle_file, pid)
                # It may have been killed before it had passed the word on, or right after.
                if self._fork_server.go(pid) or _has_begun(plan, _process(handle)):
                    return handle
        with _gate() as (inner, outer):
            pid = _spawn(plan, folder, inner, self._wait)
            with self._lock:
                self._children.add(pid)
            handle = _keep(handle_file, pid)
            # A shell that is gone already shows as an ended agent soon.
            with suppress(BrokenPipeError):
                os.write(outer, b"go\n")
        return handle

    def _command(self, light: str, *words: str) -> list[str]:
        # -S -E: the agent needs no site packages and must not read the user's PYTHON* variables.
        return [self._python, "-S", "-E", str(Path(light) / ENTRY), *words]

    def _observe(self, process: Process) -> Observation:
        # Reaped first: a zombie counts as dead, and its status would be lost.
        status = self._reap(process.pid)
        if status is None and is_alive(process):
            return Observation(alive=True)
        if status is None and self._fork_server is not None:
            status = self._fork_server.ended(process.pid)
        if status is None:
            return Observation(alive=False)
        if os.WIFSIGNALED(status):
            return Observation(alive=False, signal=_signal_name(os.WTERMSIG(status)))
        return Observation(alive=False, exit_code=os.waitstatus_to_exitcode(status))

    def _reap(self, pid: int) -> int | None:
        """The wait status of a child that has ended, once; None for all others."""
        with self._lock:
            if pid not in self._children:
                return None
            try:
                ended, status = os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                self._children.discard(pid)
                return None
            if ended == 0:
                return None
            self._children.discard(pid)
            return status


@contextmanager
def _gate() -> Iterator[tuple[int, int]]:
    """Open a pipe: the agent's shell reads one end, a word in the other lets it go on."""
    inner, outer = os.pipe()
    try:
        yield inner, outer
    finally:
        os.close(inner)
        os.close(outer)


def _spawn(plan: LaunchPlan, folder: Path, gate: int, wait: str) -> int:
    """Start the shell that becomes the agent, in a session of its own; give its pid."""
    log = os.open(folder / AGENT_LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, _OWNER_ONLY)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, gate, 0)]
        actions += [(os.POSIX_SPAWN_DUP2, log, number) for number in (1, 2)]
        # All other descriptors of the service are closed there: Python opens none inheritable.
        return os.posix_spawn(
            _SHELL,
            [_SHELL, "-c", wait, str(folder), *plan.command],
            {**os.environ, **plan.environment},
            file_actions=actions,
            setsid=True,
            # Python ignores these; programs expect them as they are by default.
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],
        )
    finally:
        os.close(log)


def _keep(file: Path, pid: int) -> str:
    """Write the handle of a process that waits at its gate."""
    # One that died at once has no start time any more: its handle is that of nobody.
    process = identify(pid) or Process(pid, "ended")
    handle = msgspec.json.encode(process).decode()
    _write(file, handle)
    return handle


def _has_begun(plan: LaunchPlan, process: Process) -> bool:
    """Whether a job's agent has passed its gate; waits as long as that is open.

    Args:
        plan: The launch.
        process: The agent's process.
    """
    end = time.monotonic() + _GATE_SECONDS
    while time.monotonic() < end:
        alive = is_alive(process)
        # Looked at in this order: it may begin and end in between.
        if _attempt(Path(plan.folder)) == plan.attempt:
            return True
        if not alive:
            return False
        time.sleep(_GATE_PAUSE)
    return True


def _attempt(folder: Path) -> int | None:
    """The attempt that an agent has last begun in a run folder."""
    try:
        state = msgspec.json.decode((folder / STATE_FILE).read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError):
        return None
    attempt = state.get("attempt")
    return attempt if isinstance(attempt, int) else None


def _process(handle: str) -> Process:
    """The process of a handle; of a text that is none, a process that nobody has."""
    try:
        return msgspec.json.decode(handle, type=Process)
    except msgspec.DecodeError:
        return Process(0, "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _write(path: Path, content: str) -> None:
    """Write a file for its owner alone, by rename."""
    # Not synced: after a power cut the process is gone, and so may be what tells of it.
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    temporary.rename(path)
