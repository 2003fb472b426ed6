"""Nodes that were given up because nobody could reach them: what is done about them afterwards.

The run does not wait for them. But their processes may live, on a machine that is only cut off. An
agent that can speak again hears that its node was given up, ends its processes and leaves. One that
is gone when its machine can be reached again is followed by a salvaging agent, as any other.

Until then, or until such an agent has given up by itself, a further attempt of the run is held
back: two attempts must not write into the folder that the nodes share.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from runyard.protocol.errors import RunyardError, TemporaryError
from runyard.protocol.timeouts import HOLD_SECONDS, ORPHANS_CLOSE_SECONDS
from runyard_server.compute.base import NodeGone
from runyard_server.core.system import System
from runyard_server.execution import active_runs, jobs
from runyard_server.execution.sites import environment_left
from runyard_server.scheduler.pool import Pool
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

MOST_SALVAGES = 5
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class OrphanedAgent:
    """An agent that was given up.

    Args:
        row: Its run.
        node: Its node, as it was when the agent was given up.
        site: Its site's name.
        handle: Its handle; None where it is known to be gone.
        salvages: How many agents that clean up after it have begun; the handle is the last one's.
    """

    row: RunRow
    node: JobNodeRow
    site: str
    handle: str | None
    salvages: int = 0

    @property
    def name(self) -> tuple[Subject, int, int]:
        """What tells it from all others."""
        return self.row.subject, self.node.node, self.node.attempt


class OrphanedAgents:
    """Watches agents that were given up until they are gone, and cleans up after them.

    Args:
        system: The service's parts.
        gone: Called with the run once nothing of the agent is left.
    """

    def __init__(self, system: System, gone: Callable[[RunRow], None]) -> None:
        self._system = system
        self._gone = gone
        self._lock = threading.Lock()
        self._agents: dict[tuple[Subject, int, int], OrphanedAgent] = {}
        self._since: dict[tuple[Subject, int, int], float] = {}
        self._pool = Pool("orphans", 1)

    def add(self, agent: OrphanedAgent) -> None:
        """Watch an agent, unless it is watched already."""
        with self._lock:
            self._agents.setdefault(agent.name, agent)
            self._since.setdefault(agent.name, time.monotonic())

    def has(self, run: Subject) -> bool:
        """Whether an agent of a run is watched."""
        with self._lock:
            return any(agent.row.subject == run for agent in self._agents.values())

    def hold(self, run: Subject) -> bool:
        """Whether processes of a run may still be at work on a node that was given up."""
        before = time.monotonic() - HOLD_SECONDS
        with self._lock:
            return any(name[0] == run and since > before for name, since in self._since.items())

    def watch(self) -> None:
        """Check all; begin to clean up after those that are gone."""
        with self._lock:
            agents = list(self._agents.values())
        for agent in agents:
            well = False
            if agent.handle is not None:
                site = self._system.sites.of(agent.site)
                seen = site.observe([agent.handle])[agent.handle]
                if seen.alive is not False:
                    continue
                well = seen.exit_code == 0
            # One that was killed is followed by another; an unknown end may have been that.
            if agent.salvages and (well or agent.salvages >= MOST_SALVAGES):
                self._forget(agent)
            else:
                self._pool.submit(partial(self._clean, agent))

    def close(self) -> None:
        """End the thread; agents go on."""
        self._pool.close(ORPHANS_CLOSE_SECONDS)

    def _clean(self, agent: OrphanedAgent) -> None:
        with self._lock:
            if self._agents.get(agent.name) is not agent:
                return
        present = active_runs.node(self._system, agent.row.key, agent.node.node)
        if present is None or (present.attempt != agent.node.attempt and present.handle):
            # The run has begun anew; what starts there ends what it finds of an earlier attempt.
            self._forget(agent)
            return
        environment = environment_left(self._system, agent.row)
        job = jobs.remains(self._system, agent.row, agent.node, environment)
        backend = self._system.sites.of(agent.site).backend
        try:
            handle = backend.launch(backend.plan(job, "its node was given up"))
        except NodeGone:
            self._forget(agent)
            return
        except TemporaryError:
            # The next look tries again.
            return
        except (RunyardError, OSError):
            _log.exception("cleaning up after node %d of %s failed", agent.node.node, agent.row.id)
            self._forget(agent)
            return
        with self._lock:
            salvages = agent.salvages + 1
            self._agents[agent.name] = replace(agent, handle=handle, salvages=salvages)

    def _forget(self, agent: OrphanedAgent) -> None:
        jobs.cleared(self._system, agent.row.key, agent.node.node, agent.node.attempt)
        with self._lock:
            self._agents.pop(agent.name, None)
            self._since.pop(agent.name, None)
        self._gone(agent.row)
