"""The queue of each compute target: what waits for nodes, why, and what would free them.

A queue is served by priority, the highest first; runs of one priority in the order in which they
were submitted, but where one has been moved. Nobody is overtaken by what comes later with the same
priority, however few nodes that needs. Times that lie ahead are from former runs: a run's likes are
those of its experiment and type.
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import FAMILY, IN_RUN, IN_WORKSPACE, READS, Route
from runyard.protocol.runs import RunRecord

MOST_PRIORITY = 1000
"""Priorities are from minus this to this; 0 is what a run has that asks for none."""


@dataclass(frozen=True)
class NodeHolder:
    """A run that holds nodes which others wait for.

    Args:
        workspace: Its workspace.
        run: Its id.
        experiment: Its experiment.
        number: Its number there.
        nodes: How many it holds.
        since: When it began.
        usual_seconds: How long its likes took; None where none has completed.
        left_seconds: How long it will go on if it is like those, 0 where it is late.
    """

    workspace: str
    run: str
    experiment: str
    number: int
    nodes: int
    since: str
    usual_seconds: Optional[float] = None
    left_seconds: Optional[float] = None


@dataclass(frozen=True)
class QueuedRun:
    """A run that waits for nodes.

    Args:
        run: Its id.
        experiment: Its experiment.
        number: Its number there.
        target: The compute target that it waits for.
        position: Its place in the target's queue, from 1.
        node_count: How many nodes it needs.
        since: Since when it waits.
        message: Why it waits, in a sentence.
        free_nodes: How many nodes of the target nobody has.
        nodes: How many it can have; on this machine, how many runs can be there at once.
        starts_in_seconds: When its turn comes if those before it are like their former ones; None
            where that is not known.
        holders: Who holds nodes, who ends first first; told of the first in a queue alone.
        priority: Its priority; higher ones are served before it.
    """

    run: str
    experiment: str
    number: int
    target: str
    position: int
    node_count: int
    since: str
    message: str
    free_nodes: int = 0
    nodes: int = 0
    starts_in_seconds: Optional[float] = None
    holders: List[NodeHolder] = field(default_factory=list)
    priority: int = 0


@dataclass(frozen=True)
class QueuePage:
    """The runs of a workspace that wait for nodes, by target and place; at most 500 a target."""

    items: List[QueuedRun]


@dataclass(frozen=True)
class Prioritize:
    """Another place in the queue: exactly one of these.

    Args:
        priority: Another priority; among the runs that have it the run goes by its age.
        before: A run that waits for the same target: the place right before it, with its priority.
        after: Such a run: the place right after it, with its priority.
    """

    priority: Optional[int] = None
    before: Optional[str] = None
    after: Optional[str] = None


@dataclass(frozen=True)
class RunExplanation:
    """Why a run is in its state.

    Args:
        run: Its id.
        status: Its state.
        since: When it came into it.
        message: Why, in a sentence or two.
        advice: What can be done about it; "" where nothing need be.
        waiting: What it waits for, while it is in a queue.
    """

    run: str
    status: str
    since: str
    message: str
    advice: str = ""
    waiting: Optional[QueuedRun] = None


COMPUTE_QUEUE: Route[QueuePage] = Route(
    "compute.queue",
    "GET",
    IN_WORKSPACE + "/queue",
    QueuePage,
    "List the runs that wait for nodes, and what would free them.",
    scope=READS,
)
RUNS_PRIORITIZE: Route[RunRecord] = Route(
    "runs.prioritize",
    "POST",
    IN_RUN + "/priority",
    RunRecord,
    "Change a run's priority, or its place in the queue.",
    body=Prioritize,
    scope=FAMILY,
)
RUNS_EXPLAIN: Route[RunExplanation] = Route(
    "runs.explain",
    "GET",
    IN_RUN + "/explanation",
    RunExplanation,
    "Tell why a run is in its state.",
    scope=READS,
)
