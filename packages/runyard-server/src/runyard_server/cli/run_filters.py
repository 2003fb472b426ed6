"""`--filter` and `--sort` of runs: what fields are called at the prompt and by the service."""

import time
from collections.abc import Callable
from datetime import UTC, datetime

from runyard.protocol import filters
from runyard.protocol.filters import ATTRIBUTE, COMPARISONS, KINDS, Condition, Field, Order
from runyard_server.cli import conditions, run_fields, typed
from runyard_server.cli.conditions import Fields
from runyard_server.cli.typed import Sort, Typed

# What is shown under another name, or worked out of what the service has.
_OTHERS = {"time": "duration"}
# What searches know of runs and no column shows.
_UNSHOWN = (
    "active",
    "archived",
    "attempt",
    "created_at",
    "started_at",
    "ended_at",
    "duration",
    "snapshot",
    "description",
)
_TURNED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


def read(text: str, named: Callable[[str], str]) -> list[Typed]:
    """Read one `--filter`.

    Args:
        text: What was given.
        named: Finds the id of a run by any of its names, for conditions on `parent`.

    Raises:
        InvalidRequest: It makes no sense in either form; the message points at the place.
    """
    return [one._replace(condition=_served(one, named)) for one in conditions.read(text, _FIELDS)]


def sort(text: str | None) -> Sort | None:
    """Read `--sort`; the oldest were created first, so ages fall where times rise."""
    return typed.sort(text, _order)


def column(name: str) -> str | None:
    """What a search must bring for a column to be shown; None for what always comes."""
    group, key = run_fields.parts(name)
    if key and group in KINDS:
        return filters.named(Field(KINDS[group], key))
    return KINDS[name] if name in KINDS and name != ATTRIBUTE else None


def _check(name: str) -> None:
    """Refuse a field that runs have not."""
    if name not in _UNSHOWN:
        run_fields.value(name)


_FIELDS = Fields(
    texts=(
        "id",
        "name",
        "experiment",
        "status",
        "target",
        "type",
        "user",
        "parent",
        "snapshot",
        "description",
    ),
    switches=("active", "archived"),
    check=_check,
)


def _order(order: Order) -> Order:
    if order.field.kind == ATTRIBUTE:
        _check(order.field.name)
    if order.field == Field(ATTRIBUTE, "age"):
        return Order(Field(ATTRIBUTE, "created_at"), not order.descending)
    return Order(_field(order.field), order.descending)


def _served(one: Typed, named: Callable[[str], str]) -> Condition:
    """A condition on what the service has."""
    condition = one.condition
    field, values = condition.field, condition.values
    if field == Field(ATTRIBUTE, "age") and values:
        return _age(one)
    if field == Field(ATTRIBUTE, "parent") and condition.operator in ("=", "!="):
        values = (named(str(values[0])),)
    return condition._replace(field=_field(field), values=values)


def _age(one: Typed) -> Condition:
    """What is older than so many seconds was created before that time."""
    condition = one.condition
    (value, *_) = condition.values
    if isinstance(value, str) or condition.operator not in COMPARISONS:
        raise filters.complaint(
            one.text,
            condition.place,
            f"age is in seconds and is compared by {', '.join(COMPARISONS)} with a number",
        )
    then = datetime.fromtimestamp(time.time() - value, UTC).isoformat()
    operator = _TURNED.get(condition.operator, condition.operator)
    field = Field(ATTRIBUTE, "created_at", condition.field.place)
    return condition._replace(field=field, operator=operator, values=(then,))


def _field(field: Field) -> Field:
    name = _OTHERS.get(field.name, field.name) if field.kind == ATTRIBUTE else field.name
    return field._replace(name=name)
