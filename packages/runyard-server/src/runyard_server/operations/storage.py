"""What takes space, by kind and by experiment, and what could be freed.

Measuring looks at every file and sums up large tables, so it is no question to be asked all the
time: what was measured is told again for ten minutes.
"""

import threading
import time
from typing import TYPE_CHECKING

from runyard.protocol import storage as protocol
from runyard.protocol.errors import BlobNotFound
from runyard.protocol.storage import (
    Freeable,
    StorageKind,
    StoragePlace,
    StorageQuery,
    StorageReport,
)
from runyard_server.core.clock import iso
from runyard_server.core.system import System
from runyard_server.store import trashed, usage
from runyard_server.store.usage import Space

if TYPE_CHECKING:
    from pathlib import Path

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
    return _LAST.get(system, fresh=query.fresh)


def _measure(system: System) -> StorageReport:
    home = system.home
    trash = system.read(lambda work: usage.of_trash(work.connection))
    found = system.read(lambda work: usage.of_experiments(work.connection, _PLACES))
    kinds = _kinds(system)
    kinds[protocol.TRASH] = trash
    return StorageReport(
        measured_at=iso(system.clock.now_us()),
        kinds=[StorageKind(kind, space.size, space.count) for kind, space in kinds.items()],
        places=[
            StoragePlace(trashed.owner(one.workspace), one.experiment, one.runs, one.size)
            for one in found
            if not trashed.is_trash(one.workspace)
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
    found[protocol.DATABASE] = system.read(
        lambda work: usage.of_database(work.connection, home.database)
    )
    found[protocol.METRICS] = system.read(lambda work: usage.of_metrics(work.connection))
    return found


def _freeable(system: System, trash: Space, environments: Space) -> list[Freeable]:
    loose = system.read(lambda work: usage.marked(work.connection))
    found = [
        Freeable(protocol.TRASH, trash.size, "`runyard trash empty` frees it now"),
        Freeable(
            protocol.CONTENTS,
            sum(_size(system, digest) for digest in loose),
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


def _size(system: System, digest: str) -> int:
    try:
        return system.blobs.size(digest)
    except BlobNotFound:
        return 0
