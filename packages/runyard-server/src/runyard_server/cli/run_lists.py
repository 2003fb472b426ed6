"""`runyard runs list`: which runs, in which order, with which columns; found by the service."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from runyard.protocol.filters import ATTRIBUTE, Condition, Field, Value, written
from runyard.protocol.search import Search
from runyard_server.cli import output, run_fields, run_filters, tables
from runyard_server.cli.paging import collect
from runyard_server.cli.target import WorkspaceClient

# Attributes come always, so a search for this column brings nothing else.
_NOTHING_MORE = "status"
_EXPERIMENT = Field(ATTRIBUTE, "experiment")


@dataclass(frozen=True)
class Asked:
    """What was asked with options of their own, besides filters.

    Args:
        experiment: Only runs of this experiment.
        status: Only runs of this status.
        active: Only runs that have not ended.
        children: Child runs too.
        filters: Conditions, in either form of `run_filters`.
    """

    experiment: str | None = None
    status: str | None = None
    active: bool = False
    children: bool = False
    filters: Sequence[str] = field(default_factory=list)


def show(
    client: WorkspaceClient,
    asked: Asked,
    *,
    sort: str | None,
    columns: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Print the runs that match.

    Args:
        client: The workspace.
        asked: Which runs.
        sort: A field, with `-` before it from the largest to the smallest; None: newest first.
        columns: Fields with commas between them; None: the usual ones.
        limit: At most so many.
        as_json: Whether records are printed instead of a table.

    Raises:
        InvalidRequest: There is no such field, or a condition makes no sense.
        NotFound: There is no such experiment.
    """
    names = [run_fields.check_shown(name) for name in run_fields.named(columns or "")]
    shown = names or run_fields.DEFAULTS
    conditions = _conditions(client, asked)
    search: Search = Search(
        written(conditions),
        [] if sort is None else [run_filters.order(sort)],
        [] if as_json else _brought(shown),
    )
    found = collect(client.runs.search(search, limit))
    experiment = _experiment(asked, conditions)
    if not found.items and experiment is not None:
        client.experiments.get(experiment)  # says when there is none
    if as_json:
        output.as_json(found)
        return
    tables.show(
        [run_fields.column(name, asked=bool(names)) for name in shown],
        ([run_fields.cell(name, run) for name in shown] for run in found.items),
        "no such run",
    )


def _conditions(client: WorkspaceClient, asked: Asked) -> list[Condition]:
    def named(run: str) -> str:
        from runyard_server.cli import run_names

        return run_names.with_run(client, run, client.runs.get).id

    found = [one for text in asked.filters for one in run_filters.conditions(text, named)]
    if asked.experiment is not None:
        found.append(_is("experiment", asked.experiment))
    if asked.status is not None:
        found.append(_is("status", asked.status))
    if asked.active:
        found.append(_is("active", asked.active))
    parent = Field(ATTRIBUTE, "parent")
    if not asked.children and all(one.field != parent for one in found):
        found.append(Condition(parent, "IS NULL"))
    return found


def _experiment(asked: Asked, conditions: Sequence[Condition]) -> str | None:
    """The one experiment of which all runs must be."""
    named = [str(one.values[0]) for one in conditions if one[:2] == (_EXPERIMENT, "=")]
    return asked.experiment or (named[0] if named else None)


def _is(name: str, value: Value) -> Condition:
    return Condition(Field(ATTRIBUTE, name), "=", (value,))


def _brought(shown: Sequence[str]) -> list[str]:
    wanted = [run_filters.column(name) for name in shown]
    return [name for name in wanted if name is not None] or [_NOTHING_MORE]
