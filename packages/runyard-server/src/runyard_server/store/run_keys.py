"""Different values of a column that an index begins with, found one by one.

A name that a million runs have is one step: each step asks the index for the next larger value, as
SQL's DISTINCT, which reads all rows, does not.
"""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Table, exists, func, select

from runyard_server.store.expressions import OfEachRow, as_indexed
from runyard_server.store.schema import runs, workspaces

_BEHIND_ALL = "\U0010ffff"
# A workspace with so few runs is asked for what these have.
_FEW = 200
Within = Callable[[FromClause], Sequence[ColumnElement[bool]]]


def nothing_more(_: FromClause) -> Sequence[ColumnElement[bool]]:
    """No condition."""
    return ()


def different(
    connection: Connection,
    table: Table,
    column: str,
    *,
    prefix: str,
    limit: int,
    within: Within = nothing_more,
    holds: Callable[[ColumnElement[str]], Sequence[ColumnElement[bool]]] = lambda _: (),
) -> list[str]:
    """Find the different texts of a column, in order.

    Args:
        connection: The transaction's connection.
        table: The table; an index of it begins with what `within` fixes, and then the column.
        column: The column's name.
        prefix: How the texts begin.
        limit: At most so many.
        within: What must hold of the rows, of the table or of an alias of it.
        holds: What must hold of a text that was found.
    """

    def least(rows: FromClause, begun: Callable[[ColumnElement[str]], Any]) -> Any:
        value = as_indexed(rows.c[column])
        where = (*within(rows), begun(value), value < prefix + _BEHIND_ALL)
        return select(func.min(value).label("text")).where(*where)

    found = least(table, lambda value: value >= prefix).cte("found", recursive=True)
    after = table.alias("after")
    # One lower bound alone: of two SQLite takes the first for the index, and reads all rows again.
    following = least(after, lambda value: value > found.c.text).correlate(found).scalar_subquery()
    found = found.union_all(select(following).where(found.c.text.is_not(None)))
    wanted = select(found.c.text).where(found.c.text.is_not(None), *holds(found.c.text))
    return [str(text) for (text,) in connection.execute(wanted.limit(limit))]


def names(
    connection: Connection,
    table: Table,
    workspace: str,
    *,
    prefix: str,
    limit: int,
    column: str = "name",
    within: Within = nothing_more,
    only: Within = nothing_more,
) -> list[str]:
    """The different texts in a table of what runs have: of metrics, parameters or tags.

    Args:
        connection: The transaction's connection.
        table: The table.
        workspace: Id of the workspace.
        prefix: How the texts begin.
        limit: At most so many.
        column: Where they stand.
        within: What must hold of all rows; see `different`.
        only: What must hold of one row besides.
    """
    several = len(connection.execute(select(workspaces.c.id).limit(2)).fetchall()) > 1
    if several:
        mine = select(runs.c.key).where(runs.c.workspace == workspace).limit(_FEW + 1)
        keys = connection.execute(mine).scalars().all()
        # Beside a workspace with a hundred thousand names each of these would be asked for.
        if len(keys) <= _FEW:
            begun = table.c[column] >= prefix, table.c[column] < prefix + _BEHIND_ALL
            where = (table.c.run_key.in_(keys), *within(table), *only(table), *begun)
            found = select(table.c[column]).where(*where).distinct().order_by(table.c[column])
            return [str(text) for text in connection.execute(found.limit(limit)).scalars()]

    def holds(text: ColumnElement[str]) -> Sequence[ColumnElement[bool]]:
        rows = table.alias("rows")
        is_it = as_indexed(rows.c[column]) == text
        there = exists().where(*within(rows), is_it, *only(rows))
        # These tables know no workspace: where there are several, a run of this one must have it.
        if several:
            there = there.where(runs.c.key == rows.c.run_key, runs.c.workspace == workspace)
        return (OfEachRow(there),)

    return different(
        connection, table, column, prefix=prefix, limit=limit, within=within, holds=holds
    )
