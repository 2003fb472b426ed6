"""What takes space, by kind and by experiment, and what could be freed.

Measuring looks at every file and sums up large tables, a part at a time, so it is no question to
be asked all the time: what was measured is told again for ten minutes.
"""

import heapq
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from runyard.protocol import storage as protocol
from runyard.protocol.storage import (
    CollectorPass,
    Freeable,
    StorageKind,
    StoragePlace,
    StorageQuery,
    StorageReport,
)
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.store import collector, trashed, usage
from runyard_server.store.collector import PassRow
from runyard_server.store.records import Connection
from runyard_server.store.usage import ExperimentSpace, Space

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Column

Part = TypeVar("Part")

_SECONDS = 600.0
_PLACES = 1000


class _Last:
    """What was measured last of each state folder, and when."""

    def __init__(self) -> None:
        self._known: dict[Path, tuple[float, StorageReport]] = {}
        self._turn = threading.Lock()

    def get(self, system: System, *, fresh: bool) -> StorageReport:
        """The last report, measured anew where it is old or `fresh` is asked for."""
        # One measures at a time: two would go through the same folders.
        with self._turn:
            at, report = self._known.get(system.home.root, (0.0, None))
            if report is None or fresh or time.monotonic() - at > _SECONDS:
                report = _measure(system)
                self._known[system.home.root] = (time.monotonic(), report)
            return report


_LAST = _Last()


def get(system: System, query: StorageQuery) -> StorageReport:
    """What takes space, and what of it could be freed.

    Args:
        system: The service's parts.
        query: Whether it is to be measured now.
    """
    row = system.read(lambda work: collector.last(work.connection))
    report = _LAST.get(system, fresh=query.fresh)
    return report if row is None else replace(report, collected=_collected(row))


def _collected(row: PassRow) -> CollectorPass:
    seconds = (row.ended_at - row.began_at) / SECOND
    return CollectorPass(iso(row.began_at), seconds, row.seen, row.marked, row.removed, row.size)


def _measure(system: System) -> StorageReport:
    home = system.home
    trash = _sum(_parts(system, usage.TRASH, usage.of_trash))
    kinds = _kinds(system)
    kinds[protocol.TRASH] = trash
    return StorageReport(
        measured_at=iso(system.clock.now_us()),
        kinds=[StorageKind(kind, space.size, space.count) for kind, space in kinds.items()],
        places=[
            StoragePlace(trashed.owner(one.workspace), one.experiment, one.runs, one.size)
            for one in _places(system)
        ],
        freeable=_freeable(system, trash, kinds[protocol.ENVIRONMENTS]),
        free=usage.free_bytes(home.root),
    )


def _kinds(system: System) -> dict[str, Space]:
    home, seen = system.home, set[tuple[int, int]]()
    folders = {
        protocol.CONTENTS: home.blobs,
        protocol.LOGS: home.logs,
        protocol.PACKAGES: home.packages,
        protocol.ENVIRONMENTS: home.environments,
        protocol.WORKING: home.runs,
        protocol.DATASTORES: home.datastores,
    }
    found = {kind: usage.below(folder, seen) for kind, folder in folders.items()}
    found[protocol.CONTENTS] = _sum(iter((found[protocol.CONTENTS], Space(*system.blobs.space()))))
    found[protocol.DATABASE] = system.read(
        lambda work: usage.of_database(work.connection, home.database)
    )
    found[protocol.METRICS] = _sum(_parts(system, usage.SERIES, usage.of_metrics))
    return found


def _places(system: System) -> list[ExperimentSpace]:
    """The experiments that take most, the largest first."""
    found: dict[tuple[str, str], ExperimentSpace] = {}
    for part in _parts(system, usage.RUNS, usage.of_experiments):
        for one in part:
            if trashed.is_trash(one.workspace):
                continue
            name = one.workspace, one.experiment
            so_far = found.get(name, ExperimentSpace(*name, 0, 0))
            found[name] = ExperimentSpace(*name, so_far.runs + one.runs, so_far.size + one.size)
    return heapq.nsmallest(
        _PLACES, found.values(), key=lambda one: (-one.size, one.workspace, one.experiment)
    )


def _parts(
    system: System, key: "Column[int]", read: Callable[[Connection, int], Part]
) -> Iterator[Part]:
    """A table part by part, each read by itself: nothing waits for the whole of it."""
    last = system.read(lambda work: usage.last_key(work.connection, key))
    for after in range(0, last, usage.KEYS_AT_ONCE):

        def act(work: Work, after: int = after) -> Part:
            return read(work.connection, after)

        yield system.read(act)


def _sum(parts: Iterator[Space]) -> Space:
    size = count = 0
    for one in parts:
        size, count = size + one.size, count + one.count
    return Space(size, count)


def _freeable(system: System, trash: Space, environments: Space) -> list[Freeable]:
    loose = system.read(lambda work: usage.marked(work.connection))
    found = [
        Freeable(protocol.TRASH, trash.size, "`runyard trash empty` frees it now"),
        Freeable(
            protocol.CONTENTS,
            sum(system.blobs.sizes(loose).values()),
            "goes by itself within a day, unless something else has it",
        ),
        Freeable(
            protocol.ENVIRONMENTS,
            environments.size,
            "`runyard environments prune` removes those that no run is using; a run that needs "
            "one makes it again",
        ),
    ]
    return [one for one in found if one.size]
