"""A backend as somebody else would write it: one file, in a distribution of its own.

Its nodes see nothing of the service but its address. Agents are processes with folders below one
of their own, the light half is the zip file, contents come over HTTP, and environments are made by
the agents. A handle is the path of a file that the agent's shell makes, which fails where there is
one: so a launch happens once, whoever dies in the middle of it.
"""

import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from runyard.protocol.errors import TemporaryError
from runyard.protocol.jobs import JOB_FILE
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
from runyard_server.compute.processes import identify

ONCE = 'set -C; echo $$ >"$0" && exec "$@" >>agent.log 2>&1 </dev/null'
PATIENCE_SECONDS = 60.0


class FolderBackend(Backend):
    """Runs agents in a folder.

    Args:
        context: What is told of the service.
        folder: Where its nodes keep what they have.
    """

    def __init__(self, context: SiteContext, *, folder: Path) -> None:
        self._context = context
        self._folder = folder

    def capabilities(self) -> Capabilities:
        """Two nodes with what a small machine has."""
        return Capabilities(cpus=2, memory_gb=4, max_nodes=2, called="the folder")

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """The agent's command, run from the zip file."""
        shared = self._folder / "runs" / job.run
        own = shared / str(job.node)
        place = Place(
            run_folder=str(own),
            light=str(self._context.light.zip),
            url=self._context.url(),
            shared_folder=str(shared / "0"),
            environments=str(self._folder / "environments"),
            cpus=job.size.cpus if job.size else 2,
        )
        spec = job.at(place)
        words = ["agent", str(own)]
        if salvage is not None:
            words = ["salvage", str(own), "--reason", salvage]
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=[sys.executable, "-S", "-E", spec.light, *words],
            environment={},
            folder=str(own),
            job=spec,
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Start a shell that becomes the agent if it is the first to make the handle's file."""
        folder = Path(plan.folder)
        folder.mkdir(parents=True, exist_ok=True)
        handle = folder / f"{plan.attempt}-{plan.purpose}.pid"
        if plan.purpose == SALVAGE and not _alive(handle):
            handle.unlink(missing_ok=True)
        if not handle.exists():
            (folder / JOB_FILE).write_bytes(msgspec.json.encode(plan.job))
            shell = ["/bin/sh", "-c", f'cd "$1" && shift && {ONCE}', str(handle), str(folder)]
            variables = {**os.environ, **plan.environment}
            os.posix_spawn(shell[0], [*shell, *plan.command], variables, setsid=True)
        end = time.monotonic() + PATIENCE_SECONDS
        while not (handle.exists() and handle.read_text()):
            if time.monotonic() > end:
                raise TemporaryError(f"the agent of {plan.run} has not begun")
            time.sleep(0.005)
        return str(handle)

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Find out which processes are alive."""
        return {handle: Observation(alive=_alive(Path(handle))) for handle in handles}

    def cancel(self, handle: str) -> None:
        """Send SIGTERM."""
        if _alive(Path(handle)):
            with suppress(ProcessLookupError):
                os.kill(int(Path(handle).read_text()), signal.SIGTERM)

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant what there is."""
        del cluster
        return Grant(min(need.nodes, 2))


def _alive(handle: Path) -> bool:
    try:
        return identify(int(handle.read_text())) is not None
    except (OSError, ValueError):
        return False
