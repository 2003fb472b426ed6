"""One node of a cluster: an actor that starts agents as processes of their own and watches them.

Nothing here imports Ray: the driver makes an actor of `NodeWorker`. Whoever is started is noted
beside its run's files, so that another actor on the same machine takes up what a former one, which
was killed, has left. An agent that has delivered everything needs its folder no more.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from runyard.protocol import procfs

JOB = "job"
OWNER = 0o700
PRIVATE = 0o600
NOTE_FILE = "agent-{attempt}-{purpose}.pid"
LOOK_SECONDS = 0.2
# What Ray sets for its own workers is not for jobs.
NOT_FOR_JOBS = ("RAY_", "PYTHON", "VIRTUAL_ENV", "RUNYARD_", "LD_PRELOAD")
OLDEST = "import sys; sys.exit(sys.version_info < (3, 7))"

Order = dict[str, Any]
State = dict[str, Any]


class NodeWorker:
    """Starts, stops and watches the agents on one node.

    Args:
        folder: Where the node keeps what is ours.
        python: The interpreter of the agents.
    """

    def __init__(self, folder: str, python: str) -> None:
        self._folder = folder
        self._python = python
        self._changed = threading.Condition()
        self._number = 0
        self._states: dict[str, State] = {}
        self._pids: dict[str, tuple[int, str]] = {}

    def about(self) -> dict[str, Any]:
        """What the node is called, and why no agent could work on it; "" where one could."""
        return {"host": socket.gethostname(), "trouble": self._trouble()}

    def start(self, order: Order, light: bytes) -> str:
        """Start an agent, once; say why not, "" where it lives or has lived.

        Args:
            order: The launch.
            light: The light half's zip file.
        """
        handle = str(order["handle"])
        with self._changed:
            state = self._states.get(handle)
            if state is not None and (order["purpose"] == JOB or state["alive"]):
                return ""
            try:
                self._place(Path(order["light"]), light)
                self._begin(handle, order)
            except OSError as error:
                return f"{socket.gethostname()}: {error}"
        return ""

    def stop(self, handle: str) -> None:
        """Send SIGTERM: the agent ends its job, delivers and reports."""
        pid, begun = self._pids.get(handle, (0, ""))
        if pid and started(pid) == begun:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def watch(self, known: int, seconds: float) -> tuple[int, dict[str, State]]:
        """Wait until something is other than at state `known`; give its number, and all states.

        Args:
            known: The number of the state that the caller has seen.
            seconds: How long to wait at most.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._number != known, seconds)
            return self._number, dict(self._states)

    def forget(self, handles: list[str]) -> None:
        """Drop agents that have ended and that nobody asks about any more."""
        with self._changed:
            for handle in handles:
                if not self._states.get(handle, {}).get("alive"):
                    self._states.pop(handle, None)
                    self._pids.pop(handle, None)

    def _trouble(self) -> str:
        host = socket.gethostname()
        try:
            folder = Path(self._folder)
            folder.mkdir(OWNER, parents=True, exist_ok=True)
            if folder.stat().st_uid != os.geteuid():
                return f"{self._folder} on {host} is another user's"
            asked = subprocess.run([self._python, "-S", "-E", "-c", OLDEST], check=False)
        except OSError as error:
            return f"{host} cannot run {self._python}: {error}"
        if asked.returncode:
            return f"{self._python} on {host} is older than 3.7, which agents need"
        return ""

    def _place(self, path: Path, content: bytes) -> None:
        """Unpack the light half where no actor has: a zip file would be compiled at each start."""
        if path.exists():
            return
        part = path.with_name(f".{path.name}-{os.getpid()}")
        part.mkdir(OWNER, parents=True, exist_ok=True)
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            archive.extractall(part)
        compiling = [self._python, "-S", "-E", "-m", "compileall", "-q", str(part)]
        subprocess.run(compiling, check=False)
        with suppress(OSError):
            part.rename(path)
        shutil.rmtree(part, ignore_errors=True)

    def _begin(self, handle: str, order: Order) -> None:
        folder = Path(order["folder"])
        folder.mkdir(OWNER, parents=True, exist_ok=True)
        note = folder / NOTE_FILE.format(**order)
        left = _noted(note)
        if order["purpose"] == JOB and left is not None:
            # An actor before this one has started it; how it ends nobody will know.
            self._follow(handle, order, *left, None)
            return
        job_file = folder / "job.json"
        # A salvage reads the job as its agent had it.
        if order["purpose"] == JOB or not job_file.exists():
            _write(job_file, json.dumps(order["job"]))
        log = os.open(folder / "agent.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, PRIVATE)
        try:
            process = subprocess.Popen(
                order["command"],
                cwd=folder,
                env={**_variables(), **order["environment"]},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        finally:
            os.close(log)
        begun = started(process.pid)
        _write(note, f"{process.pid} {begun}")
        self._follow(handle, order, process.pid, begun, process)

    def _follow(
        self,
        handle: str,
        order: Order,
        pid: int,
        begun: str,
        process: subprocess.Popen[bytes] | None,
    ) -> None:
        self._pids[handle] = (pid, begun)
        self._states[handle] = {"alive": True}
        self._number += 1
        self._changed.notify_all()
        follow = (handle, str(order["folder"]), pid, begun, process)
        threading.Thread(target=self._await, args=follow, daemon=True).start()

    def _await(
        self,
        handle: str,
        folder: str,
        pid: int,
        begun: str,
        process: subprocess.Popen[bytes] | None,
    ) -> None:
        """Wait for an agent's end and tell it; a folder from which all was delivered goes."""
        status = process.wait() if process is not None else None
        while process is None and started(pid) == begun:
            time.sleep(LOOK_SECONDS)
        # Who has delivered may be told to stop while it leaves, for its run is over by then: it
        # would end by that signal, and its node be kept for whoever cleaned up after it.
        status = 0 if _has_delivered(folder) else status
        if status == 0:
            shutil.rmtree(folder, ignore_errors=True)
            # The last node of a run takes the run's folder along.
            with suppress(OSError):
                os.rmdir(os.path.dirname(folder))  # noqa: PTH106, PTH120 - a text as it came
        with self._changed:
            self._states[handle] = {"alive": False, "status": status}
            self._number += 1
            self._changed.notify_all()


def started(pid: int) -> str:
    """When a process was started, by the kernel's clock; "" where there is none or it is dead."""
    fields = procfs.stat(pid)
    return "" if not fields or procfs.is_dead(fields) else fields[procfs.START]


def _noted(note: Path) -> tuple[int, str] | None:
    """The agent that was started here before; None where there was none."""
    try:
        pid, _, begun = note.read_text().partition(" ")
        return int(pid), begun or "none"
    except (OSError, ValueError):
        return None


def _has_delivered(folder: str) -> bool:
    """Whether the agent of a run folder has brought everything to the service."""
    try:
        return bool(json.loads(Path(folder, "agent.json").read_text()).get("phase") == "done")
    except (OSError, ValueError):
        return False


def _variables() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(NOT_FOR_JOBS)}


def _write(path: Path, content: str) -> None:
    part = path.with_name(f".{path.name}-{os.getpid()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    part.rename(path)
