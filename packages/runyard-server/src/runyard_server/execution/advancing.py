"""The next step of many runs at once: into preparation, into the queue, onto nodes.

All of it is one write, so that first come is first served whatever wakes the scheduler, and a run
whose environment exists has its node one commit after it was seen.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runyard.protocol.environments import LockRecord
from runyard_server.compute.base import Grant
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import placement, preparing
from runyard_server.execution.placement import Placement, Target
from runyard_server.store.runs import RunRow


@dataclass(frozen=True)
class Advanced:
    """Runs that have taken a step.

    Args:
        begun: Leased, to have their environment made.
        placed: With their nodes, to be launched on.
    """

    begun: list[RunRow]
    placed: list[Placement]


def advance(
    system: System,
    slow: Sequence[int],
    ready: Mapping[int, LockRecord],
    capacity: Mapping[Target, Grant],
    token: str,
) -> Advanced:
    """Bring runs on, and place what waits.

    Args:
        system: The service's parts.
        slow: Keys of runs whose environment must be made first.
        ready: The locks of the runs whose environment exists, by key.
        capacity: The targets to place on, each with how many may be there; see `placement.place`.
        token: What runs are leased with.
    """

    def write(work: Work) -> Advanced:
        begun = preparing.begin(work, slow, token)
        preparing.enqueue_ready(work, ready, token)
        placed = [
            each
            for target in sorted(capacity, key=lambda t: (t.workspace, t.name))
            for each in placement.place(work, target, capacity[target])
        ]
        return Advanced(begun, placed)

    return system.write(write)
