"""The scheduler at the size of a data centre: by the rules, without starving anybody, and in time.

SIMULATED_NODES and SIMULATED_RUNS say how large the simulation is (300 and 2,000 by default;
`make soak` takes 10,000 and 100,000), SIMULATED_SEED is what everything in it follows from.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from runyard_server.testing.simulated_runs import Shape
from runyard_server.testing.simulation import Simulation

NODES = int(os.environ.get("SIMULATED_NODES", "300"))
RUNS = int(os.environ.get("SIMULATED_RUNS", "2000"))
SEED = int(os.environ.get("SIMULATED_SEED", "1"))
# So many of the short form come to their end; in the long form all do.
FEW, LONG = 400, 100_000
SHARE = 4.0

Make = Callable[..., Simulation]


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


@pytest.mark.slow(seconds=6)
def test_a_long_queue_costs_a_turn_nothing(make: Make) -> None:
    """With twenty times as many runs in the queue, a turn takes about as long."""
    few, many = make(runs=RUNS // 20), make()
    for simulation in (few, many):
        simulation.submit(simulation.shape.runs)
        simulation.queue()
        simulation.turns.seconds.clear()
    # In turns, so that what else the machine does meets both.
    for _ in range(40):
        few.step()
        many.step()
    assert median(many.turns.seconds) < SHARE * median(few.turns.seconds)
