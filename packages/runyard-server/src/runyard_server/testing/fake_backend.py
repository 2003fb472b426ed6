"""The smallest backend there is: its agents are entries in a table, moved by hand.

For tests of the scheduler, in which time must not pass and each death is decided by the test; and
the example for whoever writes a backend. An `Engine` stands for what a backend speaks to: it
outlives the backends, and answers the same to each.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from runyard.protocol.errors import RunyardError
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

SLOTS = Capabilities(
    cpus=2, shares_nodes=True, shares_files=True, on_this_machine=True, called="this machine"
)


@dataclass
class Engine:
    """Where the agents are: it outlives the backends that speak to it.

    Args:
        agents: What is to be seen of each agent, by handle.
        canceled: The handles that were asked to stop.
        plans: The launches, in order.
        refuse: Raised by each launch while it is set.
        refuse_salvage: Raised by each launch of a salvage alone.
        nodes: How many nodes may be granted; None grants all.
        reason: What the others wait for.
        deaf: Whether agents go on when they are canceled.
        can: What the site can do.
        ending: Why it ends agents, where it does.
    """

    agents: dict[str, Observation] = field(default_factory=dict)
    canceled: list[str] = field(default_factory=list)
    plans: list[LaunchPlan] = field(default_factory=list)
    refuse: RunyardError | None = None
    refuse_salvage: RunyardError | None = None
    nodes: int | None = None
    reason: str = ""
    deaf: bool = False
    can: Capabilities = SLOTS
    ending: str = ""

    def end(self, handle: str, exit_code: int | None = None, signal: str | None = None) -> None:
        """End an agent.

        Args:
            handle: The agent's handle.
            exit_code: Its exit code.
            signal: Name of the signal that ended it.
        """
        self.agents[handle] = Observation(alive=False, exit_code=exit_code, signal=signal)


class FakeBackend(Backend):
    """Speaks to an `Engine`.

    Args:
        context: What is told of the service.
        engine: Where the agents are.
    """

    def __init__(self, context: SiteContext, engine: Engine) -> None:
        self._context = context
        self._engine = engine
        self._lock = threading.Lock()

    def capabilities(self) -> Capabilities:
        """What the engine is said to have."""
        return self._engine.can

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """A plan that names the job, with a folder for each node."""
        shared = self._context.runs / job.run
        own = shared if job.node == 0 else shared / "nodes" / str(job.node)
        place = Place(
            run_folder=str(own),
            light=str(self._context.light.folder),
            url=self._context.url(),
            shared_folder=str(shared),
            connection_file=self._connection_file,
            cpus=job.size.cpus if job.size else self._engine.can.cpus,
        )
        return LaunchPlan(
            run=job.run,
            node=job.node,
            attempt=job.attempt,
            purpose=JOB if salvage is None else SALVAGE,
            command=["agent" if salvage is None else f"salvage: {salvage}", job.run],
            environment={},
            folder=str(own),
            job=job.at(place),
        )

    @property
    def _connection_file(self) -> str:
        """What leads to the service's sockets, for nodes that can reach them."""
        return str(self._context.connection_file) if self._engine.can.on_this_machine else ""

    def launch(self, plan: LaunchPlan) -> str:
        """Write what the agent would read, and enter it into the table."""
        folder = Path(plan.folder)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / JOB_FILE).write_bytes(msgspec.json.encode(plan.job))
        handle = f"{plan.run}/{plan.node}/{plan.attempt}/{plan.purpose}"
        with self._lock:
            if self._engine.refuse is not None:
                raise self._engine.refuse
            if plan.purpose == SALVAGE and self._engine.refuse_salvage is not None:
                raise self._engine.refuse_salvage
            there = self._engine.agents.get(handle)
            # Once by name: a repeat starts nothing, but a salvage that died has a successor.
            if there is None or (plan.purpose == SALVAGE and there.alive is False):
                self._engine.plans.append(plan)
                self._engine.agents[handle] = Observation(alive=True)
        return handle

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """Find agents in the table; who is not in it is gone."""
        gone = Observation(alive=False)
        return {handle: self._engine.agents.get(handle, gone) for handle in handles}

    def cancel(self, handle: str) -> None:
        """Note the wish, and end the agent unless the engine is deaf."""
        self._engine.canceled.append(handle)
        if self.observe([handle])[handle].alive and not self._engine.deaf:
            self._engine.end(handle, signal="SIGTERM")

    def ended_by(self, handle: str) -> str:
        """Why the engine ends agents."""
        del handle
        return self._engine.ending

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant what the engine has."""
        del cluster
        most = need.nodes if self._engine.nodes is None else self._engine.nodes
        return Grant(min(need.nodes, most), self._engine.reason if most < need.nodes else "")
