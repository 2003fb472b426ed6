"""Metrics of runs: batches of spool lines in, series out.

A batch says where it stands in its writer's sequence. Lines that are stored already are cut off,
so sending twice is harmless; a gap is refused with the number that is stored.

A name keeps the kind it was first logged with. Whole numbers in a series that also has others
are given as floats; entries of another kind are kept and given as they are.
"""

import io
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from runyard.protocol import events as kinds
from runyard.protocol.errors import InvalidRequest, RunyardError, WrongState
from runyard.protocol.metrics import (
    MOST_RUNS,
    SCALAR,
    SET_ASIDE_LOG,
    MetricPage,
    MetricPages,
    MetricQuery,
    MetricSeries,
    MetricsOfRuns,
    SpoolMark,
    SpoolQuery,
)
from runyard.protocol.usage import USAGE_KIND
from runyard_server.core import lookups
from runyard_server.core.clock import SECOND
from runyard_server.core.events import EventDraft
from runyard_server.core.lifecycle import append_events, wake_sweep
from runyard_server.core.notices import grown_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.summarising import LONG, filled, summarise
from runyard_server.operations import sources, spool
from runyard_server.operations.downsampling import downsampled
from runyard_server.operations.series import LEAST, read_long
from runyard_server.operations.spool import Batch
from runyard_server.store import metrics as rows
from runyard_server.store.folders import Body, checked
from runyard_server.store.metrics import SegmentRow, SeriesRow
from runyard_server.store.runs import RunRow
from runyard_server.store.segments import JSON, Points, name_of

if TYPE_CHECKING:
    from runyard_server.operations.long_series import Thinned

_LONGEST_WRITER = 200
_Packed = list[SegmentRow] | Points
_Read = tuple[list[int], list[SeriesRow], dict[int, _Packed]]


def append(
    system: System, workspace: str, run: str, writer: str, *, query: SpoolQuery, body: Body
) -> SpoolMark:
    """Store a batch of lines of one writer, except those that are stored already.

    A line that cannot be read is counted, kept in a log of the run, and told in a warning.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        writer: Name of the writer.
        query: Where the lines stand in the writer's sequence.
        body: The lines, of JSON.

    Raises:
        RunNotFound: No such run.
        WrongState: Lines before `first_line` are missing; `details["lines"]` are stored.
        InvalidRequest: A line has a kind that is unknown; nothing of the batch is stored.
    """
    if query.first_line < 0 or len(writer) > _LONGEST_WRITER:
        raise InvalidRequest("first_line must be 0 or more and the writer's name short")
    block = spool.read(body)
    lines = block.lines
    # Packed here for a batch that is all new; the writer packs only what a repeat leaves of one.
    whole = spool.batches(lines)
    if block.set_aside:
        # Before the write: a kill in between keeps these lines twice, the other way round not at
        # all.
        _keep(system, workspace, run, writer, query.first_line, block)

    full: dict[int, int] = {}

    def write(work: Work) -> int:
        row = lookups.run_row(work, workspace, run)
        stored = rows.mark(work.connection, row.key, writer)
        if query.first_line > stored:
            raise _gap(run, writer, query.first_line, stored)
        passed = stored - query.first_line
        fresh = lines[passed:]
        if fresh:
            full.update(store(work, row.key, spool.batches(fresh) if passed else whole))
            rows.set_mark(work.connection, row.key, writer, stored + len(fresh))
            if not all(line is not None and line.k == USAGE_KIND for line in fresh):
                wake_sweep(work, row)
            work.announce(grown_topic(workspace, run))
        news = _told(row, writer, [bad for bad in block.set_aside if bad.place >= passed])
        if news:
            append_events(work, row, news)
        return stored + len(fresh)

    mark = SpoolMark(writer=writer, lines=system.write(write))
    summarise_full(system, full)
    first = next((line for line in lines if line is not None), None)
    if first is not None:
        system.figures.arrived(system.clock.now_us() / SECOND - first.t / SECOND)
    return mark


def mark(system: System, workspace: str, run: str, writer: str) -> SpoolMark:
    """How many lines of a writer are stored.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        writer: Name of the writer.

    Raises:
        RunNotFound: No such run.
    """
    stored = system.read(
        lambda work: rows.mark(work.connection, lookups.run_key(work, workspace, run), writer)
    )
    return SpoolMark(writer=writer, lines=stored)


def list_(system: System, workspace: str, run: str, query: MetricQuery) -> MetricPage:
    """The metrics of a run, in order of first logging; a name it lacks gives none.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: What is asked for.

    Raises:
        RunNotFound: No such run.
    """

    def read(work: Work) -> list[tuple[SeriesRow, _Packed]]:
        key = lookups.run_key(work, workspace, run)
        found = rows.series(work.connection, key, query.name)
        return [(series, _segments(work, series, query.points)) for series in found]

    found = system.read(read)
    return MetricPage(run=run, series=[_series(row, packed, query.points) for row, packed in found])


def read_many(system: System, workspace: str, body: MetricsOfRuns) -> MetricPages:
    """The metrics of several runs at once, each in order of first logging.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        InvalidRequest: More runs than one answer may hold.
        RunNotFound: One of them is not in the workspace.
    """
    if len(body.runs) > MOST_RUNS:
        raise InvalidRequest(
            f"metrics of {len(body.runs)} runs in one answer are too many; ask for {MOST_RUNS}"
        )

    def read(work: Work) -> _Read:
        keys = [lookups.run_key(work, workspace, run) for run in body.runs]
        found = rows.series_of_many(work.connection, keys, body.names, kinds=body.kinds)
        long = [one for one in found if _is_long(one, body.points)]
        packed = _points(read_long(work, long, body.points))
        short = [one.id for one in found if one.id not in packed]
        return keys, found, packed | rows.segments_of_many(work.connection, short)

    keys, found, packed = system.read(read)
    of: dict[int, list[MetricSeries]] = {key: [] for key in keys}
    for row in found:
        of[row.run_key].append(_series(row, packed[row.id], body.points))
    pages = [MetricPage(run, of[key]) for run, key in zip(body.runs, keys, strict=True)]
    return MetricPages(pages)


def store(
    work: Work, key: int, batches: Sequence[Batch], known: dict[str, SeriesRow] | None = None
) -> dict[int, int]:
    """Write what batches add: new series, segments, counts.

    Args:
        work: The unit of work.
        key: Key of the run's row.
        batches: At most one of each name and source.
        known: Those series that have the batches' names, where they have been read already.

    Returns:
        What is to be summarised once it is written; see `summarise_full`.
    """
    if not batches:
        return {}
    if known is None:
        known = rows.series_named(work.connection, key, [batch.name for batch in batches])
    batches = sources.apart(work, key, batches, known)
    new = {
        each.name: SeriesRow(key, each.name, each.kind, source=each.source)
        for each in batches
        if each.name not in known
    }
    rows.add_series(work.connection, list(new.values()))
    known.update(new)
    rows.add_segments(work.connection, [batch.add_to(known[batch.name]) for batch in batches])
    grown = [(known[batch.name], batch.count) for batch in batches]
    rows.change_series(work.connection, [series for series, _ in grown])
    ends = {series.id: filled(series.count, added) for series, added in grown}
    return {series: end for series, end in ends.items() if end}


def summarise_full(system: System, full: Mapping[int, int]) -> None:
    """Summarise those series of which a block has become full.

    Args:
        system: The service's parts.
        full: What `store` has given.
    """
    # The points are kept, and who sent them must not send them again for what fails here.
    with suppress(RunyardError):
        if full:
            summarise(system, full)


def _keep(
    system: System, workspace: str, run: str, writer: str, first: int, block: spool.Block
) -> None:
    """Append lines that cannot be read, and were not kept before, to a log of the run."""
    stored = mark(system, workspace, run, writer).lines
    texts = [bad.text for bad in block.set_aside if bad.text and first + bad.place >= stored]
    if texts:
        # A log for each writer, whose blocks come one after another: so its end is where we say.
        path = checked(SET_ASIDE_LOG.format(writer))
        size = system.logs.size(workspace, run, path) or 0
        data = io.BytesIO(b"".join(text + b"\n" for text in texts))
        system.logs.append(workspace, run, path, size, data)


def _told(row: RunRow, writer: str, bad: Sequence[spool.SetAside]) -> list[EventDraft]:
    """Warn of lines that were set aside, once for each writer: a run may have thousands."""
    # The text is what tells that it was said before, so it begins alike for each line.
    begin = f"metrics of process {writer.partition('-')[0]} (writer {writer}) could not be stored: "
    if not bad or any(text.startswith(begin) for text in row.warnings):
        return []
    more = f", and {len(bad) - 1} more" if len(bad) > 1 else ""
    kept = f"; kept in {SET_ASIDE_LOG.format(writer)}" if bad[0].text else ""
    return [EventDraft(kinds.WARNING, f"{begin}{bad[0].reason[:300]}{kept}{more}")]


def _is_long(row: SeriesRow, wanted: int) -> bool:
    """Whether a series is so long that only those of its points are read that are wanted."""
    return row.kind == SCALAR and LEAST <= wanted < row.count and row.count >= LONG


def _segments(work: Work, row: SeriesRow, wanted: int) -> _Packed:
    """The segments of a series, or what is wanted of a long one."""
    if not _is_long(row, wanted):
        return rows.segments(work.connection, row.id)
    return _points(read_long(work, [row], wanted))[row.id]


def _points(found: "Mapping[int, list[SegmentRow] | Thinned]") -> dict[int, _Packed]:
    return {key: one if isinstance(one, list) else one.points for key, one in found.items()}


def _series(row: SeriesRow, packed: _Packed, wanted: int) -> MetricSeries:
    points = packed if isinstance(packed, Points) else rows.points_of(packed)
    types = set(map(type, points.values))
    if float in types and int in types:
        # Not isinstance: True is an int to it, and what was logged as True stays that.
        points.values = [_as_float(v) if type(v) is int else v for v in points.values]
        types.discard(int)
    if 0 < wanted < len(points) and _are_numbers(packed):
        points = downsampled(points, wanted)
    lacking = _nonfinite(points) if float in types else []
    # JSON has no NaN: its name travels, and `nonfinite` tells it from a text of these letters.
    for index in lacking:
        points.values[index] = name_of(points.values[index])
    return MetricSeries(
        name=row.name,
        kind=row.kind,
        count=row.count,
        source=row.source,
        values=points.values,
        steps=points.steps,
        times=points.times,
        nonfinite=lacking,
    )


def _are_numbers(packed: _Packed) -> bool:
    return isinstance(packed, Points) or all(one.encoding != JSON for one in packed)


def _nonfinite(points: Points) -> list[int]:
    """The places of NaN and infinities."""
    low, high = float("-inf"), float("inf")
    return [
        index
        for index, value in enumerate(points.values)
        if type(value) is float and not low < value < high
    ]


def _as_float(number: int) -> float | int:
    try:
        return float(number)
    except OverflowError:
        return number


def _gap(run: str, writer: str, first: int, stored: int) -> WrongState:
    return WrongState(
        f"{stored} lines of writer {writer!r} of run {run} are stored: send from line {stored}, "
        f"not from {first}",
        {"lines": stored},
    )
