"""Filters and orders that make no sense, in the words by which programs know MLflow's refusals.

Each begins with MLflow's words for the kind of fault, which are found by looking at what stands at
its place, and goes on with our own, which show the place.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, LISTS, METRIC, Condition, Order, Value

_LONGEST = 200
_ORDERING = ("<", "<=", ">", ">=")
_OPENED = re.compile(r"\bIN\s*\(\s*\Z", re.IGNORECASE)
_WITHIN = re.compile(r"\bIN\s*\([^()]*\Z", re.IGNORECASE)
_COMPARED = re.compile(r"(?:[=<>]|\bI?LIKE)\s*\Z", re.IGNORECASE)
_LIST = "While parsing a list in the query, expected"


def conditions(text: str) -> list[Condition]:
    """The conditions of a filter.

    Raises:
        InvalidRequest: It breaks the grammar.
    """
    with judged(text):
        found = filters.conditions(text)
    if any(isinstance(value, bool) for one in found for value in one.values):
        raise InvalidRequest(f"{_clause(text)}: no field of MLflow's is TRUE or FALSE")
    return found


def order(text: str) -> Order:
    """One order.

    Raises:
        InvalidRequest: It is none.
    """
    try:
        return filters.order(text)
    except InvalidRequest as fault:
        begin = f"Invalid order_by clause '{text[:_LONGEST]}'"
        raise InvalidRequest(f"{begin}: {fault.message}", fault.details) from None


@contextmanager
def judged(text: str) -> Iterator[None]:
    """Have a fault in a filter begin with MLflow's words, for the time of a `with` block.

    Args:
        text: The filter that the fault points into.
    """
    try:
        yield
    except InvalidRequest as fault:
        if fault.details.get("of") != "filter":
            raise
        begin = _begin(text, fault.details["position"], fault.details["length"])
        raise InvalidRequest(f"{begin}: {fault.message}", fault.details) from None


def mistaken(one: Condition) -> str:
    """MLflow's words for a condition that compares a field with what it is never compared with."""
    value, name = one.values[0] if one.values else "", one.field.name
    if one.operator in LISTS and not _are_texts(one.values):
        return f"{_LIST} string value, punctuation, or whitespace, but got different type in list"
    if one.field.kind == METRIC:
        return f"Expected numeric value type for metric. Found {value!r}"
    if not isinstance(value, str):
        return f"Expected a quoted string value for {one.field.kind}. Got value {value!r}"
    if one.field.kind == ATTRIBUTE and ("_at" in name or "time" in name):
        return f"Expected numeric value type for numeric attribute: {name}. Found {value!r}"
    return f"Invalid comparator '{one.operator}' for {one.field.kind}"


def orders(one: Condition) -> bool:
    """Whether a condition asks what of texts comes first, which MLflow asks of numbers alone."""
    return one.operator in _ORDERING


def _begin(text: str, start: int, length: int) -> str:
    before, here = text[:start], text[start : start + length]
    # MLflow's client adds a condition of its own behind a filter that breaks off.
    here = "" if here.upper() == "AND" else here
    try:
        [one] = filters.conditions(here)
        return mistaken(one)
    except (ValueError, InvalidRequest):
        # A word and no condition: it is the grammar that is broken there.
        pass
    if here and _WITHIN.search(before):
        what = "empty list" if _OPENED.search(before) and here[0] == ")" else "ill-formed list"
        return f"{_LIST} a non-empty list of string values, but got {what}"
    if here and _COMPARED.search(before) and here[0] not in "'\"":
        return (
            "Parameter value is either not quoted or unidentified quote types used for string "
            f"value {here[:_LONGEST]}. Use either single or double quotes"
        )
    return _clause(text)


def _clause(text: str) -> str:
    return f"Invalid clause(s) in filter string: '{text[:_LONGEST]}'"


def _are_texts(values: Sequence[Value]) -> bool:
    return all(isinstance(value, str) for value in values)
