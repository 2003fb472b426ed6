"""What runs used: the series that agents sample, beside what scripts log."""

from dataclasses import replace

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.series import MOST_POINTS, TIME, ReadSeries, SeriesName
from runyard.protocol.usage import (
    CAPACITY,
    LABEL,
    NODE_SCOPE,
    SCOPES,
    SYSTEM,
    UNITS,
    UsagePage,
    UsageQuery,
    UsageSeries,
)
from runyard_server.core import lookups
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations.series import columns
from runyard_server.store import metrics as rows
from runyard_server.store.metrics import SegmentRow, SeriesRow

_Found = list[tuple[UsageSeries, SeriesRow, list[SegmentRow]]]
_Thing = tuple[int, str, int | None]
_PLAIN_PARTS, _INDEXED_PARTS = 3, 4


def series(system: System, workspace: str, run: str, query: UsageQuery) -> UsagePage:
    """The system metrics of a run, by node and scope.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        run: Id of the run.
        query: Which, and how many points.

    Raises:
        RunNotFound: No such run.
        InvalidRequest: No such scope.
    """
    if query.scope not in ("", *SCOPES):
        raise InvalidRequest(
            f"there is no scope {query.scope[:40]!r} of system metrics; there are "
            f"{', '.join(SCOPES)}"
        )
    found = system.read(lambda work: _find(work, workspace, run, query))
    limits = {
        (*_thing(one), one.measure.removesuffix(CAPACITY)): row.last
        for one, row, _ in found
        if one.measure.endswith(CAPACITY)
    }
    labels = {
        _thing(one): str(rows.points_of(packed).values[-1])
        for one, _, packed in found
        if one.measure == LABEL and packed
    }
    asked = ReadSeries([], points=min(query.points, MOST_POINTS), x=TIME)
    items = []
    for one, row, packed in found:
        if one.measure in UNITS and query.scope in ("", one.scope):
            drawn = columns(SeriesName(run, row.name), row, packed if query.points else [], asked)
            whole = (one.node, NODE_SCOPE, None, one.measure)
            limit = limits.get((*_thing(one), one.measure), limits.get(whole))
            label = labels.get(_thing(one), "")
            items.append(replace(one, capacity=limit, label=label, x=drawn.x, y=drawn.y))
    return UsagePage(run, sorted(items, key=_place))


def _find(work: Work, workspace: str, run: str, query: UsageQuery) -> _Found:
    """The series of a run as what they are, with the segments that are needed."""
    key = lookups.run_key(work, workspace, run)
    known = [(_described(row), row) for row in rows.usage(work.connection, key)]
    wanted = [
        row.id
        for one, row in known
        if one is not None
        and (one.measure == LABEL or (query.points and query.scope in ("", one.scope)))
    ]
    packed = rows.segments_of_many(work.connection, wanted)
    return [(one, row, packed.get(row.id, [])) for one, row in known if one is not None]


def _described(row: SeriesRow) -> UsageSeries | None:
    """What a series is, by its name; None for what a newer agent may send."""
    name = row.name
    # Where a script has logged something of that name, ours stands one level deeper.
    while name.startswith(SYSTEM + "/"):
        name = name.removeprefix(SYSTEM + "/")
    node, *parts = name.split("/")
    if not node.isdigit() or len(parts) + 1 not in (_PLAIN_PARTS, _INDEXED_PARTS):
        return None
    scope, measure = parts[0], parts[-1]
    index = parts[1] if len(parts) + 1 == _INDEXED_PARTS else None
    if scope not in SCOPES or not (index is None or index.isdigit()):
        return None
    return UsageSeries(
        name=row.name,
        node=int(node),
        scope=scope,
        measure=measure,
        unit=UNITS.get(measure, ""),
        index=None if index is None else int(index),
        count=row.count,
        last=row.last,
        minimum=row.minimum,
        maximum=row.maximum,
    )


def _thing(one: UsageSeries) -> _Thing:
    return one.node, one.scope, one.index


def _place(one: UsageSeries) -> tuple[int, int, int, int]:
    order = list(UNITS)
    return one.node, SCOPES.index(one.scope), one.index or 0, order.index(one.measure)
