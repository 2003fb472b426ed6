"""Measures a simulation at its full queue: what decisions, turns, looks and a restart cost.

Rates are given for a second of the clock and for one of the process's CPU time. All else is CPU
time, which other work on the machine does not lengthen much.
"""

import resource
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from statistics import median

from runyard.protocol.errors import NotFound
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.store import usage
from runyard_server.store.subjects import CLUSTER, Subject
from runyard_server.testing.simulation import Simulation, Turns

_TIMES = 15
_KIB, _MILLI = 1024, 1000


@dataclass(frozen=True)
class Figures:
    """What was measured at one size.

    Args:
        nodes: How many nodes there were.
        queued: How many runs waited while it was measured.
        busy: How many nodes were held.
        submitted: Runs written down a second.
        intake: Decisions a second of turn while all runs came into the queue.
        intake_cpu: The same for a second of CPU time.
        longest_turn: Seconds of the clock of the longest of those turns.
        steady: Decisions a second of turn while runs ended, others began and as many came.
        steady_cpu: The same for a second of CPU time.
        steady_turn: Seconds of such a turn on average.
        per_turn: Decisions of such a turn.
        run_cpu: Milliseconds of CPU time for each run that ended meanwhile, from its submission to
            its end, with all that the simulation adds.
        beat: Milliseconds of CPU time for a beat that tells nothing new, without HTTP.
        idle_turn: Seconds of a turn that has the first run of a queue looked at for nothing.
        observe: Seconds of a look at all agents and clusters.
        blind_observe: The same where only beats tell that agents live.
        restart: Seconds until a new process has looked at everything.
        memory: Highest resident memory in MiB, the simulation's own accounts included.
        database: MiB of the database.
    """

    nodes: int
    queued: int
    busy: int
    submitted: float
    intake: float
    intake_cpu: float
    longest_turn: float
    steady: float
    steady_cpu: float
    steady_turn: float
    per_turn: float
    run_cpu: float
    beat: float
    idle_turn: float
    observe: float
    blind_observe: float
    restart: float
    memory: float
    database: float

    def record(self) -> dict[str, float]:
        """The figures by name."""
        return asdict(self)


def measure(simulation: Simulation, steps: int = 100) -> Figures:
    """Fill a new simulation and measure it.

    Args:
        simulation: The simulation.
        steps: How many steps to take with the queue full.
    """
    shape = simulation.shape
    submit = _timed(lambda: simulation.submit(shape.runs))
    simulation.queue()
    intake, simulation.turns = simulation.turns, Turns()
    before, ended = time.process_time(), simulation.ledger.ended.total()
    steady = _steady(simulation, steps)
    per_run = (time.process_time() - before) / (simulation.ledger.ended.total() - ended)
    beat = _beat(simulation)
    return Figures(
        nodes=shape.nodes,
        queued=simulation.ledger.queued,
        busy=simulation.ledger.busy,
        submitted=shape.runs / submit,
        intake=intake.rate,
        intake_cpu=intake.cpu_rate,
        longest_turn=max(intake.seconds),
        steady=steady.rate,
        steady_cpu=steady.cpu_rate,
        steady_turn=steady.cpu_seconds / len(steady.seconds),
        run_cpu=per_run * _MILLI,
        beat=beat * _MILLI,
        per_turn=steady.decisions / len(steady.seconds),
        idle_turn=_idle_turn(simulation),
        observe=median(_timed(simulation.loop.observe) for _ in range(_TIMES)),
        blind_observe=_blind(simulation),
        restart=_timed(simulation.restart),
        memory=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / _KIB,
        database=_size(simulation.system) / _KIB**2,
    )


def _steady(simulation: Simulation, steps: int) -> Turns:
    """Take steps in which as many small runs come as are placed, so that the queue is full."""
    simulation.turns = Turns()
    placed = simulation.ledger.placed
    for _ in range(steps):
        simulation.step()
        more, placed = simulation.ledger.placed - placed, simulation.ledger.placed
        simulation.submit(more, most=1)
    return simulation.turns


def _idle_turn(simulation: Simulation) -> float:
    """Seconds of a turn after the clusters have had the first of their queues looked at again."""
    cluster = simulation.workload.clusters[0]
    simulation.loop.turn()
    took = []
    for _ in range(_TIMES):
        simulation.system.notices.changed(
            work_topic(Subject(CLUSTER, cluster.workspace, cluster.name))
        )
        simulation.loop.turn()
        took.append(_timed(simulation.loop.turn))
    return median(took)


def _beat(simulation: Simulation) -> float:
    """Seconds of CPU time for a beat that tells nothing new; every agent at work has two."""
    working = simulation.working()
    # The first of them may be written, as one in six is.
    for _ in range(2):
        before = time.process_time()
        for agent in working:
            # Its run may have begun anew without it.
            with suppress(NotFound):
                simulation.report(agent)
    return (time.process_time() - before) / len(working)


def _blind(simulation: Simulation) -> float:
    """Seconds of a look where beats alone tell that agents live; all have just had theirs."""
    simulation.machines.tells = False
    took = median(_timed(simulation.loop.observe) for _ in range(_TIMES))
    simulation.machines.tells = True
    return took


def _timed(act: Callable[[], object]) -> float:
    """Seconds of CPU time, of all threads."""
    began = time.process_time()
    act()
    return time.process_time() - began


def _size(system: System) -> int:
    file = system.home.database
    return system.read(lambda work: usage.of_database(work.connection, file)).size
