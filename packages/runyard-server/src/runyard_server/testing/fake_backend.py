"""A compute backend without processes: agents are entries in a table, moved by hand.

For tests of the scheduler, in which time must not pass and each death is decided by the test.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runyard.protocol.errors import RunyardError
from runyard.protocol.jobs import JOB_FILE, JobSpec
from runyard_server.compute.base import JOB, SALVAGE, Backend, LaunchPlan, Observation


@dataclass
class Engine:
    """Where the agents are: it outlives the backends that speak to it.

    Args:
        agents: What is to be seen of each agent, by handle.
        canceled: The handles that were asked to stop.
        plans: The launches, in order.
        refuse: Raised by each launch while it is set.
        nodes: How many nodes may be granted; None grants all.
        deaf: Whether agents go on when they are canceled.
    """

    agents: dict[str, Observation] = field(default_factory=dict)
    canceled: list[str] = field(default_factory=list)
    plans: list[LaunchPlan] = field(default_factory=list)
    refuse: RunyardError | None = None
    nodes: int | None = None
    deaf: bool = False

    def end(self, handle: str, exit_code: int | None = None, signal: str | None = None) -> None:
        """End an agent."""
        self.agents[handle] = Observation(alive=False, exit_code=exit_code, signal=signal)


class FakeBackend(Backend):
    """Speaks to an `Engine`.

    Args:
        engine: Where the agents are.
    """

    kind = "local"

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()

    def plan(self, job: JobSpec, salvage: str | None = None) -> LaunchPlan:
        """Give a plan that names the job."""
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=["agent" if salvage is None else f"salvage: {salvage}", job.run],
            environment={},
            folder=job.run_folder,
            files={JOB_FILE: msgspec.json.encode(job).decode()},
        )

    def launch(self, plan: LaunchPlan) -> str:
        """Write the plan's files and enter an agent into the table."""
        folder = Path(plan.folder)
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in plan.files.items():
            (folder / name).write_text(content, "utf-8")
        handle = f"{plan.run}/{plan.node}/{plan.attempt}/{plan.purpose}"
        with self._lock:
            if self._engine.refuse is not None:
                raise self._engine.refuse
            there = self._engine.agents.get(handle)
            if there is None or (plan.purpose == SALVAGE and there.alive is False):
                self._engine.plans.append(plan)
                self._engine.agents[handle] = Observation(alive=True)
        return handle

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Look agents up in the table."""
        return {handle: self._engine.agents[handle] for handle in handles}

    def cancel(self, handle: str) -> None:
        """Note the wish, and end the agent unless the engine is deaf."""
        self._engine.canceled.append(handle)
        if self._engine.agents[handle].alive and not self._engine.deaf:
            self._engine.end(handle, signal="SIGTERM")

    def resize(self, cluster: str, nodes: int) -> int:
        """Grant what the engine has."""
        del cluster
        return nodes if self._engine.nodes is None else min(nodes, self._engine.nodes)
