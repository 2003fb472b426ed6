"""Who waits for which nodes, who holds them, and until when: read only, for whoever looks.

How long a run will go on is told from its likes: the newest completed runs of its experiment and
type. When a turn comes is played through: runs start in order, as nodes become free.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median

from runyard.protocol.endpoints import REPLICA_RUN
from runyard.protocol.queue import NodeHolder, QueuedRun
from runyard.protocol.runs import LOCAL_TARGET, QUEUED
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution.placement import Target, queue_of, target_of
from runyard_server.store import compute, events, job_nodes, nodes, runs
from runyard_server.store.runs import RunRow

# More are nobody's next: a queue of a million is looked at from its front.
LONGEST = 500
_LIKES, _AMONG = 20, 200
_NAMED = 3
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True, slots=True)
class Standing:
    """How a target stands.

    Args:
        nodes: How many nodes it can have.
        free: How many of them nobody has.
        holders: Who has the others, who ends first first.
    """

    nodes: int
    free: int
    holders: list[NodeHolder]


class Likes:
    """How long runs usually take; asked once for all runs that are alike.

    Args:
        work: The unit of work.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self._known: dict[tuple[str, str, str | None], float | None] = {}

    def usual(self, row: RunRow) -> float | None:
        """The median of the seconds that runs like one took; None where none has completed."""
        key = (row.workspace, row.experiment, row.run_type)
        if key not in self._known:
            took = runs.durations(self._work.connection, row, _LIKES, _AMONG)
            self._known[key] = median(took) / SECOND if took else None
        return self._known[key]


def places(system: System) -> int:
    """How many runs can be on this machine at once."""
    return system.sites.of(LOCAL_TARGET).backend.capabilities().cpus


def of_workspace(work: Work, workspace: str, places: int) -> list[QueuedRun]:
    """The runs of a workspace that wait for nodes, by target and place.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        places: How many runs can be on this machine at once.
    """
    clusters = compute.of_workspace(work.connection, workspace)
    targets = [Target("", LOCAL_TARGET), *(Target(workspace, one.name) for one in clusters)]
    likes = Likes(work)
    waiting = [one for target in targets for one in _of_target(work, target, places, likes)]
    return [told for row, told in waiting if row.workspace == workspace]


def of_run(work: Work, row: RunRow, places: int) -> QueuedRun | None:
    """What a run waits for; None where it has its nodes, or stands too far behind.

    Args:
        work: The unit of work.
        row: The run.
        places: How many runs can be on this machine at once.
    """
    if row.status != QUEUED:
        return None
    found = _of_target(work, target_of(row), places, Likes(work))
    return next((told for each, told in found if each.key == row.key), None)


def span(seconds: float) -> str:
    """A time as people say it: 40 s, 14 min, 3 h, 2 d."""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size:
            return f"{round(seconds / size)} {unit}"
    return f"{max(1, round(seconds))} s"


def _of_target(
    work: Work, target: Target, places: int, likes: Likes
) -> list[tuple[RunRow, QueuedRun]]:
    queue = queue_of(target)
    waiting = [row for row in queue.first(work.connection, LONGEST) if row.run_type != REPLICA_RUN]
    if not waiting:
        return []
    standing = _standing(work, target, places, likes)
    since = _since(work, waiting)
    starts = _starts(waiting, standing, likes)
    first = waiting[0]
    found = []
    for position, (row, start) in enumerate(zip(waiting, starts, strict=True), 1):
        told = QueuedRun(
            run=row.id,
            experiment=row.experiment,
            number=row.number,
            target=row.target,
            position=position,
            node_count=row.node_count,
            since=iso(since.get((row.workspace, row.id), row.created_at)),
            message="",
            free_nodes=standing.free,
            nodes=standing.nodes,
            starts_in_seconds=start,
            holders=standing.holders if row is first else [],
            priority=row.priority,
        )
        message = _why(row, standing) if row is first else _behind(position, row, first, start)
        found.append((row, replace(told, message=message)))
    return found


def _since(work: Work, waiting: Sequence[RunRow]) -> dict[tuple[str, str], int]:
    ids: dict[str, list[str]] = {}
    for row in waiting:
        ids.setdefault(row.workspace, []).append(row.id)
    return {
        (workspace, run): time
        for workspace, named in ids.items()
        for run, time in events.came_into(work.connection, workspace, named, QUEUED).items()
    }


def _standing(work: Work, target: Target, places: int, likes: Likes) -> Standing:
    connection = work.connection
    if target.is_local:
        rows = runs.active_with_nodes(connection, LOCAL_TARGET, LONGEST, REPLICA_RUN)
        free = places - job_nodes.count_unfinished_on(connection, LOCAL_TARGET)
        return Standing(places, max(0, free), _holders(work, [(row, 1) for row in rows], likes))
    cluster = compute.find(connection, target.workspace, target.name)
    present = nodes.count(connection, target.workspace, target.name)
    holding = runs.holding_nodes(connection, target.workspace, target.name)
    most = max(present, cluster.max_nodes if cluster else 0)
    held = sum(count for _, count in holding)
    return Standing(most, most - held, _holders(work, holding, likes))


def _holders(work: Work, holding: Sequence[tuple[RunRow, int]], likes: Likes) -> list[NodeHolder]:
    found = [_holder(work, row, held, likes.usual(row)) for row, held in holding]
    # Of those of which nothing is known nobody can say that they end first.
    return sorted(found, key=lambda one: (one.left_seconds is None, one.left_seconds or 0.0))


def _holder(work: Work, row: RunRow, held: int, usual: float | None) -> NodeHolder:
    began = row.started_at or work.now
    left = None if usual is None else max(0.0, usual - (work.now - began) / SECOND)
    return NodeHolder(
        row.workspace, row.id, row.experiment, row.number, held, iso(began), usual, left
    )


def _starts(waiting: Sequence[RunRow], standing: Standing, likes: Likes) -> list[float | None]:
    """In how many seconds each turn comes, played through; None from where that is not known."""
    never = float("inf")
    free = [(0.0, standing.free)]
    free += [
        (never if h.left_seconds is None else h.left_seconds, h.nodes) for h in standing.holders
    ]
    heapq.heapify(free)
    found: list[float | None] = []
    now = 0.0
    for row in waiting:
        missing = row.node_count
        while missing > 0 and free:
            at, count = heapq.heappop(free)
            now = max(now, at)
            if count > missing:
                heapq.heappush(free, (at, count - missing))
            missing -= min(count, missing)
        if missing > 0:
            now = never
        # At once means that nodes are being started, of which nobody knows how long it takes.
        found.append(now if 0 < now < never else None)
        usual = likes.usual(row)
        heapq.heappush(free, (never if usual is None else now + usual, row.node_count))
    return found


def _why(row: RunRow, standing: Standing) -> str:
    """Why the first in a queue waits."""
    held = standing.nodes - standing.free
    if standing.free >= row.node_count or not standing.holders:
        return f"waits: {row.reason}" if row.reason else "waits for its turn, which is next"
    one = row.target == LOCAL_TARGET
    places = "places on this machine" if one else f"nodes of {row.target}"
    count = f"all {held}" if held == standing.nodes else f"{held} of {standing.nodes}"
    if held == standing.nodes == 1:
        count, places = "the only", places.replace("places", "place").replace("nodes", "node")
    verb = "is" if held == 1 else "are"
    return f"waits because {count} {places} {verb} held by {_named(standing.holders)}"


def _named(holders: Sequence[NodeHolder]) -> str:
    if len(holders) == 1:
        only = holders[0]
        return f"{only.experiment} {only.number}, which {_ends(only)}"
    named = [f"{one.experiment} {one.number} ({_ends(one)})" for one in holders[:_NAMED]]
    more = len(holders) - len(named)
    last = [f"{more} more"] if more else []
    *before, end = [*named, *last]
    return f"{', '.join(before)} and {end}"


def _ends(one: NodeHolder) -> str:
    if one.usual_seconds is None or one.left_seconds is None:
        return "is the first of its kind, so nobody knows how long it takes"
    if one.left_seconds <= 0:
        return f"usually takes {span(one.usual_seconds)} and is late"
    return f"usually ends in {span(one.left_seconds)}"


def _behind(position: int, row: RunRow, first: RunRow, start: float | None) -> str:
    before = position - 1
    whom = f"{first.experiment} {first.number}"
    if first.priority != row.priority:
        whom += f" of priority {first.priority}"
    runs_ = whom if before == 1 else f"{before} other runs, the next of which is {whom}"
    when = "" if start is None else f"; its turn usually comes in {span(start)}"
    return f"waits behind {runs_}{when}"
