"""How many runs wait and go on; counted along indexes, so those that have ended cost nothing."""

from sqlalchemy import Connection, and_, func, select

from runyard.protocol.runs import QUEUED, STATUSES, TERMINAL
from runyard_server.store.schema import runs, workspaces

OPEN = tuple(status for status in STATUSES if status not in TERMINAL)
_IS_OPEN = and_(runs.c.workspace == workspaces.c.id, runs.c.status.in_(OPEN))
_WAITS = and_(runs.c.workspace == workspaces.c.id, runs.c.status == QUEUED)


def by_status(connection: Connection) -> dict[tuple[str, str], int]:
    """How many runs have not ended, by workspace and status; each workspace has all statuses."""
    every = connection.execute(select(workspaces.c.id)).scalars()
    counts = {(workspace, status): 0 for workspace in every for status in OPEN}
    found = (
        select(workspaces.c.id, runs.c.status, func.count())
        .select_from(workspaces.join(runs, _IS_OPEN))
        .group_by(workspaces.c.id, runs.c.status)
    )
    counts.update({(where, status): count for where, status, count in connection.execute(found)})
    return counts


def waiting_since(connection: Connection) -> int | None:
    """When the oldest run was submitted that is in a queue, None where none is."""
    oldest = select(func.min(runs.c.key)).where(_WAITS).correlate(workspaces).scalar_subquery()
    each = select(oldest.label("key")).select_from(workspaces).subquery()
    found = select(func.min(runs.c.created_at)).join(each, each.c.key == runs.c.key)
    since: int | None = connection.execute(found).scalar()
    return since
