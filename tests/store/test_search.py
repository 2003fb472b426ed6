"""Searches over pages: whatever the order, the filter and the way, each row once and in order.

Every search is compared with a list that plain Python has filtered and sorted. The limits at which
a search changes its way are drawn too, so that a dozen rows meet what otherwise takes a million.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cmp_to_key
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Table, case, insert, literal, select

from runyard.protocol.filters import ATTRIBUTE, Condition, Field, Order
from runyard_server.store import choices, search, walks
from runyard_server.store.functions import as_number, ilike, like, matches
from runyard_server.store.nouns import RUNS
from runyard_server.store.records import Records, sqlite_url
from runyard_server.store.schema import metric_series, run_params, run_tags, runs
from runyard_server.store.search import Budget
from runyard_server.store.searched import Place, Wanted
from runyard_server.testing.databases import TEMPLATE

Row = dict[str, Any]
_NAMED = (run_params, run_tags, metric_series)
HERE, ELSEWHERE = "here", "elsewhere"
NOW = 50_000_000
TEXTS = ["a", "A", "ab", "b", "1", "1.0", "0.5", "a%", "", "Größe"]
_texts = st.sampled_from(TEXTS)
_lacking = st.none()
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "workspace": st.sampled_from([HERE, HERE, HERE, ELSEWHERE]),
            "experiment": st.sampled_from(["e", "f"]),
            "status": st.sampled_from(["Completed", "Completed", "Failed"]),
            "active": st.booleans(),
            "name": _texts | _lacking,
            "submitted_by": st.sampled_from(["", "ann", "ben"]),
            "number": st.integers(1, 3),
            "started_at": st.sampled_from([1_000_000, 2_000_000]) | _lacking,
            "ended_at": st.sampled_from([3_000_000, 4_000_000, NOW]) | _lacking,
            "p": _texts | _lacking,
            "t": _texts | _lacking,
            "m": st.sampled_from([0.0, 0.5, 1.0]) | _lacking,
        }
    ),
    max_size=14,
)
_FIELDS = [
    *(Field(ATTRIBUTE, name) for name in ("experiment", "status", "active", "name", "user")),
    *(Field(ATTRIBUTE, name) for name in ("number", "ended_at", "duration", "attempt")),
    *(Field(kind, kind[0]) for kind in ("params", "tags", "metrics")),
]
_NUMBERS = ("number", "ended_at", "duration", "attempt", "m")
_orders = st.lists(
    st.builds(Order, st.sampled_from(_FIELDS), st.booleans()),
    max_size=3,
    unique_by=lambda one: one.field,
)


@st.composite
def _conditions(draw: st.DrawFn) -> Condition:
    field = draw(st.sampled_from(_FIELDS))
    if draw(st.integers(0, 5)) == 0:
        return Condition(field, draw(st.sampled_from(["IS NULL", "IS NOT NULL"])))
    if field.name == "active":
        return Condition(field, draw(st.sampled_from(["=", "!="])), (draw(st.booleans()),))
    is_number = field.name in _NUMBERS or (field.kind in ("params", "tags") and draw(st.booleans()))
    value: st.SearchStrategy[Any] = _texts
    if is_number:
        value = st.sampled_from([0.5, 1, 2, 3, 3_000_000])
    elif field.name in ("experiment", "status", "user"):
        value = st.sampled_from(["e", "f", "Completed", "Failed", "ann"])
    of_numbers = ["=", "!=", "<", "<=", ">", ">=", "IN", "NOT IN"]
    of_texts = ["=", "!=", "IN", "NOT IN", "LIKE", "NOT LIKE", "ILIKE", "NOT ILIKE"]
    operator = draw(st.sampled_from(of_numbers if is_number else of_texts))
    if operator.endswith("IN"):
        return Condition(field, operator, tuple(draw(st.lists(value, min_size=1, max_size=3))))
    if operator.endswith("LIKE"):
        pattern = draw(st.sampled_from(["%", "a%", "%a%", "%B", "_", "a\\%", "%ö%", "1%", "C%"]))
        return Condition(field, operator, (pattern,))
    return Condition(field, operator, (draw(value),))


_limits = st.fixed_dictionaries(
    {
        "few": st.sampled_from([0, 0, 3, 300]),
        "trial": st.sampled_from([0, 2, 2000]),
        "more": st.sampled_from([0, 4, 5000]),
        "block": st.sampled_from([2, 3, 2048]),
        "sorted": st.sampled_from([0, 2, 4000]),
        "marked": st.sampled_from([1, 1, 2]),
        "values": st.sampled_from([0, 2, 200]),
        "least": st.sampled_from([1, 2, 5, 500]),
    }
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def records(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Records]:
    """A database of its own."""
    if request.param == "sqlite":
        url = sqlite_url(Path(tmp_path_factory.mktemp("search"), "runyard.db"))
    else:
        url = request.getfixturevalue("postgres").new_database(TEMPLATE)
    opened = Records(url)
    yield opened
    opened.close()


def _fill(connection: Connection, rows: Sequence[Row]) -> None:
    fixed: Row = {"target": "local", "node_count": 1, "attempt": 1, "last_event": 0}
    fixed |= {"warnings": "[]", "description": "", "stage_seconds": "{}", "cancel_requested": False}
    written: dict[Table, list[Row]] = {table: [] for table in _NAMED}
    for key, row in enumerate(rows, start=1):
        own = {name: value for name, value in row.items() if len(name) > 1}
        own |= {"key": key, "id": f"r{key}", "created_at": key}
        connection.execute(insert(runs), {**fixed, **own})
        for table, name in ((run_params, "p"), (run_tags, "t")):
            value = row[name]
            value = {"run_key": key, "name": name, "value": value, "number": as_number(value)}
            written[table] += [value] if row[name] is not None else []
        if row["m"] is not None:
            series = {"run_key": key, "name": "m", "kind": "scalar", "count": 1, "last": row["m"]}
            written[metric_series].append(series)
    for table, values in written.items():
        if values:
            connection.execute(insert(table), values)


def _parts(row: Row, field: Field) -> tuple[Any, ...]:
    """What a row has in a field: of texts that may be numbers, the number and the text."""
    if field.kind in ("params", "tags"):
        text = row[field.name]
        return (None if text is None else as_number(text)), text
    if field.name == "user":
        return (row["submitted_by"] or None,)
    if field.name == "duration":
        begun, ended = row["started_at"], row["ended_at"]
        return (None if begun is None else ((ended or NOW) - begun) / 1_000_000,)
    return (1 if field.name == "attempt" else row[field.name],)


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "LIKE": lambda a, b: matches(b, a, small=False),
    "ILIKE": lambda a, b: matches(b, a, small=True),
}


def _fulfils(row: Row, one: Condition) -> bool:
    parts = _parts(row, one.field)
    if not one.values:
        return (parts[-1] is None) == (one.operator == "IS NULL")
    if parts[-1] is None:
        return False
    value = parts[-1] if isinstance(one.values[0], str) else parts[0]
    if one.operator in ("!=", "NOT IN"):
        return value not in one.values
    if value is None or one.operator == "IN":
        return value in one.values
    denied = one.operator.startswith("NOT ")
    return _COMPARED[one.operator.removeprefix("NOT ")](value, one.values[0]) != denied


def _compared(one: Any, other: Any, *, falls: bool) -> int:
    if one is None or other is None:
        return (one is None) - (other is None)
    return ((one > other) - (one < other)) * (-1 if falls else 1)


def _sorted(rows: Sequence[tuple[int, Row]], order: Sequence[Order]) -> list[int]:
    """The keys of rows in order: the language's own rules, in words of Python."""
    columns = [(one.field, part, one.descending) for one in order for part in _count(one.field)]

    def compare(one: tuple[int, Row], other: tuple[int, Row]) -> int:
        skipped = None
        for place, (field, part, falls) in enumerate(columns):
            if field == skipped:
                continue
            a, b = _parts(one[1], field)[part], _parts(other[1], field)[part]
            found = _compared(a, b, falls=falls)
            if found:
                return found
            # The first that a row has stands for the whole field; of later ones each part counts.
            if a is not None and all(_parts(one[1], f)[p] is None for f, p, _ in columns[:place]):
                skipped = field
        last = order[-1].descending if order else RUNS.newest_first
        return _compared(one[0], other[0], falls=last)

    return [key for key, _ in sorted(rows, key=cmp_to_key(compare))]


def _count(field: Field) -> range:
    return range(2 if field.kind in ("params", "tags") else 1)


def _paged(connection: Connection, wanted: Wanted, size: int, least: int) -> list[int]:
    """The keys of all pages, in the order in which they came."""
    found: list[int] = []
    after: Place | None = None
    budget = Budget(0, least)
    for _ in range(500):
        come = search.places(connection, wanted, after, size, NOW, budget)
        found += [place.key for place in come.places]
        assert len(come.places) <= size
        full = len(come.places) == size
        after = come.places[-1] if full else come.after
        if after is None:
            return found
        assert search.fits(wanted, after)
    raise AssertionError("the search comes to no end")


@settings(max_examples=60, deadline=None)
@given(_rows, st.lists(_conditions(), max_size=3), _orders, st.integers(1, 5), _limits)
def test_pages_are_the_filtered_and_sorted_list(
    records: Records,
    rows: Sequence[Row],
    conditions: Sequence[Condition],
    order: Sequence[Order],
    size: int,
    limits: Mapping[str, int],
) -> None:
    """However little a page may look at, all pages together are right."""
    with pytest.MonkeyPatch.context() as patched:
        _limit(patched, limits)
        wanted = Wanted(RUNS, HERE, conditions, order)

        def read(connection: Connection) -> list[int]:
            # What a reader writes is taken back when it has ended.
            _fill(connection, rows)
            return _paged(connection, wanted, size, limits["least"])

        found = records.read(read)
    fitting = [
        (key, row)
        for key, row in enumerate(rows, start=1)
        if row["workspace"] == HERE and all(_fulfils(row, one) for one in conditions)
    ]
    assert found == _sorted(fitting, order)


def _limit(patched: pytest.MonkeyPatch, limits: Mapping[str, int]) -> None:
    """Set the limits at which a search changes its way."""
    patched.setattr(search, "_FEW", limits["few"])
    patched.setattr(search, "_TRIAL", limits["trial"])
    patched.setattr(search, "_MORE", limits["more"])
    patched.setattr(walks, "FIRST_BLOCK", limits["block"])
    patched.setattr(walks, "LARGEST_BLOCK", limits["block"])
    patched.setattr(walks, "MARKED", limits["marked"])
    patched.setattr(walks, "SORTED", limits["sorted"])
    patched.setattr(choices, "_MOST_VALUES", limits["values"])


_letters = st.text(st.sampled_from("aA\u00e9\u00c9\u0130%_\\\\*[]?^-"), max_size=5)


@settings(max_examples=300, deadline=None)
@given(_letters, _letters)
def test_patterns_mean_the_same_to_the_database_and_to_python(
    records: Records, pattern: str, value: str
) -> None:
    """The values that a pattern leaves are found by Python where they are few."""
    text = literal(value)
    asked = select(
        case((like(text, pattern), 1), else_=0), case((ilike(text, pattern), 1), else_=0)
    )
    found = records.read(lambda connection: connection.execute(asked).one())
    assert tuple(found) == tuple(matches(pattern, value, small=small) for small in (False, True))
