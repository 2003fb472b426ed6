"""Runs: from Starting through environment, queue and agents to the end.

    Starting    -> environment there? into the queue : prepare in the background
    Queued      -> place as far as nodes reach; launch agents on what was placed
    canceled    -> ask its agents to stop, stop what is made for it
    ended       -> its nodes are free: place others

A turn reads the runs that something happened to and writes what follows from it in one write, so
that first come is first served; everything slow is handed to threads of pools. About once a second
the agents are looked at, and the processes of interactive runs.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

from runyard.protocol import runs as states
from runyard.protocol.environments import LockRecord
from runyard.protocol.timeouts import TICK_SECONDS
from runyard_server.compute.base import Grant
from runyard_server.core.figures import FOUND
from runyard_server.core.notices import work_topic
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.execution import active_runs, advancing
from runyard_server.execution.placement import Target, target_of
from runyard_server.execution.sites import site_of
from runyard_server.scheduler.backlog import PIECE, Backlog
from runyard_server.scheduler.contact import Contact
from runyard_server.scheduler.folders import RunFolders
from runyard_server.scheduler.launching import Agents
from runyard_server.scheduler.preparation import Locks, Preparations
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.store.job_nodes import JobNodeRow
from runyard_server.store.runs import RunRow
from runyard_server.store.subjects import RUN, Subject

_UNPREPARED = (states.STARTING, states.PREPARING)


class RunReconciler(Reconciler):
    """Makes runs happen.

    Args:
        system: The service's parts.
        locks: Makes locks.
        grant: Says how many nodes a cluster may have for its queue and for runs that are coming.
        token: What runs are leased with.
    """

    kind = RUN

    def __init__(
        self,
        system: System,
        locks: Locks,
        grant: Callable[[Target, Sequence[int]], Grant],
        token: str,
    ) -> None:
        self._system = system
        self._grant = grant
        self._token = token
        self._preparations = Preparations(
            system, locks, token, done=self._prepared, again=self._again
        )
        self._folders = RunFolders(system)
        self._agents = Agents(
            system,
            environment=self._preparations.environment,
            again=self._again,
            gone=self._folders.collect,
        )
        self._contact = Contact(system)
        self._guard = threading.Lock()
        self._later: set[Subject] = set()
        self._backlog = Backlog(system)
        self._made = False

    def subjects(self) -> Iterable[Subject]:
        """The runs that have not ended, and those with a node whose last word is awaited."""
        return active_runs.subjects(self._system)

    def observe(self) -> Iterable[Subject]:
        """Check agents and the processes of interactive runs; returns the runs to try again."""
        self._agents.watch()
        self._contact.look()
        with self._guard:
            later, self._later = self._later, set()
        return later

    def reconcile(self, subjects: Sequence[Subject]) -> None:
        """Bring these runs on, and place what waits where something has become free."""
        end = time.monotonic() + TICK_SECONDS
        wanted = set(subjects)
        if self._made or not self._backlog:
            # Who waits for an environment that is there now must not be overtaken. Not in each turn
            # of a long backlog: it would begin with them again, and come no further.
            self._made = False
            wanted |= self._preparations.subjects()
        if len(wanted) <= PIECE and not self._backlog:
            self._bring_on(wanted)
            return
        self._backlog.add(wanted)
        try:
            self._bring_on_many(end)
        except Exception:
            # The loop tries the subjects that it has given alone; the others come with the next
            # look.
            with self._guard:
                self._later.update(self._backlog.clear())
            raise

    def left(self) -> Iterable[Subject]:
        """The next one that there was no time for; with it come the others."""
        return self._backlog.piece(1)

    @property
    def launching(self) -> int:
        """How many agents are being launched, or cleaned up after, at the moment."""
        return self._agents.launching

    def sweep_folders(self) -> None:
        """Clean up the folders that a process before left, in the background."""
        self._folders.sweep(self._agents.take)

    def close(self) -> None:
        """End the pools; agents and their jobs go on."""
        self._preparations.close()
        self._agents.close()
        self._folders.close()

    def _prepared(self, subject: Subject) -> None:
        self._made = True
        self._system.notices.changed(work_topic(subject))

    def _again(self, subject: Subject) -> None:
        with self._guard:
            self._later.add(subject)

    def _bring_on_many(self, end: float) -> None:
        """Bring on the backlog, until a time by the monotonic clock but a piece of it at least."""
        while True:
            piece = self._backlog.piece()
            self._bring_on(piece)
            self._backlog.drop(piece)
            if not self._backlog or time.monotonic() > end:
                return

    def _bring_on(self, subjects: Iterable[Subject]) -> None:
        found = active_runs.snapshot(self._system, subjects)
        fresh = [row for row in found.rows if row.status in _UNPREPARED]
        others = [row for row in found.rows if row.status not in _UNPREPARED]
        for row in others:
            self._attend(row, found.nodes.get(row.key, []))
        untold = [
            row.key
            for row in others
            if row.status == states.QUEUED and row.reason is None and row.key not in found.nodes
        ]
        self._advance(fresh, untold, {target_of(row) for row in others})

    def _attend(self, row: RunRow, nodes: Sequence[JobNodeRow]) -> None:
        """See to a run that has left preparation: its agents, and what it leaves behind."""
        for node in nodes:
            self._agents.take(row, node)
        if row.cancel_requested or not row.active:
            self._preparations.drop(row.subject)
            self._agents.cancel(row.subject)
        if not row.active and not self._agents.has(row.subject):
            self._folders.collect(row)

    def _advance(
        self, fresh: Sequence[RunRow], untold: Sequence[int], targets: set[Target]
    ) -> None:
        """Bring unprepared runs on and place what waits on these targets.

        Args:
            fresh: Runs that are not prepared.
            untold: Keys of runs in a queue that do not say why they wait.
            targets: Where something may have become free.
        """
        asked = active_runs.environments(self._system, [row.key for row in fresh])
        ready = self._ready(fresh, asked)
        targets |= {target_of(row) for row in fresh if row.key in ready}
        making = self._preparations.subjects()
        slow = [row.key for row in fresh if row.key not in ready and row.subject not in making]
        if not targets and not slow:
            return
        capacity = {target: self._capacity(target, fresh, ready) for target in targets}
        done = advancing.advance(self._system, slow, ready, capacity, untold, self._token)
        # Of those that come out of a preparation it has been counted how that went.
        found = sum(row.key in ready and row.status == states.STARTING for row in fresh)
        self._system.figures.environment(FOUND, found)
        for item in done.placed:
            for node in item.nodes:
                self._agents.take(item.row, node)
        for row in done.begun:
            self._preparations.start(row, active_runs.definition(asked[row.key]))

    def _ready(self, fresh: Sequence[RunRow], asked: Mapping[int, bytes]) -> dict[int, LockRecord]:
        """The lock of each run whose environment exists on the run's site."""
        # Many runs of one definition come in one turn; its lock and its folder are looked for once.
        known: dict[tuple[str, bytes], LockRecord | None] = {}
        found = {}
        sites = self._sites_of(fresh)
        for row in fresh:
            site, text = sites[target_of(row)], asked[row.key]
            if (site.name, text) not in known:
                wanted = active_runs.definition(text)
                known[site.name, text] = self._preparations.ready(wanted, site)
            lock = known[site.name, text]
            if lock is not None:
                found[row.key] = lock
        return found

    def _sites_of(self, rows: Sequence[RunRow]) -> dict[Target, Site]:
        one_of_each = {target_of(row): row for row in rows}
        return {target: site_of(self._system, row) for target, row in one_of_each.items()}

    def _capacity(
        self, target: Target, fresh: Sequence[RunRow], ready: Mapping[int, LockRecord]
    ) -> Grant:
        if target.is_local:
            # A run of the target itself takes a CPU of its site: so many are there at once.
            return Grant(self._system.sites.of(target.name).backend.capabilities().cpus)
        coming = (row for row in fresh if row.key in ready and target_of(row) == target)
        return self._grant(target, [row.node_count for row in coming])
