"""Agents: launched on placed nodes, watched, and cleaned up after when they die.

    launch   in a thread of a pool: build the job, plan, launch, write the handle down
    watch    once a second: which agents are gone; one look serves all of a site
    salvage  an agent that is gone without its last word is followed by one that kills what is left
             of the job, delivers what it left, and reports; if that dies too, another follows it;
             after some of them the run is ended here
    lose     a node of a gang that nobody can reach is given up after some seconds; it is watched
             further, and cleaned up after when it can be reached again

Launching is idempotent, so after a restart the same steps are simply taken once more.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass

from runyard.protocol.errors import TemporaryError
from runyard.protocol.jobs import JobEnvironment
from runyard.protocol.timeouts import LAUNCHES_CLOSE_SECONDS
from runyard_server.compute.base import Backend, Job, NodeGone, Observation
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.execution import active_runs, engines, jobs
from runyard_server.execution.gangs import LOST, SALVAGING
from runyard_server.execution.sites import environment_left, site_of
from runyard_server.scheduler.by_node import AgentKey, ByNode
from runyard_server.scheduler.liveness import LivenessMonitor
from runyard_server.scheduler.orphans import MOST_SALVAGES, OrphanedAgent, OrphanedAgents
from runyard_server.scheduler.pool import Pool
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import Subject

_THREADS = 4
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Watched:
    """A launched agent: the run, the node, the attempt, its site's name and its handle."""

    row: RunRow
    node: int
    attempt: int
    site: str
    handle: str
    salvages: str | None = None


class Agents:
    """The agents of all runs.

    Args:
        system: The service's parts.
        environment: Gives the realised environment of a placed run; may make it.
        again: Called with a run to look at again in a while.
        gone: Called with a run whose agent has ended after its last word.
    """

    def __init__(
        self,
        system: System,
        environment: Callable[[RunRow], JobEnvironment],
        again: Callable[[Subject], None],
        gone: Callable[[RunRow], None],
    ) -> None:
        self._system = system
        self._environment = environment
        self._again = again
        self._gone = gone
        self._liveness = LivenessMonitor(system)
        self._orphans = OrphanedAgents(system, gone)
        self._watched: ByNode[Watched] = ByNode()
        self._reasons: dict[AgentKey, str] = {}
        self._salvages: dict[AgentKey, int] = {}
        # What each waits for at its engine, as it was written down last.
        self._waiting: dict[AgentKey, str] = {}
        # The attempts that threads are at work on, and the nodes that have begun anew meanwhile.
        self._launching: ByNode[int] = ByNode()
        self._superseded: set[AgentKey] = set()
        self._lock = threading.Lock()
        self._pool = Pool("launch", _THREADS)

    @property
    def launching(self) -> int:
        """How many agents threads are at work on."""
        with self._lock:
            return len(self._launching)

    def take(self, row: RunRow, node: JobNodeRow) -> None:
        """See to it that a placed node has its agent: launch it, or watch the one it has."""
        where = (row.subject, node.node)
        if node.state == LOST and node.finished_at is not None:
            # Given up before this service started; its processes may still be at work.
            self._orphans.add(OrphanedAgent(row, node, self._site(row), node.handle))
            return
        with self._lock:
            if where in self._watched or where in self._launching:
                # One of a former attempt is about to leave; whoever sees it gone looks again.
                if self._launching.get(where) not in (None, node.attempt):
                    self._superseded.add(where)
                return
            if node.handle is not None:
                salvages = "the agent was lost" if node.state == SALVAGING else None
                self._watched[where] = Watched(
                    row, node.node, node.attempt, self._site(row), node.handle, salvages
                )
                return
            self._launching[where] = node.attempt
        if node.state == SALVAGING:
            reason = self._reasons.get(where, "the agent was lost")
            self._submit(row, node.node, self._salvage, row, node.node, reason)
        else:
            self._submit(row, node.node, self._launch, row, node)

    def has(self, run: Subject) -> bool:
        """Whether an agent of a run lives or is being launched, as far as is known."""
        with self._lock:
            near = self._watched.of_run(run) or self._launching.of_run(run)
        return bool(near) or self._orphans.has(run)

    def cancel(self, run: Subject) -> None:
        """Ask all agents of a run to stop; those being launched are asked afterwards."""
        with self._lock:
            found = self._watched.of_run(run)
        for agent in found:
            # One that cleans up is doing what a cancel asks for.
            if agent.salvages is None:
                self._stop(agent.site, agent.handle)

    def watch(self) -> None:
        """Check all agents; act on those that are gone."""
        self._liveness.look()
        with self._lock:
            agents = list(self._watched)
        for site in sorted({agent.site for agent in agents}):
            mine = [agent for agent in agents if agent.site == site]
            # One call for all of a site: to ask an engine for each agent would take too long.
            seen = self._system.sites.of(site).observe([agent.handle for agent in mine])
            for agent in mine:
                self._judge(agent, seen[agent.handle])
        self._orphans.watch()

    def close(self) -> None:
        """End the threads; agents go on."""
        self._pool.close(LAUNCHES_CLOSE_SECONDS)
        self._orphans.close()

    def _submit(self, row: RunRow, node: int, work: Callable[..., None], *given: object) -> None:
        where = (row.subject, node)

        def guarded() -> None:
            try:
                work(*given)
            except TemporaryError as error:
                if jobs.delayed(self._system, row.key, node, str(error)):
                    _log.warning("node %d of %s: %s; trying again", node, row.subject, error)
                self._again(row.subject)
            except Exception as error:  # noqa: BLE001 - whatever it was, the run must tell it
                _log.exception("launching on node %d of %s failed", node, row.subject)
                self._abandon(row, f"the job could not be launched: {error}")
            finally:
                with self._lock:
                    self._launching.drop(where)
                    superseded = where in self._superseded
                    self._superseded.discard(where)
                if superseded:
                    self._system.notices.changed(work_topic(row.subject))

        self._pool.submit(guarded)

    def _launch(self, row: RunRow, node: JobNodeRow) -> None:
        if self._orphans.hold(row.subject):
            raise TemporaryError("processes of a former attempt may live on a node that was lost")
        job = jobs.build(self._system, row, node, self._environment(row))
        self._start(row, job, None)

    def _salvage(self, row: RunRow, node: int, reason: str) -> None:
        # It ended after its last word: what looks like a death is the usual end.
        if active_runs.is_finished(self._system, row.key, node):
            self._gone(row)
            return
        jobs.lost(self._system, row.key, node, reason)
        job = self._remains(row, node)
        if job is None:
            self._abandon(row, reason)
            return
        # Should it have to be tried again.
        self._reasons[row.subject, node] = reason
        try:
            self._start(row, job, reason)
            self._reasons.pop((row.subject, node), None)
        except NodeGone as error:
            self._reasons.pop((row.subject, node), None)
            jobs.lose(self._system, row, node, error.message)
            jobs.cleared(self._system, row.key, node, job.attempt)
            self._gone(row)
        except TemporaryError:
            if not self._liveness.is_hopeless(row, node):
                raise
            self._lose(row, node, None, reason)

    def _remains(self, row: RunRow, node: int) -> Job | None:
        """The job of a lost agent, None where the run has no such node any more."""
        present = active_runs.node(self._system, row.key, node)
        if present is None:
            return None
        return jobs.remains(self._system, row, present, environment_left(self._system, row))

    def _start(self, row: RunRow, job: Job, salvages: str | None) -> None:
        site = self._site(row)
        backend = self._backend(site)
        handle = backend.launch(backend.plan(job, salvages))
        # Before the handle is written: after a kill in between the same plan finds the same agent.
        agent = Watched(row, job.node, job.attempt, site, handle, salvages)
        with self._lock:
            self._watched[row.subject, job.node] = agent
        # Canceled, or given up, while the launch was under way: nobody had a handle to cancel.
        unwanted = jobs.launched(self._system, row.key, job.node, handle)
        if unwanted and salvages is None:
            backend.cancel(handle)

    def _judge(self, agent: Watched, seen: Observation) -> None:
        row, where = agent.row, (agent.row.subject, agent.node)
        self._tell_waiting(row, agent.node, seen.waits)
        if seen.waits:
            return
        reason = _how_it_went(agent.node, seen)
        if seen.alive is not False:
            ask = self._liveness.never_came if seen.alive else self._liveness.reason
            reason = ask(row, agent.node)
        if not reason:
            return
        anew = self._is_former(agent)
        if anew and seen.alive:
            return
        with self._lock:
            # Another thread has judged it since, or a salvage has taken its place.
            if self._watched.get(where) is not agent:
                return
            self._watched.drop(where)
            if not anew:
                self._launching[where] = agent.attempt
        if anew:
            self._system.notices.changed(work_topic(row.subject))
            return
        if seen.alive is not False and row.node_count > 1:
            self._submit(row, agent.node, self._lose, row, agent.node, agent.handle, reason)
        elif agent.salvages is None:
            self._submit(row, agent.node, self._salvage, row, agent.node, reason)
        else:
            self._submit(row, agent.node, self._give_up, agent, reason)

    def _tell_waiting(self, row: RunRow, node: int, reason: str) -> None:
        """Write down what an agent waits for, where that has changed."""
        where = (row.subject, node)
        if self._waiting.get(where, "") == reason:
            return
        engines.waits(self._system, row.key, node, reason)
        if reason:
            self._waiting[where] = reason
        else:
            self._waiting.pop(where, None)

    def _is_former(self, agent: Watched) -> bool:
        """Whether the run has begun anew since, so that nothing is to be done for this agent."""
        present = active_runs.node(self._system, agent.row.key, agent.node)
        return agent.row.active and (present is None or present.attempt != agent.attempt)

    def _lose(self, row: RunRow, node: int, handle: str | None, reason: str) -> None:
        """Declare a node lost that nobody hears, for the others' sake."""
        self._reasons.pop((row.subject, node), None)
        present = active_runs.node(self._system, row.key, node)
        jobs.lose(self._system, row, node, reason)
        if present is not None:
            self._orphans.add(OrphanedAgent(row, present, self._site(row), handle))
        if handle is not None:
            # Its engine may reach it all the same.
            self._stop(self._site(row), handle)

    def _give_up(self, agent: Watched, reason: str) -> None:
        """A salvaging agent has ended: well, if it reported; else another takes up its work."""
        row, where = agent.row, (agent.row.subject, agent.node)
        begun = self._salvages.pop(where, 1)
        if active_runs.is_finished(self._system, row.key, agent.node):
            self._gone(row)
            return
        _log.warning("run %s: the salvage of its agent failed: %s", row.id, reason)
        job = self._remains(row, agent.node)
        if job is None or begun >= MOST_SALVAGES:
            self._abandon(row, agent.salvages or reason)
            return
        self._salvages[where] = begun + 1
        self._start(row, job, agent.salvages or reason)

    def _stop(self, site: str, handle: str) -> None:
        """Ask an agent to stop; where that cannot be said its beats tell it."""
        try:
            self._backend(site).cancel(handle)
        except TemporaryError as error:
            _log.warning("an agent cannot be asked to stop: %s", error)

    def _abandon(self, run: RunRow, reason: str) -> None:
        try:
            for row in jobs.abandon(self._system, run.key, reason):
                self._gone(row)
        except Exception:  # noqa: BLE001 - a full disk, for example: it must not be left half-way
            _log.exception("%s could not be set to failed; trying again", run.subject)
            self._again(run.subject)

    def _site(self, row: RunRow) -> str:
        return site_of(self._system, row).name

    def _backend(self, site: str) -> Backend:
        return self._system.sites.of(site).backend


def _how_it_went(node: int, seen: Observation) -> str:
    if seen.reason:
        return seen.reason
    if seen.signal is not None:
        return f"agent of node {node} was killed by {seen.signal}"
    if seen.exit_code is not None:
        return f"agent of node {node} ended with exit code {seen.exit_code} without a report"
    return f"agent of node {node} is gone"
