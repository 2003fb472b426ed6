"""Queues: the runs that wait for nodes, and what the scheduler asks of very many runs at once.

A queue is served by priority, the highest first, and among equals by place: the oldest first, but
where somebody has moved one. It may be long, and is asked at each turn: an index has it in this
order, and nothing here reads more of it than a turn can use.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, bindparam, exists, func, or_, select

from runyard_server.store.expressions import OfEachRow
from runyard_server.store.prepared import Prepared
from runyard_server.store.runs import COLUMNS, RunRow, row_of
from runyard_server.store.schema import IN_TURN, PLACES_APART, job_nodes, runs, workspaces
from runyard_server.store.subjects import RUN, Subject

_MANY = 500


class TurnRow(NamedTuple):
    """A run and when its turn is: after the others or not, then by priority, and then by age."""

    late: bool
    below: int
    key: int
    subject: Subject


# A placed run is Queued until its agent's first beat: that it has nodes says that it waits no more.
_HAS_NODES = OfEachRow(exists().where(job_nodes.c.run_key == runs.c.key))
_IN_QUEUE = (
    runs.c.workspace == bindparam("in_workspace"),
    runs.c.target == bindparam("on_target"),
    runs.c.active.is_(True),
    runs.c.status == bindparam("in_status"),
    ~_HAS_NODES,
)
_WAITING = Prepared(select(*COLUMNS).where(*_IN_QUEUE).order_by(*IN_TURN).limit(bindparam("most")))
_COUNTS = (
    select(runs.c.node_count)
    .where(*_IN_QUEUE)
    .order_by(*IN_TURN)
    .limit(bindparam("most"))
    .subquery()
)
_WAITING_NODES = Prepared(select(func.coalesce(func.sum(_COUNTS.c.node_count), 0)))
# Without the index of types, by which the planner would walk through the whole history of them.
_OF_TYPE = func.coalesce(runs.c.run_type, "") == bindparam("of_type")
_WAITING_OF_TYPE = Prepared(
    select(*COLUMNS).where(*_IN_QUEUE, _OF_TYPE).order_by(*IN_TURN).limit(bindparam("most"))
)
_WORKSPACES = Prepared(select(workspaces.c.id))


@dataclass(frozen=True, slots=True)
class Queue:
    """The runs in `status` on a target that have no node; workspace None means all of them."""

    workspace: str | None
    target: str
    status: str

    def first(self, connection: Connection, limit: int) -> list[RunRow]:
        """Those whose turn is next, in order."""
        return self._rows(connection, _WAITING, limit)

    def of_type(self, connection: Connection, run_type: str, limit: int) -> list[RunRow]:
        """Those of a type whose turn is next, in order.

        Args:
            connection: The transaction's connection.
            run_type: The type.
            limit: The most that are wanted.
        """
        return self._rows(connection, _WAITING_OF_TYPE, limit, of_type=run_type)

    def node_count(self, connection: Connection, among: int) -> int:
        """Sum up how many nodes the next `among` of each workspace need."""
        places = self._places(connection)
        return sum(_WAITING_NODES.value(connection, self._named(w, among)) for w in places)

    def _rows(
        self, connection: Connection, statement: Prepared, limit: int, **more: str
    ) -> list[RunRow]:
        # A look for each workspace: over all of them the only way would be along every run that has
        # not ended, on whatever target.
        found = [
            row_of(row)
            for workspace in self._places(connection)
            for row in statement.rows(connection, {**self._named(workspace, limit), **more})
        ]
        return sorted(found, key=turn)[:limit]

    def _places(self, connection: Connection) -> list[str]:
        if self.workspace is not None:
            return [self.workspace]
        return [str(workspace) for (workspace,) in _WORKSPACES.rows(connection)]

    def _named(self, workspace: str, limit: int) -> dict[str, Any]:
        queue = {"on_target": self.target, "in_status": self.status}
        return {**queue, "in_workspace": workspace, "most": limit}


def turn(row: RunRow) -> tuple[int, int, int]:
    """What a queue is ordered by, as the database does it (`schema.IN_TURN`)."""
    return -row.priority, place(row), row.key


def place(row: RunRow) -> int:
    """Where a run stands among those of its priority."""
    return row.key * PLACES_APART if row.place is None else row.place


def unsettled(connection: Connection, status: str) -> list[Subject]:
    """The runs that have not ended, without those of which nothing is to be seen to.

    That is whoever waits in a queue and says why. Of each queue the oldest is there in any case:
    one is enough, for whoever looks at it places all that fit, whose turn it is.

    Args:
        connection: The transaction's connection.
        status: The status of runs in a queue.
    """
    waits = and_(runs.c.status == status, ~_HAS_NODES)
    settled = and_(waits, runs.c.reason.is_not(None), runs.c.cancel_requested.is_(False))
    active = runs.c.active.is_(True)
    oldest = (
        select(func.min(runs.c.key))
        .where(active, waits)
        .group_by(runs.c.workspace, runs.c.target)
        .scalar_subquery()
    )
    found = select(runs.c.workspace, runs.c.id).where(active, or_(~settled, runs.c.key.in_(oldest)))
    return [Subject(RUN, workspace, run) for workspace, run in connection.execute(found)]


def in_turn(
    connection: Connection, subjects: Iterable[Subject], last: Sequence[str]
) -> list[TurnRow]:
    """The places of those of these runs that exist: by priority and age, some statuses last.

    Args:
        connection: The transaction's connection.
        subjects: The runs.
        last: The statuses.
    """
    wanted: dict[str, list[str]] = {}
    for subject in subjects:
        wanted.setdefault(subject.workspace, []).append(subject.id)
    columns = runs.c.status, runs.c.priority, runs.c.key, runs.c.id
    return sorted(
        TurnRow(status in last, -priority, key, Subject(RUN, workspace, run))
        for workspace, ids in wanted.items()
        for start in range(0, len(ids), _MANY)
        for status, priority, key, run in connection.execute(
            select(*columns).where(_are(workspace, ids[start : start + _MANY]))
        )
    )


def _are(workspace: str, ids: Sequence[str]) -> ColumnElement[bool]:
    return and_(runs.c.workspace == workspace, runs.c.id.in_(ids))
