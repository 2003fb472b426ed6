"""Which way a search takes: counts of what conditions find, up to a limit, decide.

A condition that few rows fulfil *drives* the search: all of these are looked at and sorted. What
excludes or fits anywhere is first made into the few values that it leaves, if the field has few.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from sqlalchemy import Column as TableColumn
from sqlalchemy import ColumnElement, Connection, FromClause, Integer, func, select

from runyard.protocol.filters import ATTRIBUTE, Condition
from runyard_server.store import run_keys
from runyard_server.store.expressions import INDEXED_LETTERS, Begin
from runyard_server.store.functions import begin_of, matches
from runyard_server.store.searched import Side, Wanted
from runyard_server.store.ways import Group, Way, Ways
from runyard_server.store.whole_numbers import of_whole

# Beyond it one condition is as good as another.
_COUNTED = 5000
_MOST_VALUES = 200
_BY_NO_INDEX = ("!=", "NOT IN", "NOT LIKE", "NOT ILIKE", "ILIKE")
_EQUAL = ("=", "IS NULL")


def resolved(connection: Connection, wanted: Wanted) -> Wanted | None:
    """The same search with lists of values where conditions exclude or fit anywhere.

    None: there is no value that fits.

    Args:
        connection: The database.
        wanted: What is looked for.
    """
    whole = [_whole(wanted, one) for one in wanted.conditions]
    if None in whole:
        return None
    wanted = replace(wanted, conditions=[one for one in whole if one is not None])
    if not any(map(_is_open, wanted.conditions)):
        return wanted
    conditions = [_resolved(connection, wanted, one) for one in wanted.conditions]
    if any(one.operator == "IN" and not one.values for one in conditions):
        return None
    return replace(wanted, conditions=conditions)


def driver(connection: Connection, ways: Ways, few: int, now: int) -> Condition | None:
    """The condition that the fewest rows fulfil, if these are few; what has no index is not asked.

    A condition on what the list is ordered by only says where the walk along that index begins.

    Args:
        connection: The database.
        ways: The statements of the search.
        few: Below which number they are.
        now: For durations of what goes on.
    """
    wanted = ways.wanted
    best, fewest = None, few
    for one in wanted.conditions:
        leads = bool(wanted.order) and one.field == wanted.order[0].field
        if not _is_found(ways, one) or (leads and one.operator not in ("=", "IN")):
            continue
        keys = ways.keys_of(one).limit(fewest)
        counted = select(func.count()).select_from(keys.subquery())
        count = int(connection.execute(counted, {"now": now}).scalar_one())
        if count < fewest:
            best, fewest = one, count
    return best


def by_key(connection: Connection, ways: Ways, group: Group) -> Way:
    """The shortest way to the rows of a group by their keys.

    Args:
        connection: The database.
        ways: The statements of the search.
        group: The rows.
    """
    conditions = [one for one in ways.wanted.conditions if one.operator in _EQUAL]
    conditions += [Condition(column.field, "=", (value,)) for column, value in group.same]
    conditions += [Condition(c.field, "IS NULL") for c in group.lacking if c.part == 0]
    several = [one for one in conditions if _is_found(ways, one) and _is_one_range(ways, one)]
    if not several:
        return ways.by_key()

    def width(one: Condition) -> tuple[bool, int]:
        # What lacks something is mostly nearly all; of two that are more than are counted the
        # narrower is what an index has within the other: what is not archived of an experiment.
        return one.operator == "IS NULL", -len(ways.by_condition(one, group).where)

    several.sort(key=width)
    best, fewest = several[0], _COUNTED
    for one in several if len(several) > 1 and several[1].values else ():
        way = ways.by_condition(one, group)
        rows = select(way.key).select_from(way.alone).where(*way.where)
        counted = select(func.count()).select_from(rows.limit(fewest).subquery())
        count = int(connection.execute(counted).scalar_one())
        if count < fewest:
            best, fewest = one, count
    return ways.by_condition(best, group)


def _is_found(ways: Ways, one: Condition) -> bool:
    """Whether an index finds what fulfils a condition."""
    if one.operator in _BY_NO_INDEX or (
        one.operator == "LIKE" and not begin_of(str(one.values[0]))
    ):
        return False
    if any(isinstance(value, str) and len(value) >= INDEXED_LETTERS for value in one.values):
        # Among texts that are alike as far as an index has them.
        return False
    if one.field.kind != ATTRIBUTE:
        return one.operator != "IS NULL"
    attribute = ways.noun.attributes[one.field.name]
    if not ways.noun.has_index(attribute):
        return False
    return bool(one.values) or isinstance(attribute.value, TableColumn)


def _whole(wanted: Wanted, one: Condition) -> Condition | None:
    """A condition on whole numbers in whole numbers."""
    if one.field.kind != ATTRIBUTE:
        return one
    kind = wanted.noun.attributes[one.field.name].value.type
    return of_whole(one) if isinstance(kind, Integer) else one


def _is_one_range(ways: Ways, one: Condition) -> bool:
    """Whether an index has all that fulfil a condition in the order of their keys."""
    if one.field.kind != ATTRIBUTE:
        return one.operator == "="
    sources = ways.noun.attributes[one.field.name].sources
    return len(sources) == 1 and isinstance(sources[0].value, (TableColumn, Begin))


def _is_open(one: Condition) -> bool:
    """Whether a condition of texts excludes some, or fits anywhere."""
    if not one.values or not isinstance(one.values[0], str):
        return False
    return one.operator in _BY_NO_INDEX or (
        one.operator == "LIKE" and one.values[0].startswith(("%", "_"))
    )


def _resolved(connection: Connection, wanted: Wanted, one: Condition) -> Condition:
    if not _is_open(one):
        return one
    values = _different(connection, wanted, one)
    if values is None:
        return one
    left = tuple(value for value in values if _fits(one, value))
    return Condition(one.field, "=" if len(left) == 1 else "IN", left)


def _different(connection: Connection, wanted: Wanted, one: Condition) -> list[str] | None:
    """All texts that a field has; None if they are many, or no index has them."""
    within: run_keys.Within
    if one.field.kind == ATTRIBUTE:
        attribute = wanted.noun.attributes[one.field.name]
        if attribute.column is None or not wanted.noun.has_index(attribute):
            return None
        table, column = wanted.noun.table, str(attribute.column.key)
        within = partial(_inside, wanted.workspace)
    else:
        side = wanted.noun.sides[one.field.kind]
        table, column = side.table, side.value
        within = partial(_named, side, one.field.name)
    most = _MOST_VALUES + 1
    found = run_keys.different(connection, table, column, prefix="", limit=most, within=within)
    if len(found) == most or any(len(text) >= INDEXED_LETTERS for text in found):
        return None
    return found


def _inside(workspace: str, rows: FromClause) -> Sequence[ColumnElement[bool]]:
    return (rows.c.workspace == workspace,)


def _named(side: Side, name: str, rows: FromClause) -> Sequence[ColumnElement[bool]]:
    return (side.named(rows, name),)


def _fits(one: Condition, value: str) -> bool:
    if one.operator in ("!=", "NOT IN"):
        return value not in one.values
    fits = matches(str(one.values[0]), value, small=one.operator.endswith("ILIKE"))
    return fits != one.operator.startswith("NOT")
