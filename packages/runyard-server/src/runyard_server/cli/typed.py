"""What people typed, beside what the service is asked for.

Several options become one search, with names as the service has them. So the place that the service
finds a fault at is a place in a text which nobody typed; `found` points at it where it was typed.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from runyard.client.paging import Listing
from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, Condition, Field, Order, Place, Value
from runyard.protocol.search import Search
from runyard_server.cli.paging import Entries, collect

# What stands between two conditions where `filters.written` joins them.
_JOINED = len(" AND ")


class Typed(NamedTuple):
    """A condition, whose places are those in what was typed.

    Args:
        condition: What the service is asked for.
        text: What was typed.
        what: What that is: a filter or an option.
    """

    condition: Condition
    text: str
    what: str = "filter"


class Sort(NamedTuple):
    """An order, as the service has it and as it was typed; `place` is its field's."""

    order: str
    text: str
    place: Place


def option(name: str, field: str, value: Value) -> Typed:
    """The condition that an option of its own stands for.

    Args:
        name: The option.
        field: The attribute it asks for.
        value: The value that the attribute must have.
    """
    text = name if value is True else f"{name} {value}"
    place = (0 if value is True else len(name) + 1, len(text))
    return Typed(Condition(Field(ATTRIBUTE, field, place), "=", (value,), place), text, "option")


def sort(text: str | None, served: Callable[[Order], Order] = lambda order: order) -> Sort | None:
    """Read `--sort`: a field, with `-` before it or DESC behind it the largest first.

    Args:
        text: What was given; None where nothing was.
        served: Turns an order into one that the service has.

    Raises:
        InvalidRequest: It is no order; the message points at the place.
    """
    if text is None:
        return None
    dash = int(text.startswith("-"))
    try:
        read = filters.order(text[dash:])
    except InvalidRequest as fault:
        start = fault.details["position"] + dash
        place = (start, start + fault.details["length"])
        raise filters.moved(fault, text, place, of="order") from None
    place = (read.field.place[0] + dash, read.field.place[1] + dash)
    field = read.field._replace(place=place)
    try:
        order = served(Order(field, read.descending != bool(dash)))
    except InvalidRequest as fault:
        raise filters.complaint(text, place, fault.message, of="order") from None
    direction = " DESC" if order.descending else ""
    return Sort(f"{filters.named(order.field)}{direction}", text, place)


def found(
    searching: Callable[[Search, int | None], Listing[Any]],
    those: Sequence[Typed],
    order: Sort | None = None,
    *,
    columns: Sequence[str] = (),
    limit: int,
) -> Entries:
    """Ask the service.

    Args:
        searching: The search of a noun.
        those: The conditions.
        order: The order; None for the noun's own.
        columns: What comes with each entry; none: everything.
        limit: At most so many entries.

    Raises:
        InvalidRequest: The search makes no sense; the message points at what was typed.
    """
    asked = filters.written(one.condition for one in those)
    orders = [] if order is None else [order.order]
    with as_typed(those, order):
        return collect(searching(Search(asked, orders, list(columns)), limit))


@contextmanager
def as_typed(those: Sequence[Typed], order: Sort | None) -> Iterator[None]:
    """Point at what was typed where the service finds a fault with what was made of it.

    Args:
        those: The conditions.
        order: The order; None for the noun's own.
    """
    try:
        yield
    except InvalidRequest as fault:
        raise _moved(fault, those, order) from None


def _moved(fault: InvalidRequest, those: Sequence[Typed], order: Sort | None) -> InvalidRequest:
    """The same fault where it was typed; as it is when it is about something else."""
    # An older service does not tell the reason by itself.
    start, of = fault.details.get("position", 0), fault.details.get("of")
    if of == "order" and order is not None:
        return filters.moved(fault, order.text, order.place, of="order")
    begin = 0
    for one in those if of == "filter" else ():
        end = begin + len(filters.written([one.condition]))
        if start < end:
            field = one.condition.field
            length = len(filters.named(field))
            is_field = (start, fault.details["length"]) == (begin, length)
            place = field.place if is_field else one.condition.place
            return filters.moved(fault, one.text, place, of=one.what)
        begin = end + _JOINED
    return fault
