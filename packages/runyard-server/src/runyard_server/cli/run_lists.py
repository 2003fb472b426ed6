"""`runyard runs list`: which runs, in which order, with which columns.

What the service can tell apart it is asked for: experiment, status, target, type, parent, one tag
and one property. Other conditions and orders are worked out here, over the newest `LOOKED_AT` runs
that match so far; when there are more, that is said.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from runyard.protocol import runs
from runyard.protocol.errors import InvalidRequest
from runyard.protocol.runs import RunQuery, RunRecord
from runyard_server.cli import output, run_fields, tables
from runyard_server.cli.paging import Entries, collect
from runyard_server.cli.target import WorkspaceClient

LOOKED_AT = 10_000
_CONDITION = re.compile(
    r"(?P<field>[^=!<>~]+)(?:(?P<operator>!=|<=|>=|=|<|>|~)(?P<value>.*))?", re.DOTALL
)
_BY_SERVICE = {
    "experiment": "experiment",
    "status": "status",
    "target": "target",
    "type": "run_type",
    "parent": "parent",
}


@dataclass(frozen=True)
class Condition:
    """One `--filter`: a field, how it is compared, and with what; no operator: it is there."""

    field: str
    operator: str
    value: str

    def holds(self, run: RunRecord) -> bool:
        """Whether a run is as it says."""
        found = run_fields.value(self.field)(run)
        if not self.operator:
            return found is not None
        if self.operator == "~":
            return found is not None and self.value.lower() in str(found).lower()
        if found is None:
            return self.operator == "!="
        return bool(_COMPARED[self.operator](*_alike(found, self.value)))


_COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
}


def show(
    client: WorkspaceClient,
    query: RunQuery,
    *,
    filters: list[str],
    sort: str | None,
    columns: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the runs that match.

    Args:
        client: The workspace.
        query: What was asked with options of their own.
        filters: Further conditions, such as `tag.fold=1`, `metric.loss<0.5`.
        sort: A field, with `-` before it from the largest to the smallest; None: newest first.
        columns: Fields with commas between them; None: the usual ones.
        limit: At most so many.
        as_json: Whether records are printed instead of a table.

    Raises:
        InvalidRequest: There is no such field, or a condition makes no sense.
        NotFound: There is no such experiment.
    """
    names = [run_fields.check_shown(name.strip()) for name in (columns or "").split(",") if name]
    asked, left = _by_service(client, replace(query, metrics=True), map(_condition, filters))
    found = _collected(client, asked, left, sort, limit)
    if not found.items and asked.experiment is not None:
        client.experiments.get(asked.experiment)  # says when there is none
    if as_json:
        output.as_json(found)
        return
    shown = names or run_fields.DEFAULTS
    tables.show(
        [run_fields.column(name, asked=bool(names)) for name in shown],
        ([run_fields.cell(name, run) for name in shown] for run in found.items),
        "no such run",
    )


def _condition(text: str) -> Condition:
    found = _CONDITION.fullmatch(text.strip())
    if found is None:
        raise InvalidRequest(
            f"--filter {text!r} makes no sense; write it as tag.fold=1, status!=Failed, "
            "metric.loss<0.5, name~bert or tag.best"
        )
    field = found["field"].strip()
    run_fields.value(field)
    return Condition(field, found["operator"] or "", (found["value"] or "").strip())


def _by_service(
    client: WorkspaceClient, query: RunQuery, conditions: Iterable[Condition]
) -> tuple[RunQuery, list[Condition]]:
    """Put into the query what the service can tell apart; give what is left."""
    left, taken = [], dict[str, Any]()
    for one in conditions:
        name = _BY_SERVICE.get(one.field, "")
        group, _, key = one.field.partition(".")
        if name and one.operator == "=" and name not in taken and getattr(query, name) is None:
            taken[name] = _exact(client, name, one.value)
        elif group in ("tag", "property") and one.operator in ("", "=") and group not in taken:
            taken[group] = key
            taken[f"{group}_value"] = one.value if one.operator else None
        else:
            left.append(one)
    return replace(query, **taken), left


def _exact(client: WorkspaceClient, name: str, value: str) -> str:
    """Give a status in its own letters, a parent by its id."""
    if name == "status":
        return next((one for one in runs.STATUSES if one.lower() == value.lower()), value)
    if name == "parent":
        from runyard_server.cli import run_names

        return run_names.with_run(client, value, client.runs.get).id
    return value


def _collected(
    client: WorkspaceClient,
    query: RunQuery,
    conditions: list[Condition],
    sort: str | None,
    limit: int,
) -> Entries:
    listing = client.runs.list(query, LOOKED_AT if conditions or sort else limit)
    matching = (run for run in listing if all(one.holds(run) for one in conditions))
    if not conditions and sort is None:
        return collect(listing)
    found = list(islice(matching, limit)) if sort is None else _sorted(matching, sort)[:limit]
    if listing.next_page_token and (sort or len(found) < limit):
        output.note(
            f"only the newest {LOOKED_AT:,} of these runs were looked at; narrow it with "
            "--experiment, --status or a --filter of one tag"
        )
    # The service's token would go on behind runs that were looked at and not shown.
    return Entries(found)


def _sorted(matching: Iterable[RunRecord], sort: str) -> list[RunRecord]:
    """Sort by a field; numbers before texts, and runs that lack it last, in either direction."""
    falling, name = sort.startswith("-"), sort.removeprefix("-")
    value = run_fields.value(name)
    every = list(matching)
    there = [run for run in every if value(run) is not None]
    lacking = [run for run in every if value(run) is None]

    def place(run: RunRecord) -> tuple[bool, Any]:
        found = value(run)
        number = _number(found)
        return (number is None, str(found).lower() if number is None else number)

    return [*sorted(there, key=place, reverse=falling), *lacking]


def _alike(found: str | float, wanted: str) -> tuple[Any, Any]:
    """Give two values as numbers if both are, else as texts."""
    one, other = _number(found), _number(wanted)
    if one is not None and other is not None:
        return one, other
    return str(found), wanted


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
