"""The queue of each compute target: what waits for nodes, why, and what would free them.

Times that lie ahead are from former runs: a run's likes are those of its experiment and type.
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_RUN, IN_WORKSPACE, READS, Route


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
        position: Its place in the target's queue, from 1: first come, first served.
        node_count: How many nodes it needs.
        since: Since when it waits.
        message: Why it waits, in a sentence.
        free_nodes: How many nodes of the target nobody has.
        nodes: How many it can have; on this machine, how many runs can be there at once.
        starts_in_seconds: When its turn comes if those before it are like their former ones; None
            where that is not known.
        holders: Who holds nodes, who ends first first; told of the first in a queue alone.
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


@dataclass(frozen=True)
class QueuePage:
    """The runs of a workspace that wait for nodes, by target and place; at most 500 a target."""

    items: List[QueuedRun]


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
RUNS_EXPLAIN: Route[RunExplanation] = Route(
    "runs.explain",
    "GET",
    IN_RUN + "/explanation",
    RunExplanation,
    "Tell why a run is in its state.",
    scope=READS,
)
