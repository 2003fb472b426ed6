"""What runs of a workspace have logged and were given, by name: for completion and columns."""

from dataclasses import field
from typing import List

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READS, Route

MOST_KEYS = 1000


@dataclass(frozen=True)
class RunKeysQuery:
    """Which names: those that begin with `prefix`, at most `limit` of each kind."""

    prefix: str = ""
    limit: int = 100


@dataclass(frozen=True)
class RunKeys:
    """Names that runs of a workspace have, each list in order.

    Args:
        metrics: Names of scalar metrics.
        params: Names of parameters.
        tags: Names of tags.
        more: Whether there are more than these.
    """

    metrics: List[str] = field(default_factory=list)
    params: List[str] = field(default_factory=list)
    tags: List[str] = field(default_factory=list)
    more: bool = False


@dataclass(frozen=True)
class RunValuesQuery:
    """Which values of a field, as filters name it: those that begin with `prefix`."""

    field: str = ""
    prefix: str = ""
    limit: int = 50


@dataclass(frozen=True)
class RunValues:
    """The texts that a field of runs has, in order; none for numbers and for what has no index.

    Args:
        values: The values.
        more: Whether there are more than these.
    """

    values: List[str] = field(default_factory=list)
    more: bool = False


RUNS_KEYS: Route[RunKeys] = Route(
    "runs.keys",
    "GET",
    IN_WORKSPACE + "/run-keys",
    RunKeys,
    "List the names of metrics, parameters and tags that runs have.",
    query=RunKeysQuery,
    scope=READS,
)
RUNS_VALUES: Route[RunValues] = Route(
    "runs.values",
    "GET",
    IN_WORKSPACE + "/run-values",
    RunValues,
    "List the values that a field of runs has.",
    query=RunValuesQuery,
    scope=READS,
)
