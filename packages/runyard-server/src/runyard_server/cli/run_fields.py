"""The fields of runs that can be shown, sorted by and filtered by: one table for all three.

    id name experiment number status target type user parent nodes created started ended time
    tag.NAME  property.NAME  param.NAME  metric.NAME

`tags`, `properties`, `params` and `metrics` show all of them.
"""

import re
from collections.abc import Callable
from functools import partial

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import KINDS
from runyard.protocol.runs import RunRecord
from runyard_server.cli import humane
from runyard_server.cli.tables import ESSENTIAL, Column
from runyard_server.cli.texts import Styled, cut_middle, cut_words
from runyard_server.cli.words import near

Value = str | float | int | None
GROUPS = ("tag", "property", "param", "metric")
_QUOTED = re.compile(r"`((?:[^`]|``)+)`", re.DOTALL)
_FIELD = re.compile(r"(?:`(?:[^`]|``)*`|[^,])+")
# Searches say metrics.loss, short filters and columns metric.loss: either is taken for the other.
_PLURALS = {KINDS[group]: group for group in GROUPS}
DEFAULTS = ("id", "experiment", "number", "status", "target", "time", "age", "metrics")
ALL_OF = {"tags": "tag", "properties": "property", "params": "param", "metrics": "metric"}

_VALUES: dict[str, Callable[[RunRecord], Value]] = {
    "id": lambda run: run.id,
    "name": lambda run: run.name,
    "experiment": lambda run: run.experiment,
    "number": lambda run: run.number,
    "status": lambda run: run.status,
    "target": lambda run: run.target,
    "type": lambda run: run.run_type,
    "user": lambda run: run.submitted_by or None,
    "parent": lambda run: run.parent,
    "nodes": lambda run: run.node_count,
    "priority": lambda run: run.priority,
    "created": lambda run: run.created_at,
    "started": lambda run: run.started_at,
    "ended": lambda run: run.ended_at,
    "time": lambda run: humane.elapsed(run.started_at, run.ended_at),
    "age": lambda run: humane.elapsed(run.created_at),
}
_COLUMNS = {
    "id": Column("RUN", cut=cut_middle, least=20),
    "experiment": Column("EXPERIMENT", worth=2, cut=cut_middle),
    "number": Column("NO.", right=True, worth=3),
    "status": Column("STATUS", least=15),
    "target": Column("TARGET", worth=1),
    "time": Column("TIME", right=True, worth=4),
    "age": Column("AGE", right=True),
    "metrics": Column("METRICS", wanted=28, least=16, cut=cut_words),
    "tags": Column("TAGS", wanted=22, least=12, cut=cut_words),
    "properties": Column("PROPERTIES", wanted=22, least=12, cut=cut_words),
    "params": Column("PARAMS", wanted=28, least=12, cut=cut_words),
}
SORTED_BY = [*_VALUES, *(f"{group}.NAME" for group in GROUPS)]
SHOWN = [*_VALUES, *ALL_OF, *(f"{group}.NAME" for group in GROUPS)]


def value(name: str) -> Callable[[RunRecord], Value]:
    """What reads a field of a run.

    Raises:
        InvalidRequest: There is no such field.
    """
    group, key = parts(name)
    if _PLURALS.get(group, group) in GROUPS and key:
        return partial(_of_group, _PLURALS.get(group, group), key)
    if name not in _VALUES:
        raise _unknown(name, SORTED_BY)
    return _VALUES[name]


def parts(name: str) -> tuple[str, str]:
    """The group and the name in it, without backticks; the name is empty where there is none."""
    group, _, key = name.partition(".")
    quoted = _QUOTED.fullmatch(key)
    return group, quoted[1].replace("``", "`") if quoted else key


def named(text: str) -> list[str]:
    """Read fields with commas between them; a name in backticks may hold commas."""
    return [name.strip() for name in _FIELD.findall(text) if name.strip()]


def column(name: str, *, asked: bool) -> Column:
    """The column of a field; one that was asked for by name is never left out."""
    title = parts(name)[1] or name
    found = _COLUMNS.get(name) or Column(title.upper(), right=name.startswith("metric"))
    return found._replace(worth=ESSENTIAL) if asked else found


def cell(name: str, run: RunRecord) -> str | Styled:
    """Write a field of a run as people read it."""
    if name in ALL_OF:
        every = _every(ALL_OF[name], run)
        return "  ".join(key if item is None else f"{key}={_text(item)}" for key, item in every)
    if name == "status":
        return humane.status(run.status)
    if name == "time":
        return humane.between(run.started_at, run.ended_at)
    if name == "age":
        return humane.age(run.created_at)
    return _text(value(name)(run))


def check_shown(name: str) -> str:
    """The name of a field that can be shown.

    Raises:
        InvalidRequest: There is no such field.
    """
    if name not in ALL_OF:
        try:
            value(name)
        except InvalidRequest:
            raise _unknown(name, SHOWN) from None
    return name


def _of_group(group: str, key: str, run: RunRecord) -> Value:
    found = dict(_every(group, run))
    # A tag without a value is there all the same.
    return "" if key in found and found[key] is None else found.get(key)


def _every(group: str, run: RunRecord) -> list[tuple[str, Value]]:
    if group == "metric":
        return list((run.metrics or {}).items())
    if group == "param":
        return list(run.params.items())
    return list((run.tags if group == "tag" else run.properties).items())


def _text(item: Value) -> str:
    if isinstance(item, float):
        return f"{item:.6g}"
    return "" if item is None else str(item)


def _unknown(name: str, known: list[str]) -> InvalidRequest:
    # What scripts log is of any name, so that it may well be meant by a bare word.
    metric = "" if "." in name else f"; a metric of that name is metric.{name}"
    return InvalidRequest(f"runs have no field {name!r}; {near(name, known)}{metric}")
