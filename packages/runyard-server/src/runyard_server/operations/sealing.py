"""What is done once with everything a run has delivered, before it is said to have ended."""

from runyard_server.operations import files, metrics
from runyard_server.operations.system import System
from runyard_server.store.runs import RunRow


def seal(system: System, row: RunRow) -> None:
    """Write the run's logs down as files and join its metrics; twice is harmless."""
    files.seal(system, row.workspace, row.id)
    metrics.merge(system, row.key)
