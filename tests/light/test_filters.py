"""The filter language: what is read, and where a fault is said to be."""

import pytest

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import Condition, Field, Order, Value


def one(kind: str, name: str, operator: str, *values: Value) -> Condition:
    """Make a condition."""
    return Condition(Field(kind, name), operator, values)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("metrics.loss < 0.5", [one("metrics", "loss", "<", 0.5)]),
        ("metric.loss>=-1e-3", [one("metrics", "loss", ">=", -0.001)]),
        ("params.lr = '0.1'", [one("params", "lr", "=", "0.1")]),
        ('parameter."learning rate" == "a"', [one("params", "learning rate", "=", "a")]),
        ("tags.`my ``tag``` <> 'it''s'", [one("tags", "my `tag`", "!=", "it's")]),
        ("tags.mlflow.user LIKE '100\\%'", [one("tags", "mlflow.user", "LIKE", "100\\%")]),
        (
            "tag.a not ilike 'x' AND b is NULL",
            [
                one("tags", "a", "NOT ILIKE", "x"),
                one("attributes", "b", "IS NULL"),
            ],
        ),
        (
            "status IN ('a', \"b\")and x is not null",
            [
                one("attributes", "status", "IN", "a", "b"),
                one("attributes", "x", "IS NOT NULL"),
            ],
        ),
        ("attr.number NOT IN (1,2)", [one("attributes", "number", "NOT IN", 1, 2)]),
        ("active = true", [one("attributes", "active", "=", *(True,))]),
        ("`run name` = 'ä'", [one("attributes", "run name", "=", "ä")]),
        ("metrics.größe > 1", [one("metrics", "größe", ">", 1)]),
        (
            "metrics.and > 1 and metrics.like < 2",
            [
                one("metrics", "and", ">", 1),
                one("metrics", "like", "<", 2),
            ],
        ),
    ],
)
def test_filters_are_read(text, found):
    """MLflow's filters mean here what they mean there."""
    assert filters.conditions(text) == found
    assert filters.conditions(filters.written(found)) == found


@pytest.mark.parametrize(
    ("text", "place", "part"),
    [
        ("metrics.loss", 12, "after a field comes"),
        ("metrics.loss <", 14, "a value is missing"),
        ("metrics.loss < low", 15, "a text in quotes"),
        ("status = 'x", 9, "closing quote"),
        ("a = 1 or b = 2", 6, "OR is not offered"),
        ("a = 1 b = 2", 6, "AND"),
        ("a = 1 and", 9, "a field is missing"),
        ("(a = 1)", 0, "parentheses"),
        ("a like 3", 6, "text in quotes"),
        ("a in 'x'", 5, "list in parentheses"),
        ("a in ('x' 'y')", 10, "comma"),
        ("a is 3", 5, "NULL"),
        ("tags. x = 1", 6, "comes a name"),
        ("tags.`` = 1", 5, "comes a name"),
        ("a = 1e999", 4, "too large"),
        ("error rate < 1", 6, "backticks"),
    ],
)
def test_a_fault_is_pointed_at(text, place, part):
    """The error says where and what would be right, and programs get the place."""
    with pytest.raises(InvalidRequest) as refused:
        filters.conditions(text)
    assert part in refused.value.message
    assert refused.value.details["position"] == place
    shown, mark = refused.value.message.splitlines()[-2:]
    assert shown == "  " + text
    assert mark.index("^") == place + 2


def test_a_long_filter_shows_the_place_alone():
    """A generated filter of a thousand conditions does not fill the terminal."""
    text = " and ".join(["metrics.loss < 0.5"] * 40 + ["oops !"])
    with pytest.raises(InvalidRequest) as refused:
        filters.conditions(text)
    shown, mark = refused.value.message.splitlines()[-2:]
    assert len(shown) < 80
    assert shown[mark.index("^")] == "!"


def test_orders_and_columns_are_read():
    """Rising unless said; a kind alone is all of it."""
    loss = Field("metrics", "loss")
    assert filters.order("metrics.loss") == Order(loss)
    assert filters.order("metrics.`loss` desc") == Order(loss, descending=True)
    assert filters.order("Created_At ASC") == Order(Field("attributes", "Created_At"))
    assert filters.column("metric.loss") == loss
    assert filters.column("params") == filters.column("params.*") == Field("params", "")
    for text in ("metrics.loss down", "", "a, b"):
        with pytest.raises(InvalidRequest):
            filters.order(text)
