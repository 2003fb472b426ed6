"""Finds the keys of runs, models or experiments by conditions, in any order, page after page.

Rows that lack what is ordered by come last. SQL's NULLS LAST would make every index useless, so
a list has *phases*: first the rows that have the first column of the order, by its index, then the
rest by the next column, and at last those that lack them all. A parameter is two columns, numbers
before texts. Places are keys and values, never offsets: what does not change while pages are read
is given exactly once.

A condition that few rows fulfil drives the search: its rows are looked at and sorted. Else the
index of the order is walked (`walks`) until a page is full. Where that takes long, more rows are
few; and where a `Budget` is spent the page is short, and its place is where the walk has come to,
whether or not there is a row.
"""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from sqlalchemy import Connection

from runyard.protocol.filters import Condition
from runyard_server.store import choices
from runyard_server.store.searched import Column, Place, Wanted
from runyard_server.store.walks import Walk, is_always_there
from runyard_server.store.ways import Group, Ways

# Looked at and sorted before a walk has made many steps.
_FEW = 300
# As many rows as a walk looks at before it is asked whether fewer would do, and how many that are.
_TRIAL, _MORE = 2000, 3000


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may look for a page; each step is one row, or a block of some.

    Args:
        seconds: After so long it gives what it has.
        least: So many rows are looked at even then, so that each page gets further.
    """

    seconds: float = math.inf
    least: int = 250


WITHOUT_END = Budget()


@dataclass(frozen=True, slots=True)
class Found:
    """What a search has found.

    Args:
        places: The entries, in order.
        after: Behind which place there may be more; None at the end, and of a full page.
        looked: How many rows were looked at, where the search came to no end.
    """

    places: list[Place]
    after: Place | None = None
    looked: int = 0


def fits(wanted: Wanted, after: Place) -> bool:
    """Whether a place, which came from outside, can be one of this search."""
    ways = Ways(wanted)
    if not 0 <= after.phase <= len(ways.columns):
        return False
    columns = _ordered_by(ways.columns, after.phase)
    # PostgreSQL compares no text with a number: a token that was made by hand must fail here.
    return (
        len(columns) == len(after.values)
        and isinstance(after.key, wanted.noun.key.type.python_type)
        and all(map(ways.has, columns, after.values))
    )


def places(
    connection: Connection,
    wanted: Wanted,
    after: Place | None,
    limit: int,
    now: int = 0,
    budget: Budget = WITHOUT_END,
) -> Found:
    """Find up to `limit` entries behind a place.

    Args:
        connection: The database.
        wanted: What to look for.
        after: The last entry of the page before; None for the first page.
        limit: At most so many.
        now: For durations of what goes on, microseconds since 1970.
        budget: How long it may look.
    """
    ends = time.monotonic() + budget.seconds
    possible = choices.resolved(connection, wanted)
    if possible is None:
        return Found([])
    ways = Ways(possible)
    driver = choices.driver(connection, ways, _FEW, now)
    if driver is not None:
        return _driven(connection, ways, driver, after, limit, now)
    found: list[Place] = []
    looked, tried = 0, False
    for number, columns, begin in _phases(ways, after):
        group = Group(lacking=tuple(ways.columns[:number]))
        steps = Walk(connection, ways, now, limit).steps(group, columns, begin)
        with closing(steps):  # type: ignore[type-var]
            for step in steps:
                looked += step.looked
                if step.fits:
                    found.append(Place(number, step.values, step.key))
                    if len(found) == limit:
                        return Found(found)
                if looked >= budget.least and time.monotonic() >= ends:
                    return Found(found, Place(number, step.values, step.key), looked)
                if looked >= _TRIAL and not tried:
                    driver = choices.driver(connection, ways, _MORE, now)
                    if driver is not None:
                        return _driven(connection, ways, driver, after, limit, now)
                    tried = True
    return Found(found)


def _driven(
    connection: Connection, ways: Ways, driver: Condition, after: Place | None, limit: int, now: int
) -> Found:
    """Sort the rows that fulfil a condition, phase by phase."""
    way = ways.by_driver(driver)
    found: list[Place] = []
    for number, columns, begin in _phases(ways, after):
        group = Group(lacking=tuple(ways.columns[:number]))
        statement = ways.ordered(way, group, columns, begin, limit - len(found))
        rows = connection.execute(statement, {"now": now})
        found += [Place(number, tuple(values), key) for key, *values in rows]
        if len(found) >= limit:
            break
    return Found(found)


def _phases(
    ways: Ways, after: Place | None
) -> Iterator[tuple[int, Sequence[Column], Place | None]]:
    """The phases from a place on, while rows can be left for them, and where each begins."""
    first = 0 if after is None else after.phase
    for number in range(first, len(ways.columns) + 1):
        begin = after if after is not None and after.phase == number else None
        yield number, _ordered_by(ways.columns, number), begin
        if number < len(ways.columns) and is_always_there(ways, ways.columns[number]):
            return


def _ordered_by(columns: Sequence[Column], phase: int) -> Sequence[Column]:
    """What the rows of a phase are ordered by: its column, and those of later places."""
    lead, rest = columns[phase : phase + 1], columns[phase + 1 :]
    return [*lead, *(one for one in rest if one.place != lead[0].place)]
