"""MLflow's filters and orders in our own words.

The language is the same (`runyard.protocol.filters`); what differs are a few names. What MLflow
keeps as tags and we as columns is asked for by the column, so that runs which came in by any way
are found. MLflow's five states stand for several of ours each. Conditions on datasets are of no
field of ours and become conditions of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from runyard.protocol import filters
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import (
    ATTRIBUTE,
    METRIC,
    PATTERNS,
    TAG,
    Condition,
    Field,
    Order,
)
from runyard.protocol.suggestions import suggest
from runyard_server.faces.mlflow import grammar
from runyard_server.faces.mlflow.shown import STATUSES
from runyard_server.operations import tracked_runs
from runyard_server.operations.searches import MOST_CONDITIONS, MOST_ORDERS
from runyard_server.store import run_inputs
from runyard_server.store.functions import matches

Entry = TypeVar("Entry")
_TAGS = {
    tracked_runs.NAME_TAG: "name",
    tracked_runs.USER_TAG: "user",
    tracked_runs.PARENT_TAG: "parent",
}
_RUN_ATTRIBUTES = {
    "run_id": "id",
    "run_uuid": "id",
    "run_name": "name",
    "run name": "name",
    "status": "status",
    "user_id": "user",
    "start_time": "started_at",
    "created": "started_at",
    "end_time": "ended_at",
}
_DATASETS = ("dataset.", "datasets.")
_RUN = "run."
_MOST_ORDERS = 4
_THOUSAND, _BEYOND = 1000, 2.0**63
_PROMPT_TAG = "mlflow.prompt.is_prompt"
_PROMPT = Field(TAG, _PROMPT_TAG)
_PROMPTS = (("=", ("true",)), ("!=", ("false",)))


def of_runs(text: str) -> tuple[str, list[Condition]]:
    """A filter of runs in our own words, and its conditions on datasets.

    Raises:
        InvalidRequest: It breaks the grammar, or names what runs do not have.
    """
    ours: list[Condition] = []
    datasets: list[Condition] = []
    for one in conditions(text):
        dataset = _dataset(one.field)
        if dataset is not None:
            datasets.append(checked(one._replace(field=dataset), numbers=False))
        else:
            ours.append(_condition(one))
    return filters.written(ours), datasets


def orders_of_runs(given: Iterable[str]) -> list[str]:
    """Orders of runs in our own words, behind which the newest comes first.

    Raises:
        InvalidRequest: One is none, or one field comes twice.
    """
    found: list[Order] = []
    for text in given:
        read = grammar.order(text)
        found.append(Order(_run_field(read.field), read.descending))
    names = [one.field for one in found]
    if len(set(names)) < len(names):
        raise InvalidRequest(f"`order_by` contains duplicate fields: {list(given)}")
    newest = Order(Field(ATTRIBUTE, "started_at"), descending=True)
    # By the id at last, as MLflow's server has it: runs that one program begins share milliseconds.
    for one in (newest, Order(Field(ATTRIBUTE, "id"), descending=False)):
        if one.field not in names and len(found) <= _MOST_ORDERS:
            found.append(one)
    return [written(one) for one in found]


def of_others(
    text: str, attributes: Mapping[str, str], *, times: Sequence[str] = ()
) -> list[Condition]:
    """The conditions of a filter of experiments or models.

    Args:
        text: The filter.
        attributes: What the attributes are called, by their names in MLflow.
        times: Those that are times, by our names: MLflow counts milliseconds.

    Raises:
        InvalidRequest: It breaks the grammar, or names what there is not.
    """
    found = []
    for one in conditions(text):
        made = renamed(one, attributes)
        is_time = made.field.kind == ATTRIBUTE and made.field.name in times
        found.append(timed(made) if is_time else checked(made, numbers=False))
    return found


def conditions(text: str) -> list[Condition]:
    """The conditions of a filter, if they are not too many.

    Raises:
        InvalidRequest: It breaks the grammar, or has more than one statement can ask for.
    """
    found = grammar.conditions(text)
    if len(found) > MOST_CONDITIONS:
        raise InvalidRequest(
            f"a filter has up to {MOST_CONDITIONS} conditions, not {len(found)}; use IN for "
            "several values of one field"
        )
    return found


def few_orders(given: Sequence[Entry]) -> Sequence[Entry]:
    """What to order by, if it is not too much.

    Raises:
        InvalidRequest: It is.
    """
    if len(given) > MOST_ORDERS:
        raise InvalidRequest(f"`order_by` has up to {MOST_ORDERS} entries, not {len(given)}")
    return given


def checked(one: Condition, *, numbers: bool) -> Condition:
    """A condition, if its values are of the kind that its field has.

    Databases differ in what they make of others: some find nothing, some refuse to look.

    Args:
        one: The condition.
        numbers: Whether the field has numbers; else it has texts.

    Raises:
        InvalidRequest: They are not.
    """
    of_kind = _is_number if numbers else _is_text
    wanted = "a number, and with no LIKE" if numbers else "a text, which stands in quotes"
    odd = one.operator in PATTERNS if numbers else grammar.orders(one)
    if odd or not all(map(of_kind, one.values)):
        begin = grammar.mistaken(one)
        raise InvalidRequest(f"{begin}: {filters.named(one.field)} is compared with {wanted}")
    return one


def timed(one: Condition) -> Condition:
    """A condition on a time, in microseconds: MLflow counts milliseconds.

    Raises:
        InvalidRequest: It compares the time with something else.
    """
    checked(one, numbers=True)
    return one._replace(values=tuple(map(_microseconds, one.values)))


def renamed(one: Condition, attributes: Mapping[str, str]) -> Condition:
    """A condition of experiments or models by our names.

    Args:
        one: The condition.
        attributes: What the attributes are called, by their names in MLflow.

    Raises:
        InvalidRequest: It is about what there is not.
    """
    if one.field.kind == TAG:
        return one
    if one.field.kind != ATTRIBUTE:
        raise InvalidRequest(
            f"Invalid entity type '{one.field.kind}': a filter of these has attributes and tags"
        )
    return one._replace(field=_attribute(one.field, attributes))


def is_prompt(tags: Mapping[str, str]) -> bool:
    """Whether what has these tags is one of MLflow's prompts, and no model."""
    return tags.get(_PROMPT_TAG, "").lower() == "true"


def no_prompts(conditions: Sequence[Condition]) -> list[Condition]:
    """Conditions that leave out MLflow's prompts, which are models to it, unless they ask for them.

    Args:
        conditions: What is asked for; MLflow's client adds that it means no prompts.
    """
    others = [one for one in conditions if one.field != _PROMPT]
    asks = any((one.operator, one.values) in _PROMPTS for one in conditions if one.field == _PROMPT)
    if asks:
        return [*others, Condition(_PROMPT, "=", ("true",))]
    return [*others, Condition(_PROMPT, "IS NULL")]


def orders_of_others(
    given: Sequence[str], attributes: Mapping[str, str], called: str = "attribute key"
) -> list[Order]:
    """The orders of experiments or models.

    Args:
        given: The orders.
        attributes: What the attributes are called, by their names in MLflow.
        called: What MLflow calls what it orders by.

    Raises:
        InvalidRequest: One is none, or one field comes twice.
    """
    read = [grammar.order(text) for text in few_orders(list(given))]
    fields = [_attribute(one.field, attributes, called) for one in read]
    if len(set(fields)) < len(fields):
        raise InvalidRequest(f"`order_by` contains duplicate fields: {list(given)}")
    return [Order(field, one.descending) for field, one in zip(fields, read, strict=True)]


def _condition(one: Condition) -> Condition:
    field = _run_field(one.field)
    if field == Field(ATTRIBUTE, "status") and one.values:
        return _status(one._replace(field=field))
    return one._replace(field=field)


def _run_field(field: Field) -> Field:
    if field.kind == TAG and field.name in _TAGS:
        return Field(ATTRIBUTE, _TAGS[field.name])
    if field.kind != ATTRIBUTE:
        return field
    name = field.name.removeprefix(_RUN)
    return _attribute(Field(ATTRIBUTE, name.lower()), _RUN_ATTRIBUTES)


def _attribute(field: Field, known: Mapping[str, str], called: str = "attribute key") -> Field:
    if field.kind != ATTRIBUTE or field.name not in known:
        head, dot, _ = field.name.partition(".")
        begin = f"Invalid entity type '{head}'" if dot else f"Invalid {called} '{field.name}'"
        near = suggest(field.name, list(known), "", few=len(known))
        metric, tag = (filters.named(Field(kind, field.name)) for kind in (METRIC, TAG))
        raise InvalidRequest(
            f"{begin} specified; {near.sentence}. A metric is {metric}, a tag {tag}"
        )
    return Field(ATTRIBUTE, known[field.name])


def _status(one: Condition) -> Condition:
    """A condition on MLflow's states as one on ours."""
    words = [str(value) for value in checked(one, numbers=False).values]
    if one.operator in PATTERNS:
        small = one.operator.endswith("ILIKE")
        fits = {name for name in STATUSES if matches(words[0], name, small=small)}
    else:
        fits = {name for name in STATUSES if name in words}
    if one.operator == "!=" or one.operator.startswith("NOT"):
        fits = set(STATUSES) - fits
    ours = [status for name in STATUSES if name in fits for status in STATUSES[name]]
    # No run has none: what no state fits finds nothing.
    return one._replace(operator="IN", values=tuple(ours or [STATUSES["SCHEDULED"][0]]))


def _dataset(field: Field) -> Field | None:
    """The field of a dataset that a name means."""
    head = next((one for one in _DATASETS if field.name.startswith(one)), None)
    if field.kind != ATTRIBUTE or head is None:
        return None
    name = field.name.removeprefix(head)
    if name not in run_inputs.DATASET_FIELDS:
        known = ", ".join(run_inputs.DATASET_FIELDS)
        raise InvalidRequest(f"Invalid dataset key '{name}' specified; there are {known}")
    return Field(ATTRIBUTE, name)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _microseconds(value: float | str) -> int:
    found = float(value) * _THOUSAND
    if abs(found) >= _BEYOND:
        raise InvalidRequest(f"{value} is no time in milliseconds")
    return int(found)


def written(one: Order) -> str:
    """The text of an order, which reads back as the same order."""
    return filters.named(one.field) + (" DESC" if one.descending else " ASC")
