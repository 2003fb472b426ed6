"""Rows of gangs: where each node of a run is, and how its processes are."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, delete, insert, select, update

from runyard.protocol.jobs import JoinGang, TaskReport
from runyard_server.store.schema import gang_nodes

_JOINED = msgspec.json.Decoder(JoinGang)
_TASKS = msgspec.json.Decoder(list[TaskReport])


@dataclass(frozen=True, slots=True)
class GangRow:
    """One node of a gang; `joined` and `tasks` are None until it has told them."""

    node: int
    joined: JoinGang | None
    tasks: list[TaskReport] | None


def of_run(connection: Connection, run_key: int) -> dict[int, GangRow]:
    """What the nodes of a run have told, by number."""
    found = select(gang_nodes.c.node, gang_nodes.c.joined, gang_nodes.c.tasks)
    found = found.where(gang_nodes.c.run_key == run_key).order_by(gang_nodes.c.node)
    return {
        node: GangRow(
            node,
            None if joined is None else _JOINED.decode(joined),
            None if tasks is None else _TASKS.decode(tasks),
        )
        for node, joined, tasks in connection.execute(found)
    }


def join(connection: Connection, run_key: int, node: int, joined: JoinGang) -> None:
    """Write down where a node is.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        node: Number of the node within the run.
        joined: Its address and ports.
    """
    _set(connection, run_key, node, "joined", msgspec.json.encode(joined).decode())


def tell(connection: Connection, run_key: int, node: int, tasks: Sequence[TaskReport]) -> None:
    """Write down how the processes of a node are.

    Args:
        connection: The transaction's connection.
        run_key: Key of the run's row.
        node: Number of the node within the run.
        tasks: The state of its processes.
    """
    _set(connection, run_key, node, "tasks", msgspec.json.encode(tasks).decode())


def remove(connection: Connection, run_key: int) -> None:
    """Forget what the nodes of a run have told."""
    connection.execute(delete(gang_nodes).where(gang_nodes.c.run_key == run_key))


def _set(connection: Connection, run_key: int, node: int, column: str, text: str) -> None:
    this = (gang_nodes.c.run_key == run_key, gang_nodes.c.node == node)
    done = connection.execute(update(gang_nodes).where(*this).values({column: text}))
    if done.rowcount == 0:
        values = {"run_key": run_key, "node": node, column: text}
        connection.execute(insert(gang_nodes).values(values))
