"""`runyard runs list`: which runs, in which order, with which columns; found by the service."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from runyard.protocol.filters import ATTRIBUTE, Condition, Field
from runyard.protocol.runs import RunRecord
from runyard.protocol.search import Search
from runyard_server.cli import output, run_fields, run_filters, run_saved, tables, typed
from runyard_server.cli.run_saved import Saved
from runyard_server.cli.target import WorkspaceClient
from runyard_server.cli.typed import Typed

# Attributes come always, so a search for this column brings nothing else.
_NOTHING_MORE = "status"
_METRICS = "metrics"
# As `protocol.sweeps` has it, whose many records a list without sweeps need not load.
_SWEEPS = ("sweep", "hyperdrive")
_EXPERIMENT, _PARENT = Field(ATTRIBUTE, "experiment"), Field(ATTRIBUTE, "parent")
_NO_CHILD = Typed(Condition(_PARENT, "IS NULL"), "", "list")
_MOST_COUNTED = 1000


@dataclass(frozen=True)
class Asked:
    """What was asked with options of their own, besides filters.

    Args:
        experiment: Only runs of this experiment.
        status: Only runs of this status.
        active: Only runs that have not ended.
        children: Child runs too.
        archived: Only runs that are archived, which lists leave out otherwise.
        filters: Conditions, in either form of `run_filters`.
        view: The name of a saved view, on whose runs all else is asked.
    """

    experiment: str | None = None
    status: str | None = None
    active: bool = False
    children: bool = False
    archived: bool = False
    filters: Sequence[str] = field(default_factory=list)
    view: str | None = None


def show(
    client: WorkspaceClient,
    asked: Asked,
    *,
    sort: str | None,
    columns: str | None,
    limit: int,
    as_json: bool,
    elsewhere: Callable[[], str],
) -> None:
    """Print the runs that match.

    Args:
        client: The workspace.
        asked: Which runs.
        sort: A field, with `-` before it from the largest to the smallest; None: newest first.
        columns: Fields with commas between them; None: the usual ones.
        limit: At most so many.
        as_json: Whether records are printed instead of a table.
        elsewhere: Finds what to add where there is no run.

    Raises:
        InvalidRequest: There is no such field, or a condition makes no sense.
        NotFound: There is no such experiment or view.
    """
    names = [run_fields.check_shown(name) for name in run_fields.named(columns or "")]
    wanted = chosen(client, asked)
    names = names or list(wanted.columns)
    shown = names or run_fields.DEFAULTS
    found = typed.found(
        client.runs.search,
        wanted.conditions,
        run_filters.sort(sort) or wanted.sort,
        # Records are whole in JSON, whatever a table would show of them.
        columns=[] if as_json else _brought(shown),
        limit=limit,
    )
    conditions = [one for one in wanted.conditions if one is not _NO_CHILD]
    experiment = _experiment(asked, conditions)
    if not found.items and experiment is not None:
        client.experiments.get(experiment)  # says when there is none
    hidden = "" if wanted.children or found.items else _hidden(client, conditions)
    if as_json:
        output.as_json(found)
        if hidden:
            output.note(hidden)
        return
    nothing = hidden or (lambda: "no such run" + elsewhere())
    headings = [run_fields.column(name, asked=bool(names)) for name in shown]
    tables.show(headings, _rows(client, shown, found.items), nothing)


def chosen(client: WorkspaceClient, asked: Asked) -> Saved:
    """Which runs are asked for, by options, filters and a saved view.

    Args:
        client: The workspace.
        asked: What was asked.

    Raises:
        InvalidRequest: A condition makes no sense.
        NotFound: There is no such view.
    """
    view = run_saved.NO_VIEW if asked.view is None else run_saved.read(client, asked.view)
    conditions = [*view.conditions, *_conditions(client, asked)]
    children = asked.children or view.children
    # Children crowd a list: they are left out unless something says that they are wanted.
    if not children and all(one.condition.field != _PARENT for one in conditions):
        return view._replace(conditions=[*conditions, _NO_CHILD])
    return view._replace(conditions=conditions, children=True)


def _rows(
    client: WorkspaceClient, shown: Sequence[str], found: Sequence[RunRecord]
) -> Iterator[tables.Row]:
    """The cells of each run.

    Args:
        client: The workspace.
        shown: The fields that are shown.
        found: The runs.
    """
    results = _results(client, found) if _METRICS in shown else {}
    for run in found:
        own = {_METRICS: results[run.id]} if run.id in results else {}
        yield [own.get(name) or run_fields.cell(name, run) for name in shown]


def _results(client: WorkspaceClient, found: Sequence[RunRecord]) -> dict[str, str]:
    """What stands for metrics of the runs that are sweeps: trials that have ended, the best."""
    wanted = [run.id for run in found if run.run_type in _SWEEPS]
    if not wanted:
        return {}
    from runyard.sdk import sweep_words

    return {run: sweep_words.brief(client.sweeps.get(run)) for run in wanted}


def _conditions(client: WorkspaceClient, asked: Asked) -> list[Typed]:
    def named(run: str) -> str:
        from runyard_server.cli import run_names

        return run_names.with_run(client, run, client.runs.get).id

    found = [one for text in asked.filters for one in run_filters.read(text, named)]
    if asked.experiment is not None:
        found.append(typed.option("--experiment", "experiment", asked.experiment))
    if asked.status is not None:
        found.append(typed.option("--status", "status", asked.status))
    if asked.active:
        found.append(typed.option("--active", "active", asked.active))
    if asked.archived:
        found.append(typed.option("--archived", "archived", asked.archived))
    return found


def _hidden(client: WorkspaceClient, conditions: Sequence[Typed]) -> str:
    """The sentence about child runs that an empty list left out; "" when there are none."""
    found = typed.found(
        client.runs.search, conditions, columns=[_NOTHING_MORE], limit=_MOST_COUNTED
    )
    count = len(found.items)
    if not count:
        return ""
    many = f"{count} or more" if found.next_page_token else str(count)
    return f"no such run at the top, but {many} below other runs: --children shows them too"


def _experiment(asked: Asked, conditions: Sequence[Typed]) -> str | None:
    """The one experiment of which all runs must be."""
    every = [one.condition for one in conditions]
    named = [str(one.values[0]) for one in every if one[:2] == (_EXPERIMENT, "=")]
    return asked.experiment or (named[0] if named else None)


def _brought(shown: Sequence[str]) -> list[str]:
    wanted = [run_filters.column(name) for name in shown]
    return [name for name in wanted if name is not None] or [_NOTHING_MORE]


def last_failure(client: WorkspaceClient) -> str | None:
    """When the last of the runs ended that have failed; None where none has."""
    asked = Search("status = 'Failed'", order_by=["ended_at DESC"], page_size=1)
    return next((run.ended_at for run in client.runs.search(asked, 1)), None)
