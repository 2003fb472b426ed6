"""A backend of ten thousand nodes that do not exist: its agents are entries in a table.

Unlike `fake_backend` it writes no files and forgets who has ended, so that a hundred thousand runs
can pass through it. `Machines` stands for what a backend speaks to. It knows which node each agent
is on and refuses a second job there, loses nodes for a while when it is told to, and hands out whom
it has begun since it was asked last, so that whoever simulates can let them speak.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass

from runyard.protocol.errors import TemporaryError
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
)
from runyard_server.core.clock import SECOND, Clock

_CAN = Capabilities(cpus=64, memory_gb=512.0, called="the simulation")
# A node's name tells it from others of its workspace.
_NodeKey = tuple[str, str]


class TakenTwice(AssertionError):
    """A node was given to two runs at once."""


@dataclass(slots=True)
class SimulatedAgent:
    """An agent, and what is to be seen of it."""

    handle: str
    workspace: str
    run: str
    node: int
    attempt: int
    node_name: str
    salvages: bool
    seen: Observation

    @property
    def alive(self) -> bool:
        """Whether it lives."""
        return bool(self.seen.alive)


class Machines:
    """All nodes of all clusters; may be used from any thread.

    Args:
        clock: The simulated time.
        most: How many nodes may be granted to all clusters together.
    """

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._guard = threading.Lock()
        self._agents: dict[str, SimulatedAgent] = {}
        self._begun: list[SimulatedAgent] = []
        self._at_work: dict[_NodeKey, str] = {}
        self._away: dict[_NodeKey, int] = {}
        self._granted: dict[str, int] = {}
        self.tells = True
        """Whether the engine can tell of each agent that it lives."""

    def begun(self) -> list[SimulatedAgent]:
        """The agents that began since this was asked last."""
        with self._guard:
            found, self._begun = self._begun, []
        return found

    def end(self, agent: SimulatedAgent, exit_code: int | None = 0) -> None:
        """End an agent by itself, or with None by a machine that is gone."""
        with self._guard:
            agent.seen = Observation(alive=False, exit_code=exit_code)
            where = agent.workspace, agent.node_name
            if self._at_work.get(where) == agent.handle:
                del self._at_work[where]

    def lose(self, agent: SimulatedAgent, seconds: float) -> None:
        """Have the machine of an agent fail and be back after so many seconds."""
        self.end(agent, exit_code=None)
        with self._guard:
            until = self._clock.now_us() + int(seconds * SECOND)
            self._away[agent.workspace, agent.node_name] = until

    def launch(self, plan: LaunchPlan) -> str:
        """Begin an agent.

        Raises:
            TemporaryError: It is to clean up on a machine that is away.
            TakenTwice: Another run's agent is at work on the node.
        """
        handle = f"{plan.run}/{plan.node}/{plan.attempt}/{plan.purpose}"
        job = plan.job
        where = job.workspace, job.node_name
        with self._guard:
            if plan.purpose == SALVAGE:
                self._reach(where)
            elif self._at_work.setdefault(where, handle) != handle:
                raise TakenTwice(f"{handle} is to be on {where}, where {self._at_work[where]} is")
            if handle not in self._agents or not self._agents[handle].alive:
                agent = SimulatedAgent(
                    handle,
                    job.workspace,
                    plan.run,
                    plan.node,
                    plan.attempt,
                    job.node_name,
                    salvages=plan.purpose == SALVAGE,
                    seen=Observation(alive=True),
                )
                self._agents[handle] = agent
                self._begun.append(agent)
        return handle

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """What is seen of agents; whoever has ended is forgotten afterwards."""
        found = {}
        with self._guard:
            for handle in handles:
                agent = self._agents.get(handle)
                if agent is None:
                    found[handle] = Observation(alive=False)
                elif agent.alive:
                    found[handle] = agent.seen if self.tells else Observation(alive=None)
                else:
                    found[handle] = self._agents.pop(handle).seen
        return found

    def resize(self, cluster: str, nodes: int) -> Grant:
        """Grant what there is beside what the other clusters have."""
        with self._guard:
            others = sum(count for name, count in self._granted.items() if name != cluster)
            granted = min(nodes, self._most - others)
            self._granted[cluster] = granted
        return Grant(granted, "" if granted == nodes else "all simulated nodes are taken")

    def granted(self, cluster: str) -> int:
        """How many nodes a cluster was granted last."""
        return self._granted.get(cluster, 0)

    def _reach(self, where: _NodeKey) -> None:
        until = self._away.get(where, 0)
        if until > self._clock.now_us():
            raise TemporaryError(f"node {where[1]} does not answer")
        self._away.pop(where, None)


class SimulatedBackend(Backend):
    """Speaks to `Machines`.

    Args:
        machines: The nodes.
    """

    def __init__(self, machines: Machines) -> None:
        self._machines = machines

    def capabilities(self) -> Capabilities:
        """Nodes as large as any size asks for, which share nothing with the service."""
        return _CAN

    def plan(self, job: Job, salvage: str | None = None) -> LaunchPlan:
        """A plan that names the job."""
        purpose = JOB if salvage is None else SALVAGE
        made = job.at(Place("/runs", "/light.zip", "http://service", environments="/environments"))
        command = ["agent", job.run]
        return LaunchPlan(job.run, job.node, job.attempt, purpose, command, {}, "/runs", made)

    def launch(self, plan: LaunchPlan) -> str:
        """Begin the agent."""
        return self._machines.launch(plan)

    def observe(self, handles: Sequence[str]) -> dict[str, Observation]:
        """What is seen of agents."""
        return self._machines.observe(handles)

    def cancel(self, handle: str) -> None:
        """Agents of the simulation are never canceled: it decides when they end."""
        del handle

    def resize(self, cluster: str, need: Need) -> Grant:
        """Grant what there is."""
        return self._machines.resize(cluster, need.nodes)
