"""System metrics: what a run's processes, its nodes and their GPUs use, as series over time.

Agents sample them and send them as lines of kind `usage` in their spool, beside what the script
logs. They are no metrics of the run: nothing that lists metrics lists them. A name is

    system/<node>/job/<measure>             all processes of the run on that node
    system/<node>/node/<measure>            the whole node, whoever works there
    system/<node>/rank/<rank>/<measure>     one process of the run with those below it
    system/<node>/gpu/<number>/<measure>    one GPU

`series.read` reads them by these names like any other; `usage.series` tells all that there are.
"""

from dataclasses import field
from typing import Dict, List, Optional, Tuple

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_RUN, READS, Route

USAGE_KIND = "usage"
SYSTEM = "system"
JOB_SCOPE, NODE_SCOPE, RANK_SCOPE, GPU_SCOPE = "job", "node", "rank", "gpu"
SCOPES: Tuple[str, ...] = (JOB_SCOPE, NODE_SCOPE, RANK_SCOPE, GPU_SCOPE)
# What a measure can be at most is a series of one point, called like the measure with this behind.
CAPACITY = "_capacity"
# The name of a GPU: a series of one text.
LABEL = "label"
UNITS: Dict[str, str] = {
    "cpu": "cores",
    "memory": "bytes",
    "disk_read": "bytes/s",
    "disk_write": "bytes/s",
    "network_in": "bytes/s",
    "network_out": "bytes/s",
    "disk": "bytes",
    "utilization": "%",
    "power": "W",
    "temperature": "°C",
}


@dataclass(frozen=True)
class UsageQuery:
    """Which system metrics to read, and how.

    Args:
        points: At most so many points of each series; 0 leaves them out, and tells sums only.
        scope: Only `job`, `node`, `rank` or `gpu`; "" is all.
    """

    points: int = 300
    scope: str = ""


@dataclass(frozen=True)
class UsageSeries:
    """One measure of one thing over time.

    Args:
        name: The series' name, for `series.read`.
        node: The number of the node within the run.
        scope: `job`, `node`, `rank` or `gpu`.
        measure: `cpu`, `memory`, `disk_read`, `network_in`, `utilization` and so on.
        unit: What it is measured in.
        index: Which rank or GPU.
        label: What the GPU is called.
        capacity: What it can be at most, where that is known.
        count: How many points there are, before any were left out.
        last: The last value.
        minimum: The least value.
        maximum: The greatest value.
        x: Time of each point, seconds since 1970.
        y: The value of each point.
    """

    name: str
    node: int
    scope: str
    measure: str
    unit: str
    index: Optional[int] = None
    label: str = ""
    capacity: Optional[float] = None
    count: int = 0
    last: Optional[float] = None
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    x: List[float] = field(default_factory=list)
    y: List[Optional[float]] = field(default_factory=list)


@dataclass(frozen=True)
class UsagePage:
    """The system metrics of one run, by node and scope; empty where none were sampled."""

    run: str
    items: List[UsageSeries]


USAGE_SERIES: Route[UsagePage] = Route(
    "usage.series",
    "GET",
    IN_RUN + "/usage",
    UsagePage,
    "Read what a run's processes, nodes and GPUs used over time.",
    query=UsageQuery,
    scope=READS,
)
