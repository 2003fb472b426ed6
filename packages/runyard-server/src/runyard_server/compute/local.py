"""This machine as a compute backend: nodes are slots, agents are detached processes.

An agent has a session of its own and no pipe to the service, so it outlives the service and its
terminal. Its output goes to `agent.log` in the run folder. Whether it lives is seen in the process
table: no beats are needed. For its children the backend also learns the exit status.

A launch must not happen twice, even if the service dies in the middle of it. So the agent starts
behind a gate: a shell waits for a word on its input, the handle is written beside the run's files,
then the word is sent and the shell becomes the agent. A service that dies in between leaves either
no handle and no agent (the gate's pipe closes), or both.
"""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from runyard.protocol.jobs import JOB_FILE, JobSpec
from runyard_server.compute.base import JOB, SALVAGE, Backend, LaunchPlan, Observation
from runyard_server.compute.processes import Process, identify, is_alive

AGENT_LOG = "agent.log"
_ENTRY = "runyard/runtime/__main__.py"
_GATE = 'read go && exec "$@" </dev/null'
_OWNER_ONLY = 0o600


class LocalBackend(Backend):
    """Runs agents as processes of this machine.

    Args:
        python: The interpreter of the agents, the service's own by default.
    """

    kind = "local"

    def __init__(self, python: str = sys.executable) -> None:
        self._python = python
        self._children: dict[int, subprocess.Popen[bytes]] = {}
        self._lock = threading.Lock()

    def plan(self, job: JobSpec, salvage: str | None = None) -> LaunchPlan:
        """Give the agent's command and the job file it will read."""
        entry = str(Path(job.light) / _ENTRY)
        # -S -E: the agent needs no site packages and must not read the user's PYTHON* variables.
        command = [self._python, "-S", "-E", entry]
        if salvage is None:
            command += ["agent", job.run_folder]
        else:
            command += ["salvage", job.run_folder, "--reason", salvage]
        content = msgspec.json.encode(job).decode()
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=command,
            environment={},
            folder=job.run_folder,
            files={JOB_FILE: content} if salvage is None else {},
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Start the agent behind the gate; a launch that happened before gives its handle."""
        folder = Path(plan.folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle_file = folder / f"agent-{plan.node}-{plan.attempt}-{plan.purpose}.handle"
        with suppress(FileNotFoundError):
            return handle_file.read_text("utf-8")
        for name, content in plan.files.items():
            _write(folder / name, content)
        return self._start(plan, folder, handle_file)

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Look each process up; ended children are reaped here."""
        return {handle: self._observe(_process(handle)) for handle in handles}

    def cancel(self, handle: str) -> None:
        """Send SIGTERM: the agent stops its job, delivers and reports."""
        process = _process(handle)
        if is_alive(process):
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)

    def resize(self, cluster: str, nodes: int) -> int:
        """Grant every node at once: nodes are slots. `cluster` plays no part."""
        del cluster
        return nodes

    def _start(self, plan: LaunchPlan, folder: Path, handle_file: Path) -> str:
        with (folder / AGENT_LOG).open("ab") as log:
            child = subprocess.Popen(
                ["/bin/sh", "-c", _GATE, "agent", *plan.command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env={**os.environ, **plan.environment},
                start_new_session=True,
            )
        with self._lock:
            self._children[child.pid] = child
        process = identify(child.pid) or Process(child.pid, "ended")
        handle = msgspec.json.encode(process).decode()
        assert child.stdin is not None
        # A shell that is gone already shows as an ended agent soon.
        with suppress(BrokenPipeError), child.stdin as gate:
            _write(handle_file, handle)
            gate.write(b"go\n")
        return handle

    def _observe(self, process: Process) -> Observation:
        with self._lock:
            child = self._children.get(process.pid)
            status = None if child is None else child.poll()
            if child is not None and status is None:
                return Observation(alive=True)
            self._children.pop(process.pid, None)
        if status is None:
            return Observation(alive=is_alive(process))
        if status < 0:
            return Observation(alive=False, signal=_signal_name(-status))
        return Observation(alive=False, exit_code=status)


def _process(handle: str) -> Process:
    return msgspec.json.decode(handle, type=Process)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _write(path: Path, content: str) -> None:
    """Write a file for its owner alone, by rename."""
    temporary = path.with_name(f".{path.name}-{os.getpid()}-{threading.get_ident()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _OWNER_ONLY)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    temporary.rename(path)
