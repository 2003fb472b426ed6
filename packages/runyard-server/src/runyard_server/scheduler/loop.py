"""The loop that makes intent true.

One thread, woken by notices and at least once a second. A turn takes the runs that something
happened to, reads them, writes what follows from it in one write (so that first come is first
served), and hands everything slow to threads of pools:

    Starting    -> environment there? into the queue : prepare in the background
    Queued      -> place as far as nodes reach; launch agents on what was placed
    canceled    -> ask its agents to stop, stop what is made for it
    ended       -> its nodes are free: place others

Once a second it also looks at the agents, the clusters, and the processes of interactive runs. All
state that matters is in the database: `start` takes up whatever a process before left.
"""

import logging
import threading
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from runyard.protocol import runs as states
from runyard.protocol.environments import LockRecord
from runyard.protocol.runs import RunSpec
from runyard.protocol.timeouts import LEASE_RENEWAL_SECONDS, TICK_SECONDS
from runyard_server.compute.base import Backend
from runyard_server.core import idempotency, leases
from runyard_server.core.lifecycle import announce
from runyard_server.core.machine import machine_cpus
from runyard_server.core.notices import SCHEDULER
from runyard_server.core.system import System
from runyard_server.execution import active_runs, beats, preparing
from runyard_server.execution import placement as placing
from runyard_server.execution.placement import Placement, Target, target_of
from runyard_server.scheduler.clusters import Clusters
from runyard_server.scheduler.contact import Contact
from runyard_server.scheduler.folders import RunFolders
from runyard_server.scheduler.launching import Agents
from runyard_server.scheduler.preparation import Environments, Preparations
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.records import Connection
from runyard_server.store.runs import RunRow

_RENEW_TURNS = int(LEASE_RENEWAL_SECONDS / TICK_SECONDS)
_HOUR_TURNS = 3600
_UNPREPARED = (states.STARTING, states.PREPARING)
_log = logging.getLogger(__name__)


class Scheduler:
    """Makes runs happen.

    Args:
        system: The service's parts.
        environments: Makes environments.
        backends: Compute backends, by kind.
        light: The folder with the light half that jobs get.
        places: How many runs may be on this machine (`local`) at once; the CPUs by default.
    """

    def __init__(
        self,
        system: System,
        environments: Environments,
        backends: Mapping[str, Backend],
        light: Path,
        places: int | None = None,
    ) -> None:
        self._system = system
        self._places = places or machine_cpus()
        self._token = uuid.uuid4().hex
        self._preparations = Preparations(
            system, environments, self._token, done=self._prepared, again=self._again
        )
        self._folders = RunFolders(system)
        self._agents = Agents(
            system,
            backends,
            str(light),
            environment=self._preparations.environment,
            again=self._again,
            gone=self._folders.collect,
        )
        self._clusters = Clusters(system, backends)
        self._contact = Contact(system)
        self._wake = threading.Event()
        self._guard = threading.Lock()
        self._dirty: set[int] = set()
        self._targets: set[Target] = set()
        self._later: set[int] = set()
        self._turns = 0
        self._lost_track = False
        self._clusters_changed = False
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._unsubscribe = system.notices.subscribe(self._hear)

    def start(self) -> None:
        """Take up what was left by the process before, then run until `stop`."""
        leases.take_over(self._system)
        with self._guard:
            self._dirty.update(active_runs.all_keys(self._system))
        beats.take_up(self._system)
        self._folders.sweep(self._agents.take)
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the loop and its pools; agents and their jobs go on."""
        self._stopping = True
        self._unsubscribe()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
        self._preparations.close()
        self._agents.close()
        self._folders.close()

    def tick(self) -> None:
        """Do what has come up since the last turn."""
        with self._guard:
            dirty, self._dirty = self._dirty, set()
            targets, self._targets = self._targets, set()
        if dirty:
            # Who waits for an environment that is there now must not be overtaken.
            dirty |= self._preparations.keys()
        look = active_runs.snapshot(self._system, sorted(dirty))
        fresh = [row for row in look.rows if row.status in _UNPREPARED]
        for row in look.rows:
            if row.status not in _UNPREPARED:
                targets.add(target_of(row))
                self._attend(row, look.nodes.get(row.key, []))
        self._advance(fresh, targets)

    def upkeep(self) -> None:
        """Do what time brings: look at agents and clusters, renew leases."""
        with self._guard:
            self._dirty |= self._later
            self._later = set()
            if self._lost_track:
                self._dirty.update(active_runs.all_keys(self._system))
                self._lost_track = False
        self._agents.watch()
        self._contact.look()
        self._keep_clusters()
        self._turns += 1
        if self._turns % _RENEW_TURNS == 0 and self._preparations.busy:
            leases.renew(self._system, self._token)
        if self._turns % _HOUR_TURNS == 0:
            idempotency.forget_old(self._system)

    def _run(self) -> None:
        since_upkeep = time.monotonic()
        while not self._stopping:
            self._wake.wait(max(0.0, since_upkeep + TICK_SECONDS - time.monotonic()))
            self._wake.clear()
            if self._clusters_changed:
                self._clusters_changed = False
                self._guarded(self._keep_clusters)
            if time.monotonic() - since_upkeep >= TICK_SECONDS:
                since_upkeep = time.monotonic()
                self._guarded(self.upkeep)
            self._guarded(self.tick)

    def _guarded(self, turn: Callable[[], None]) -> None:
        """Do a turn; a fault in it is logged, and the next upkeep looks at everything again."""
        try:
            turn()
        except Exception:  # noqa: BLE001 - a fault must not end the loop
            _log.exception("a turn of the scheduler failed")
            self._lost_track = True

    def _hear(self, topic: str) -> None:
        if not topic.startswith(SCHEDULER):
            return
        _, _, key = topic.partition(":")
        if key:
            with self._guard:
                self._dirty.add(int(key))
        else:
            self._clusters_changed = True
        self._wake.set()

    def _again(self, key: int) -> None:
        with self._guard:
            self._later.add(key)

    def _prepared(self, key: int) -> None:
        with self._guard:
            self._dirty.add(key)
        self._wake.set()

    def _keep_clusters(self) -> None:
        changed = self._clusters.upkeep()
        with self._guard:
            self._targets.update(changed)

    def _attend(self, row: RunRow, nodes: Sequence[JobNodeRow]) -> None:
        """See to a run that has left preparation: its agents, and what it leaves behind."""
        for node in nodes:
            self._agents.take(row, node)
        if row.cancel_requested or not row.active:
            self._preparations.drop(row.key)
            self._agents.cancel(row.key)
        if not row.active and not self._agents.has(row.key):
            self._folders.collect(row)

    def _advance(self, fresh: Sequence[RunRow], targets: set[Target]) -> None:
        """Bring unprepared runs on and place what waits on these targets, in one write."""
        specs = active_runs.specs(self._system, [row.key for row in fresh])
        ready = self._ready(specs)
        targets |= {target_of(row) for row in fresh if row.key in ready}
        making = self._preparations.keys()
        slow = [row.key for row in fresh if row.key not in ready and row.key not in making]
        if not targets and not slow:
            return
        capacity = {target: self._capacity(target, fresh, ready) for target in targets}
        now = self._system.clock.now_us()

        def write(connection: Connection) -> tuple[list[RunRow], list[RunRow], list[Placement]]:
            begun = preparing.begin(connection, slow, self._token, now)
            queued = preparing.enqueue_ready(connection, ready, self._token, now)
            placed = [
                placement
                for target in sorted(targets, key=lambda t: (t.workspace, t.name))
                for placement in placing.place(connection, target, capacity[target], now)
            ]
            return begun, queued, placed

        begun, queued, placed = self._system.records.write(write)
        for item in placed:
            for node in item.nodes:
                self._agents.take(item.row, node)
        for row in begun:
            self._preparations.start(row, specs[row.key].environment)
        for row in [*begun, *queued, *(item.row for item in placed)]:
            announce(self._system, row, work=False)

    def _ready(self, specs: Mapping[int, RunSpec]) -> dict[int, LockRecord]:
        """Give the lock of each run whose environment exists."""
        known: dict[bytes, LockRecord | None] = {}
        found = {}
        for key, spec in specs.items():
            text = msgspec.json.encode(spec.environment)
            if text not in known:
                known[text] = self._preparations.ready(spec.environment)
            lock = known[text]
            if lock is not None:
                found[key] = lock
        return found

    def _capacity(
        self, target: Target, fresh: Sequence[RunRow], ready: Mapping[int, LockRecord]
    ) -> int:
        if target.is_local:
            return self._places
        coming = (row for row in fresh if row.key in ready and target_of(row) == target)
        return self._clusters.grant(target, sum(row.node_count for row in coming))
