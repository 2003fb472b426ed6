"""Metrics: what `run.log` and its relatives record, as series.

A writer (one process) numbers its lines from 0 and appends them to a spool; the courier sends
them in order with the number of the first, so that sending twice is harmless. One line of JSON is

    {"n": name, "k": kind, "v": value, "s": step or null, "t": microseconds since 1970}

A line with `"o": "tensorboard"` was read of an event file: such lines are a series of their own,
also where `run.log` uses the name. One of kind `usage` is no metric at all: see `protocol.usage`.

Values that JSON lacks are the texts "NaN", "Infinity" and "-Infinity" in lines of kind `scalar`
with the extra field `"x": 1` (so that a logged text "NaN" stays a text). In lists, rows and tables
they are the bare texts; see `escapes` for texts that are named so, or that JSON cannot carry.

A line that cannot be read is set aside by the service, in a log of the run and with a warning, and
its neighbours are stored. A block with a kind that is unknown is refused; the courier finds the
line, keeps it in a log of its own, and sends in its place

    {"n": "", "k": "lost", "v": why, "t": …}

so that the lines behind it keep their numbers.
"""

from dataclasses import field
from typing import Any, List, Optional, Tuple

from runyard.protocol.records import dataclass
from runyard.protocol.route import FAMILY, IN_RUN, IN_WORKSPACE, READS, REPORTS, Bytes, Route

SCALAR = "scalar"
LIST = "list"
ROW = "row"
TABLE = "table"
IMAGE = "image"
ARTIFACT = "artifact"
KINDS: Tuple[str, ...] = (SCALAR, LIST, ROW, TABLE, IMAGE, ARTIFACT)
LOST = "lost"
SET_ASIDE_LOG = "logs/metrics_set_aside_{}.jsonl"
LARGEST_LINE = 64 << 20
MOST_RUNS = 1000
TENSORBOARD = "tensorboard"


@dataclass(frozen=True)
class SpoolQuery:
    """Where a batch of lines (newline-delimited JSON) stands in its writer's sequence."""

    first_line: int = 0


@dataclass(frozen=True)
class SpoolMark:
    """How many lines of a writer are stored."""

    writer: str
    lines: int


@dataclass(frozen=True)
class MetricQuery:
    """Which metrics to read; None reads all. `points` > 0 thins scalar series to that many."""

    name: Optional[str] = None
    points: int = 0


@dataclass(frozen=True)
class MetricsOfRuns:
    """Which metrics of which runs to read, `MOST_RUNS` at most; no names or kinds: all of them.

    `points` is as in MetricQuery.
    """

    runs: List[str]
    names: List[str] = field(default_factory=list)
    points: int = 0
    kinds: List[str] = field(default_factory=list)


@dataclass(frozen=True)
class MetricSeries:
    """One metric of a run. The three lists have one length, `count` unless thinned.

    `times` are microseconds since 1970. `values` holds numbers, texts, booleans or None for
    `scalar`, lists for `list`, objects for `row` and `table`, run-file paths for `image`.
    Non-finite numbers are the texts NaN, Infinity, -Infinity and are listed by index in
    `nonfinite`. `source` says what wrote it: "" for `run.log`, `tensorboard` for event files.
    """

    name: str
    kind: str
    count: int
    values: List[Any] = field(default_factory=list)
    steps: List[Optional[int]] = field(default_factory=list)
    times: List[int] = field(default_factory=list)
    nonfinite: List[int] = field(default_factory=list)
    source: str = ""


@dataclass(frozen=True)
class MetricPage:
    """The metrics of one run, in order of first logging."""

    run: str
    series: List[MetricSeries]


@dataclass(frozen=True)
class MetricPages:
    """The metrics of several runs, in the order in which they were asked for."""

    items: List[MetricPage]


METRICS_APPEND: Route[SpoolMark] = Route(
    "metrics.append",
    "POST",
    IN_RUN + "/spool/{writer}",
    SpoolMark,
    "Append metric lines (newline-delimited JSON).",
    body=Bytes,
    query=SpoolQuery,
    scope=FAMILY,
    audit=REPORTS,
)
METRICS_MARK: Route[SpoolMark] = Route(
    "metrics.mark",
    "GET",
    IN_RUN + "/spool/{writer}",
    SpoolMark,
    "How many lines of a writer are stored.",
    scope=READS,
)
METRICS_READ_MANY: Route[MetricPages] = Route(
    "metrics.read_many",
    "POST",
    IN_WORKSPACE + "/metrics/read",
    MetricPages,
    "Read metrics of many runs at once.",
    body=MetricsOfRuns,
    scope=READS,
)
METRICS_LIST: Route[MetricPage] = Route(
    "metrics.list",
    "GET",
    IN_RUN + "/metrics",
    MetricPage,
    "Read metrics.",
    query=MetricQuery,
    scope=READS,
)
