"""What is done once with everything a run has delivered, before it is said to have ended."""

from runyard_server.operations.system import System
from runyard_server.store.runs import RunRow


def seal(system: System, row: RunRow) -> None:
    """Fix the run's logs as files by content and pack its metrics; twice is harmless."""
