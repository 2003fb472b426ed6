"""Packed points."""

import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runyard_server.store.segments import FLOAT, INTEGER, JSON, Points, pack, unpack

STEPS = st.one_of(st.none(), st.integers(-(2**70), 2**70))
TIMES = st.integers(0, 2**62)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(), TEXTS)
VALUES = st.one_of(
    SCALARS,
    st.lists(st.integers(-5, 5), max_size=3),
    st.dictionaries(TEXTS, st.integers(-5, 5), max_size=3),
)


def same(one: Any, other: Any) -> bool:
    if type(one) is float and type(other) is float and math.isnan(one):
        return math.isnan(other)
    return type(one) is type(other) and one == other


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(VALUES, STEPS, TIMES), min_size=1, max_size=20))
def test_anything_comes_back_as_it_was(rows: list[tuple[Any, int | None, int]]) -> None:
    """No value that can be logged changes by being stored, but that mixed numbers become floats."""
    points = Points([r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    encoding, payload = pack(points)
    found = unpack(encoding, len(rows), payload)
    wanted = [float(v) for v in points.values] if encoding == FLOAT else points.values
    assert all(map(same, found.values, wanted))
    assert (found.steps, found.times) == (points.steps, points.times)
    assert len(found) == len(rows)


@pytest.mark.parametrize(
    ("values", "encoding", "size"),
    [
        ([0.5] * 1000, FLOAT, 16_000),
        ([1, 2.5] * 500, FLOAT, 16_000),
        ([7] * 1000, INTEGER, 16_000),
        ([2**63] * 10, JSON, None),
        ([True] * 10, JSON, None),
        (["a"] * 10, JSON, None),
    ],
)
def test_numbers_are_packed_as_columns(values: list[Any], encoding: str, size: int | None) -> None:
    """A million points are megabytes, not gigabytes."""
    found, payload = pack(Points(values, [None] * len(values), list(range(len(values)))))
    assert found == encoding
    assert size is None or len(payload) == size
