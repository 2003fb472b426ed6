"""What is done once with everything a run has delivered, before it is said to have ended."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from runyard.protocol.errors import RunyardError
from runyard.protocol.files import LOG_KIND
from runyard_server.core.lookups import run_key as run_key_of
from runyard_server.core.lookups import run_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.summarising import LONG, summarise
from runyard_server.store import files, metrics
from runyard_server.store.files import FileRow
from runyard_server.store.metrics import SegmentRow
from runyard_server.store.runs import RunRow
from runyard_server.store.segments import joined

LARGEST_SEGMENT = 1 << 16
"""Points in a merged segment: about 1.5 MB."""
MANY_SEGMENTS = 32


def seal(system: System, row: RunRow) -> None:
    """Write the run's logs down as files and join its metrics; twice is harmless."""
    list_logs(system, row.workspace, row.id)
    merge_metrics(system, row.key)


def list_logs(system: System, workspace: str, run: str) -> None:
    """Write the logs of a run that has ended down as rows; doing it again does no harm.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    sealed = logs_of(system, workspace, run)
    if sealed:
        system.write(lambda work: write_logs(work, run_row(work, workspace, run).key, sealed))


def logs_of(system: System, workspace: str, run: str) -> list[FileRow]:
    """The logs of a run as its rows will have them; reads the disk.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    logs = system.logs.list_(workspace, run)
    return [FileRow(log.path, LOG_KIND, log.size, log.modified_at) for log in logs]


def write_logs(work: Work, key: int, logs: Sequence[FileRow]) -> None:
    """Write logs down among the files of a run.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        logs: As `logs_of` found them.
    """
    known = files.find_many(work.connection, key, [log.path for log in logs])
    # An artifact may have taken a log's name; its content is the one to keep.
    artifacts = {path for path, file in known.items() if file.digest is not None}
    files.put(work.connection, key, [log for log in logs if log.path not in artifacts])


def merge_many(system: System, workspace: str, run: str) -> None:
    """Join the metrics of a run without an agent that has ended, where they are in many pieces.

    A tracker that logs value by value leaves a segment for each, and every look at the series would
    pay for all of them. Few are left alone: a write at the end of each small run would cost more.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    # The run has ended and its points are kept: what fails here fails nobody.
    with suppress(RunyardError):
        key = system.read(lambda work: run_key_of(work, workspace, run))
        merge_metrics(system, key, MANY_SEGMENTS)


def merge_metrics(system: System, run_key: int, least: int = 2) -> None:
    """Join the small segments of a run's series, and summarise long ones; of runs that have ended.

    Args:
        system: The service's parts.
        run_key: Key of the run's row.
        least: Join only those of series that have so many.
    """

    def read(work: Work) -> tuple[list[list[SegmentRow]], dict[int, int]]:
        found = metrics.in_pieces(work.connection, run_key, least)
        packed = [metrics.segments(work.connection, series) for series in found]
        return packed, metrics.long_ones(work.connection, run_key, LONG)

    pieces, long = system.read(read)
    changes = [change for packed in pieces for change in _joined(packed)]
    if changes:
        _replace(system, changes)
    if long:
        summarise(system, long)


def _replace(system: System, changes: "Sequence[_Change]") -> None:
    def write(work: Work) -> None:
        for change in changes:
            # Two may seal at once, when an agent says its last word again: what the other has
            # joined since, with a point that came in between, must not be replaced by less.
            if metrics.are_there(work.connection, change.old):
                metrics.replace_segments(work.connection, change.old, [change.new])

    system.write(write)


@dataclass(frozen=True, slots=True)
class _Change:
    """Neighbouring segments, and the one that holds the same points."""

    old: list[SegmentRow]
    new: SegmentRow


def _joined(packed: Sequence[SegmentRow]) -> list[_Change]:
    """Find runs of neighbours that are packed alike and make one segment of each."""
    changes: list[_Change] = []
    group: list[SegmentRow] = []
    count = 0
    for segment in [*packed, None]:
        fits = segment is not None and (
            not group
            or (segment.encoding == group[0].encoding and count + segment.count <= LARGEST_SEGMENT)
        )
        if not fits:
            if len(group) > 1:
                changes.append(_join(group))
            group, count = [], 0
        if segment is not None:
            group.append(segment)
            count += segment.count
    return changes


def _join(group: list[SegmentRow]) -> _Change:
    first, count = group[0], sum(one.count for one in group)
    payload = joined([(one.encoding, one.count, one.payload) for one in group])
    return _Change(group, SegmentRow(first.series_id, first.first, count, first.encoding, payload))
