"""The scheduler and the store at the size of a data centre, with a simulated backend and clock.

    simulation = Simulation(folder, Shape(nodes=10_000, runs=100_000))
    simulation.submit(100_000)
    simulation.queue()      all of them come into the queue
    simulation.run()        until all have ended

What decides is the service's own: the loop with its reconcilers, the rules, SQLite in a state
folder. What is simulated is time, nodes and agents; an agent speaks by the verbs that a real one
asks for over HTTP. A step is a second of the simulation in which something happens: agents speak,
machines fail, then the loop takes a turn, which is measured. After each step `Ledger` checks what
was decided.

A decision is a run that was examined with an outcome that is written down: it was placed, or it
waits for a reason that is new. Runs that are looked at again and wait on as before do not count.
"""

import heapq
import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from runyard.protocol import jobs as protocol
from runyard.protocol.errors import NotFound
from runyard.protocol.jobs import AgentReport, FinishReport
from runyard_server.app import reconcilers
from runyard_server.app.sites import context_of, make_site
from runyard_server.compute.light import named
from runyard_server.core.clock import SECOND
from runyard_server.core.notices import Notices
from runyard_server.core.settings import Settings
from runyard_server.core.sites import Sites
from runyard_server.core.system import System
from runyard_server.execution import jobs
from runyard_server.operations import environments
from runyard_server.scheduler.loop import Loop
from runyard_server.scheduler.runs import RunReconciler
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records
from runyard_server.testing.clocks import FakeClock
from runyard_server.testing.databases import url_of
from runyard_server.testing.fake_environments import FakeEnvironments
from runyard_server.testing.parts import LIGHT, URL
from runyard_server.testing.simulated_backend import Machines, SimulatedAgent, SimulatedBackend
from runyard_server.testing.simulated_rules import Ledger
from runyard_server.testing.simulated_runs import ENVIRONMENT, Shape, SimulatedRun, Workload

SITE = "simulation"
# How often the loop looks at the world outside, in simulated seconds.
_TICK = 5
# Back before the service gives the machine up, and after it.
_AWAY = (2.0, 90.0)
_STOPPED_AFTER = 2
_AUDITED = 25
_AT_ONCE = 16
_PATIENCE = 60.0


@dataclass
class Turns:
    """What turns of the loop took and decided."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0
    decisions: int = 0

    @property
    def rate(self) -> float:
        """Decisions a second of the clock."""
        return self.decisions / sum(self.seconds)

    @property
    def cpu_rate(self) -> float:
        """Decisions a second of CPU time, which other work on the machine hardly lengthens."""
        return self.decisions / self.cpu_seconds


class Simulation:
    """A service without its face, and a world for it.

    Args:
        folder: For its state folder.
        shape: How large all is.
    """

    def __init__(self, folder: Path, shape: Shape) -> None:
        self.shape = shape
        self.clock = FakeClock()
        self.machines = Machines(self.clock, shape.nodes)
        self.locks = FakeEnvironments()
        self.system = _system(folder, self.clock, self.machines, self.locks)
        digest = self.locks.definition_hash(ENVIRONMENT)
        environments.keep_lock(self.system, digest, self.locks.lock(ENVIRONMENT, lambda _: None))
        self.workload = Workload(self.system, shape, SITE)
        places = {cluster.workspace for cluster in self.workload.clusters}
        self.ledger = Ledger(self.system, self.workload.runs, places)
        self.turns = Turns()
        self._chance = random.Random(shape.seed + 1)  # noqa: S311 - nothing is secret here
        self._numbers = itertools.count()
        # What agents will say, by time; None is a machine that fails.
        self._words: list[tuple[int, int, SimulatedAgent, FinishReport | None]] = []
        self._gangs: dict[tuple[str, str, int], list[SimulatedAgent]] = {}
        self._requests = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="agents")
        self._steps = 0
        self._looked = self.clock.now
        self._begin()

    def queue(self) -> None:
        """Have all runs that were submitted come into the queue or onto nodes."""
        while self.ledger.queued + self.ledger.placed < len(self.workload.runs):
            self.turn()

    def submit(self, count: int, most: int = 64) -> None:
        """Submit more runs.

        Args:
            count: How many.
            most: How many nodes any of them asks for at most.
        """
        self.workload.add(count, most)

    def run(self, until: Callable[[], bool] | None = None) -> None:
        """Take steps until something holds; until all has ended by default."""
        while not (until() if until is not None else self._is_over()):
            self.step()

    def step(self) -> None:
        """Go to the next second in which something happens, and take a turn."""
        next_look = self._looked + _TICK * SECOND
        moment = min(self._words[0][0], next_look) if self._words else next_look
        self.clock.now = max(self.clock.now, moment)
        due = []
        while self._words and self._words[0][0] <= self.clock.now:
            due.append(heapq.heappop(self._words)[2:])
        for agent, word in due:
            self._expect(agent, word)
        self._together(self._speak, due)
        if self.clock.now >= next_look:
            self._looked = self.clock.now
            self.loop.observe()
        self.turn()
        self._steps += 1
        if self._steps % _AUDITED == 0:
            self.ledger.audit()

    def turn(self) -> float:
        """Have the loop take a turn and agents begin; give the seconds that the turn took."""
        began, cpu = time.perf_counter(), time.process_time()
        self.loop.turn()
        took = time.perf_counter() - began
        self.turns.cpu_seconds += time.process_time() - cpu
        before = self.ledger.decisions
        self._settle()
        self.ledger.read()
        self.turns.seconds.append(took)
        self.turns.decisions += self.ledger.decisions - before
        return took

    def restart(self) -> None:
        """Another process takes over and looks at everything."""
        self.loop.stop()
        self._begin()
        self.loop.take_up()
        self.loop.observe()
        self.loop.turn()
        self._settle()
        self.ledger.read()

    def close(self) -> None:
        """End everything."""
        self.loop.stop()
        self._requests.shutdown()
        self.system.records.close()

    def _begin(self) -> None:
        token = uuid.uuid4().hex
        made = reconcilers.made(self.system, self.locks, token)
        (self._runs,) = [each for each in made if isinstance(each, RunReconciler)]
        self.loop = Loop(self.system, made, token)

    def _is_over(self) -> bool:
        return self.ledger.ended.total() == len(self.workload.runs)

    def _settle(self) -> None:
        """Wait until agents that are being launched have begun; have them tell that they work."""
        end = time.monotonic() + _PATIENCE
        while self._runs.launching:
            assert time.monotonic() < end, "launches do not end"
            time.sleep(0.0005)
        begun = self.machines.begun()
        self._together(self.report, [(agent,) for agent in begun if not agent.salvages])
        for agent in begun:
            if agent.salvages:
                self._later(1, agent, FinishReport(protocol.OUTCOME_FAILED, exit_code=1))
            else:
                self._work(agent)

    def _together(self, act: Callable[..., None], given: Iterable[tuple[Any, ...]]) -> None:
        """Do several at once, as requests come, so that they share commits."""
        for _ in self._requests.map(lambda each: act(*each), given):
            pass

    def working(self) -> list[SimulatedAgent]:
        """The agents that are at work."""
        return [agent for _, _, agent, _ in self._words if agent.alive and not agent.salvages]

    def report(self, agent: SimulatedAgent) -> None:
        """Have an agent tell that it works."""
        body = AgentReport("running", pid=1, host=agent.node_name, attempt=agent.attempt)
        jobs.report(self.system, agent.workspace, agent.run, str(agent.node), body)

    def _work(self, agent: SimulatedAgent) -> None:
        run = self.workload.runs[agent.workspace, agent.run]
        if run.agents > 1:
            self._gang(agent).append(agent)
        if self._chance.random() < self.shape.lost:
            self._later(self._chance.randint(1, run.seconds), agent, None)
        self._later(run.seconds, agent, self._fate(run, agent))

    def _fate(self, run: SimulatedRun, agent: SimulatedAgent) -> FinishReport:
        failed = sum(1 for fault in run.faults.values() if fault == "script")
        if agent.node == 0 and failed < run.failing:
            return FinishReport(protocol.OUTCOME_FAILED, exit_code=1)
        return FinishReport(protocol.OUTCOME_COMPLETED, exit_code=0)

    def _expect(self, agent: SimulatedAgent, word: FinishReport | None) -> None:
        """Take note of what an agent that lives is about to bring about, and fail machines."""
        failed = word is None or word.outcome == protocol.OUTCOME_FAILED
        if not agent.alive or agent.salvages or not failed:
            return
        run = self.workload.runs[agent.workspace, agent.run]
        run.faults.setdefault(agent.attempt, "machine" if word is None else "script")
        for other in self._gang(agent):
            if other is not agent and other.alive:
                self._later(_STOPPED_AFTER, other, FinishReport(protocol.OUTCOME_STOPPED))
        if word is None:
            self.machines.lose(agent, self._chance.choice(_AWAY))

    def _speak(self, agent: SimulatedAgent, word: FinishReport | None) -> None:
        """Have an agent that lives say its last word and end."""
        if word is None or not agent.alive:
            return
        word = replace(word, attempt=agent.attempt)
        # One that cleans up may be late: the run has begun anew without it.
        with suppress(NotFound):
            jobs.finish(self.system, agent.workspace, agent.run, str(agent.node), word)
        self.machines.end(agent)

    def _gang(self, agent: SimulatedAgent) -> list[SimulatedAgent]:
        return self._gangs.setdefault((agent.workspace, agent.run, agent.attempt), [])

    def _later(self, seconds: int, agent: SimulatedAgent, word: FinishReport | None) -> None:
        when = self.clock.now + seconds * SECOND
        heapq.heappush(self._words, (when, next(self._numbers), agent, word))


def _system(folder: Path, clock: FakeClock, machines: Machines, locks: FakeEnvironments) -> System:
    home = Home(folder)
    home.create()
    context = context_of(home, lambda: URL, named(home.light, LIGHT))
    backend = SimulatedBackend(machines)
    site = make_site("simulated", backend, replace(context, name=SITE), locks)
    return System(
        home=home,
        records=Records(url_of(home)),
        blobs=FolderBlobs(home.blobs),
        logs=LogStore(home.run_logs),
        notices=Notices(),
        clock=clock,
        secret=home.secret(),
        settings=Settings(),
        url=lambda: URL,
        sites=Sites([site], SITE),
    )
