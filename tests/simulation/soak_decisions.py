"""A thousand decisions a second with a hundred thousand runs in the queue; part of `make soak`."""

from pathlib import Path

from runyard_server.testing.simulated_figures import measure
from runyard_server.testing.simulated_runs import Shape
from runyard_server.testing.simulation import Simulation

QUEUED = 100_000
LEAST = 1000


def test_a_thousand_decisions_a_second(tmp_path: Path) -> None:
    """Both while all of them come and while runs end and others begin.

    For each second of CPU time, so that what else the machine does decides nothing.
    """
    simulation = Simulation(tmp_path, Shape(nodes=QUEUED // 10, runs=QUEUED))
    figures = measure(simulation)
    simulation.close()
    assert figures.queued >= 0.9 * QUEUED
    assert min(figures.intake_cpu, figures.steady_cpu) >= LEAST, figures
