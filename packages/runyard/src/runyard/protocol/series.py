"""Series of numbers as columns: what a chart draws, of many runs in one request.

`metrics.read_many` tells all that was logged; here are numbers alone, in as many points as a
chart has pixels, and with `after` only those that came since.
"""

from dataclasses import field
from typing import List, Optional, Tuple

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READS, Route

STEP, TIME, RELATIVE = "step", "time", "relative"
AXES: Tuple[str, ...] = (STEP, TIME, RELATIVE)
MOST_SERIES, MOST_POINTS = 2000, 2000


@dataclass(frozen=True)
class SeriesName:
    """One series: a metric of a run; `after` of its points are known already."""

    run: str
    name: str
    after: int = 0


@dataclass(frozen=True)
class ReadSeries:
    """Which series to read, and how.

    Args:
        series: Which, `MOST_SERIES` at most; what does not exist comes back without points.
        points: At most so many of each: the least and the greatest of each part are kept.
        x: What x is: `step` (the number of the point where none was logged), `time` (seconds
            since 1970) or `relative` (seconds since the run's first point in it).
        low: Only points whose x is this or more.
        high: Only points whose x is this or less.
        packed: Long series may come packed; see `SeriesColumns.packed`.
    """

    series: List[SeriesName]
    points: int = 1000
    x: str = STEP
    low: Optional[float] = None
    high: Optional[float] = None
    packed: bool = False


@dataclass(frozen=True)
class OddPoint:
    """A point that is no finite number: its place in `y`, and NaN, Infinity or -Infinity."""

    place: int
    value: str


@dataclass(frozen=True)
class SeriesColumns:
    """The points of one series, as two lists of one length.

    Args:
        run: The run's id.
        name: The metric's name.
        count: How many points there are in all, before anything was left out.
        x: The x of each point.
        y: The value of each point; None where it is no finite number.
        odd: The points whose value was NaN or an infinity.
        packed: Where it is not empty, all of x and then all of y, instead of these: base64 of
            numbers of eight bytes each, little-endian. Written out as JSON, two hundred thousand
            numbers take longer than all that is done to find them.
    """

    run: str
    name: str
    count: int
    x: List[float] = field(default_factory=list)
    y: List[Optional[float]] = field(default_factory=list)
    odd: List[OddPoint] = field(default_factory=list)
    packed: str = ""


@dataclass(frozen=True)
class SeriesPage:
    """The series, in the order in which they were asked for."""

    items: List[SeriesColumns]


SERIES_READ: Route[SeriesPage] = Route(
    "series.read",
    "POST",
    IN_WORKSPACE + "/series/read",
    SeriesPage,
    "Read many series of numbers as columns, thinned to what a chart can show.",
    body=ReadSeries,
    scope=READS,
)
