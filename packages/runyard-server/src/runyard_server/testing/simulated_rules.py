"""What must hold of every decision of the scheduler, checked from what the service writes down.

The ledger reads the events of the database in their order and keeps its own account of who waits
and who holds which nodes. An event that breaks a rule raises at once:

    a run gets all its nodes or none, each of its own cluster, and none that another holds
    a cluster has no more nodes than it may have
    a run is placed only when nobody before it waits for the same cluster: so nobody starves
    a run that has ended in Failed has a reason, and has used up its retries
"""

import heapq
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from runyard.protocol import events as kinds
from runyard.protocol import runs as states
from runyard_server.core.clock import SECOND
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import compute, events, job_nodes, nodes, runs
from runyard_server.store.events import EventRow, FeedFilter, FeedRow
from runyard_server.store.subjects import RUN
from runyard_server.testing.simulated_runs import Cluster, SimulatedRun

PLACED = "placed on "
_PAGE = 5000
_OF_RUNS = FeedFilter(RUN)


@dataclass
class Waits:
    """How long runs of one size have waited in the queue, in simulated seconds."""

    count: int = 0
    longest: float = 0.0
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.count += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)


@dataclass
class _Queue:
    """The runs that wait for a cluster, by their place in it."""

    keys: list[int] = field(default_factory=list)
    waiting: dict[int, int] = field(default_factory=dict)

    def add(self, key: int, now: int) -> None:
        self.waiting[key] = now
        heapq.heappush(self.keys, key)

    def first(self) -> int | None:
        while self.keys and self.keys[0] not in self.waiting:
            heapq.heappop(self.keys)
        return self.keys[0] if self.keys else None


class Ledger:
    """An account of its own of all nodes and queues.

    Args:
        system: The service's parts.
        known: All runs, by workspace and id; may grow.
        workspaces: Ids of the workspaces that they are in.
    """

    def __init__(
        self,
        system: System,
        known: Mapping[tuple[str, str], SimulatedRun],
        workspaces: Iterable[str],
    ) -> None:
        self._system = system
        self._known = known
        self._positions = dict.fromkeys(workspaces, 0)
        self._queues: defaultdict[Cluster, _Queue] = defaultdict(_Queue)
        self._holders: dict[tuple[str, str], SimulatedRun] = {}
        self._held: dict[int, list[tuple[str, str]]] = {}
        self._attempts: Counter[int] = Counter()
        self.waits: defaultdict[int, Waits] = defaultdict(Waits)
        self.ended: Counter[str] = Counter()
        self.placed = 0
        self.told = 0

    @property
    def decisions(self) -> int:
        """Runs that were placed, and reasons to wait that were written down."""
        return self.placed + self.told

    @property
    def queued(self) -> int:
        """How many runs wait for nodes."""
        return sum(len(queue.waiting) for queue in self._queues.values())

    @property
    def busy(self) -> int:
        """How many nodes are held."""
        return len(self._holders)

    def read(self) -> None:
        """Take in all that has been written down since the last time."""
        for workspace in self._positions:
            while page := self._page(workspace):
                for row in page:
                    self._take(self._known[workspace, row.subject.id], row.event)
                self._positions[workspace] = page[-1].position

    def audit(self) -> None:
        """Compare the account with the rows of nodes."""

        def look(work: Work) -> None:
            held: dict[tuple[str, str], str] = {}
            for cluster in compute.everywhere(work.connection):
                present = nodes.of_cluster(work.connection, cluster.workspace, cluster.name)
                assert len(present) <= cluster.max_nodes, cluster
                held |= {(n.workspace, n.id): n.run for n in present if n.run is not None}
            assert held == {where: run.id for where, run in self._holders.items()}

        self._system.read(look)

    def close(self) -> None:
        """Check what must hold when everything has ended."""
        self.read()
        self.audit()
        assert self.queued == 0, "runs wait for nodes"
        assert self.busy == 0, "nodes are held by runs that have ended"
        assert self.ended.total() == len(self._known), "runs have not ended"

        def look(work: Work) -> None:
            assert not runs.active_ids(work.connection)
            assert job_nodes.unfinished(work.connection) == []

        self._system.read(look)

    def _page(self, workspace: str) -> list[FeedRow]:
        after = self._positions[workspace]
        return self._system.read(
            lambda work: events.feed(work.connection, workspace, _OF_RUNS, after, _PAGE)
        )

    def _take(self, run: SimulatedRun, event: EventRow) -> None:
        if event.kind == kinds.REASON:
            self.told += 1
        elif event.kind == kinds.STAGE and event.message.startswith(PLACED):
            self._place(run, event.message.removeprefix(PLACED).split(", "), event.time)
        elif event.kind == kinds.STAGE and "retry" in event.data:
            self._release(run)
            self._queues[run.cluster].add(run.key, event.time)
        elif event.status == states.QUEUED and run.key not in self._queues[run.cluster].waiting:
            self._queues[run.cluster].add(run.key, event.time)
        elif event.status in states.TERMINAL:
            self._release(run)
            self._end(run, event)

    def _place(self, run: SimulatedRun, names: list[str], now: int) -> None:
        queue = self._queues[run.cluster]
        assert queue.first() == run.key, f"{run.id} has overtaken {queue.first()}"
        self.waits[run.node_count].add((now - queue.waiting.pop(run.key)) / SECOND)
        assert len(set(names)) == run.node_count, f"{run.id} has {len(names)} nodes"
        held = [(run.cluster.workspace, name) for name in names]
        for where in held:
            assert where[1].rpartition("-")[0] == run.cluster.name, f"{run.id} is on {where}"
            assert where not in self._holders, f"{where} is given to {run.id} and another"
            self._holders[where] = run
        self._held[run.key] = held
        self._attempts[run.key] += 1
        self.placed += 1

    def _release(self, run: SimulatedRun) -> None:
        for where in self._held.pop(run.key, []):
            del self._holders[where]

    def _end(self, run: SimulatedRun, event: EventRow) -> None:
        self.ended[str(event.status)] += 1
        failures = len(run.faults)
        exhausted = failures > run.max_retries
        assert (event.status == states.FAILED) == exhausted, (run, event)
        assert self._attempts[run.key] == failures + (not exhausted), (run, event)
        assert not exhausted or event.message, f"{run.id} has failed without a reason"
