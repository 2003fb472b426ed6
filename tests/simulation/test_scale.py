"""The scheduler at the size of a data centre: by the rules, without starving anybody, and in time.

SIMULATED_NODES and SIMULATED_RUNS say how large the simulation is (300 and 2,000 by default;
`make soak` takes 10,000 and 100,000), SIMULATED_SEED is what everything in it follows from.
"""

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from runyard.protocol.runs import RUNNING, SCRIPT_RUN
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import advancing, new_runs
from runyard_server.execution.new_runs import Named
from runyard_server.store import experiments, job_nodes
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.testing.databases import is_postgresql
from runyard_server.testing.simulated_runs import Shape
from runyard_server.testing.simulation import Simulation

NODES = int(os.environ.get("SIMULATED_NODES", "300"))
RUNS = int(os.environ.get("SIMULATED_RUNS", "2000"))
SEED = int(os.environ.get("SIMULATED_SEED", "1"))
# So many of the short form come to their end; in the long form all do.
FEW, LONG = 400, 100_000
_EACH = 100

Make = Callable[..., Simulation]
Effort = Callable[[System, Callable[[], object]], int]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes simulations of a shape."""
    made: list[Simulation] = []

    def new(**shape: int) -> Simulation:
        given = {"nodes": NODES, "runs": RUNS, "seed": SEED, **shape}
        made.append(Simulation(tmp_path / str(len(made)), Shape(**given)))
        return made[-1]

    yield new
    for simulation in made:
        simulation.close()


@pytest.mark.slow(seconds=8)
def test_every_run_comes_to_its_end(make: Make) -> None:
    """Machines fail, scripts fail, a service is replaced: each run completes or says why not.

    That no node is given twice, gangs get all or nothing, nobody is overtaken and each failure is
    tried again as often as its run allows, the simulation checks at each event.
    """
    simulation = make(lost=0.03)
    runs = RUNS if RUNS >= LONG else FEW
    simulation.submit(runs)
    simulation.queue()
    simulation.run(lambda: simulation.ledger.ended.total() >= runs // 4)
    simulation.restart()
    # Small ones keep coming behind the gangs.
    simulation.submit(runs // 4, most=1)
    simulation.run()
    simulation.ledger.close()
    ended = simulation.ledger.ended
    assert ended["Completed"] > 10 * ended["Failed"] > 0
    faults = [fault for run in simulation.workload.runs.values() for fault in run.faults.values()]
    assert {"machine", "script"} == set(faults)
    waits = simulation.ledger.waits
    # First come, first served: the largest gangs wait no longer than the small runs around them.
    assert waits[max(waits)].longest <= 1.5 * waits[1].longest
    assert max(waits) == 64


def test_a_fault_among_many_loses_nobody(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails while hundreds come into the queue at once costs nobody a place."""
    simulation = make(runs=800)
    simulation.submit(800)
    calls: list[int] = []
    advance = advancing.advance

    def fail_once(*given: Any) -> Any:
        calls.append(len(given))
        if len(calls) == 3:
            raise OSError("the disk is full")
        return advance(*given)

    monkeypatch.setattr(advancing, "advance", fail_once)
    # A turn lasts a second; on a busy machine the third write may be of another one.
    while len(calls) < 3:
        simulation.turn()
    # Who was left behind comes back with the next look.
    simulation.loop.observe()
    simulation.queue()
    assert simulation.ledger.queued + simulation.ledger.placed == 800


@pytest.fixture
def effort() -> Iterator[Effort]:
    """Counts what a database does for something: no clock, so no busy machine.

    Of SQLite hundreds of instructions, of PostgreSQL the pages that it looks at.
    """
    if is_postgresql():
        yield _pages_for
        return
    done: Counter[str] = Counter()

    def note() -> None:
        done["instructions"] += _EACH

    def begin(connection: Any, _record: object) -> None:
        connection.set_progress_handler(note, _EACH)

    def instructions_for(_system: System, act: Callable[[], object]) -> int:
        done.clear()
        act()
        return done["instructions"]

    event.listen(Engine, "connect", begin)
    yield instructions_for
    event.remove(Engine, "connect", begin)


def _pages_for(system: System, act: Callable[[], object]) -> int:
    looked = "SELECT blks_hit + blks_read FROM pg_stat_database WHERE datname = current_database()"

    def so_far() -> int:
        # What a session has done it tells at the latest when it has been idle for ten seconds.
        time.sleep(11)
        return int(system.read(lambda work: work.connection.exec_driver_sql(looked).scalar_one()))

    before = so_far()
    act()
    return so_far() - before


@pytest.mark.slow(seconds=6)
def test_a_long_queue_costs_a_turn_nothing(effort: Effort, make: Make) -> None:
    """With five times as many runs in the queue, the database does about the same for each step."""
    did = []
    for runs in (RUNS // 5, RUNS):
        simulation = make(runs=runs)
        simulation.submit(runs)
        simulation.queue()
        assert simulation.ledger.queued > runs // 2

        def steps(simulation: Simulation = simulation) -> None:
            for _ in range(40):
                simulation.step()

        did.append(effort(simulation.system, steps))
    few, many = did
    assert many < 1.5 * few


def test_the_places_here_are_counted_without_the_history(effort: Effort, make: Make) -> None:
    """How many runs are on this machine does not take longer where very many are elsewhere."""
    did = []
    for runs in (RUNS // 10, RUNS):
        simulation = make(runs=runs)
        simulation.submit(runs)
        place = simulation.workload.clusters[0].workspace
        simulation.system.write(lambda work, place=place: _run_here(work, place, 4))

        def count(work: Work) -> int:
            held = [job_nodes.count_unfinished_on(work.connection, "local") for _ in range(50)]
            return held[-1]

        def look(system: System = simulation.system) -> None:
            assert system.read(count) == 4

        did.append(effort(simulation.system, look))
    few, many = did
    assert many < 1.5 * few


def _run_here(work: Work, place: str, count: int) -> None:
    experiment = experiments.ensure(work.connection, place, "here", work.now)
    for number in range(count):
        row = new_runs.new_row(
            place, f"here-{number}", "here", status=RUNNING, target="local", run_type=SCRIPT_RUN
        )
        key = new_runs.add(work, row, experiment, "{}", Named({}, {}, {})).key
        job_nodes.add(work.connection, [JobNodeRow(key, 0, 1, "local", "running")])
