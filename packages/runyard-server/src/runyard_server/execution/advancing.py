"""The next step of many runs at once: into preparation, into the queue, onto nodes.

All of it is one write, so that first come is first served whatever wakes the scheduler, and a run
whose environment exists has its node one commit after it was seen.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runyard.protocol.environments import LockRecord
from runyard_server.compute.base import Grant
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import placement, preparing
from runyard_server.execution.placement import Placement, Target, target_of
from runyard_server.store import runs
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
    waiting: Sequence[int],
    token: str,
) -> Advanced:
    """Bring runs on, and place what waits.

    Args:
        system: The service's parts.
        slow: Keys of runs whose environment must be made first.
        ready: The locks of the runs whose environment exists, by key.
        capacity: The targets to place on, each with how many may be there; see `placement.place`.
        waiting: Keys of runs in a queue that have no nodes and do not say why they wait.
        token: What runs are leased with.
    """

    def write(work: Work) -> Advanced:
        begun = preparing.begin(work, slow, token)
        queued = preparing.enqueue_ready(work, ready, token)
        newcomers: defaultdict[Target, list[RunRow]] = defaultdict(list)
        for row in (*queued, *runs.find_many(work.connection, waiting)):
            newcomers[target_of(row)].append(row)
        placed = [
            each
            for target in sorted(capacity, key=lambda t: (t.workspace, t.name))
            for each in placement.place(work, target, capacity[target], newcomers[target])
        ]
        return Advanced(begun, placed)

    return system.write(write)
