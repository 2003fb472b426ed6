"""The scheduler at the size of a data centre: by the rules, without starving anybody, and in time.

SIMULATED_NODES and SIMULATED_RUNS say how large the simulation is (300 and 2,000 by default;
`make soak` takes 10,000 and 100,000), SIMULATED_SEED is what everything in it follows from.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from runyard_server.execution import advancing
from runyard_server.testing.simulated_runs import Shape
from runyard_server.testing.simulation import Simulation

NODES = int(os.environ.get("SIMULATED_NODES", "300"))
RUNS = int(os.environ.get("SIMULATED_RUNS", "2000"))
SEED = int(os.environ.get("SIMULATED_SEED", "1"))
# So many of the short form come to their end; in the long form all do.
FEW, LONG = 400, 100_000
_EACH = 100

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


def test_a_fault_among_many_loses_nobody(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A write that fails while hundreds come into the queue at once costs nobody a place."""
    simulation = make(runs=800)
    simulation.submit(800)
    calls = iter(range(1000))
    advance = advancing.advance

    def fail_once(*given: Any) -> Any:
        if next(calls) == 2:
            raise OSError("the disk is full")
        return advance(*given)

    monkeypatch.setattr(advancing, "advance", fail_once)
    simulation.turn()
    # Who was left behind comes back with the next look.
    simulation.loop.observe()
    simulation.queue()
    assert simulation.ledger.queued + simulation.ledger.placed == 800


@pytest.fixture
def effort() -> Iterator[Counter[str]]:
    """Counts what all databases do, in hundreds of instructions: no clock, so no busy machine."""
    done: Counter[str] = Counter()

    def note() -> None:
        done["instructions"] += _EACH

    def begin(connection: Any, _record: object) -> None:
        connection.set_progress_handler(note, _EACH)

    event.listen(Engine, "connect", begin)
    yield done
    event.remove(Engine, "connect", begin)


@pytest.mark.slow(seconds=6)
def test_a_long_queue_costs_a_turn_nothing(effort: Counter[str], make: Make) -> None:
    """With five times as many runs in the queue, the database does about the same for each step."""
    did = []
    for runs in (RUNS // 5, RUNS):
        simulation = make(runs=runs)
        simulation.submit(runs)
        simulation.queue()
        assert simulation.ledger.queued > runs // 2
        effort.clear()
        for _ in range(40):
            simulation.step()
        did.append(effort["instructions"])
    few, many = did
    assert many < 1.5 * few
