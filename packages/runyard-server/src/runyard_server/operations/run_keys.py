"""Names and values of what runs have: what completion offers, and columns are chosen from."""

from sqlalchemy import Table

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, METRIC, Field
from runyard.protocol.metrics import SCALAR
from runyard.protocol.run_keys import MOST_KEYS, RunKeys, RunKeysQuery, RunValues, RunValuesQuery
from runyard_server.core.lookups import workspace_row
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import run_searches, searches
from runyard_server.store import nouns, run_keys
from runyard_server.store.nouns import AFTER_HIDDEN
from runyard_server.store.run_keys import Within, nothing_more
from runyard_server.store.schema import experiments, metric_series, run_params, run_tags, runs
from runyard_server.store.searched import TEXT


def keys(system: System, workspace: str, query: RunKeysQuery) -> RunKeys:
    """The names of metrics, parameters and tags that runs of a workspace have.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: How they begin, and how many are wanted.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: That many are not given at once.
    """
    limit = _checked(query.limit)

    def read(work: Work) -> RunKeys:
        workspace_row(work, workspace)

        def of(table: Table, only: Within = nothing_more) -> list[str]:
            return run_keys.names(
                work.connection, table, workspace, prefix=query.prefix, limit=limit + 1, only=only
            )

        logged = of(metric_series, lambda rows: (rows.c.kind == SCALAR,))
        params, tags = of(run_params), of(run_tags)
        more = any(len(names) > limit for names in (logged, params, tags))
        return RunKeys(logged[:limit], params[:limit], tags[:limit], more)

    return system.read(read)


def values(system: System, workspace: str, query: RunValuesQuery) -> RunValues:
    """The texts that a field of runs has.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: The field, how they begin, and how many are wanted.

    Raises:
        WorkspaceNotFound: No such workspace.
        InvalidRequest: There is no such field, or that many are not given at once.
    """
    limit = _checked(query.limit)
    field = searches.field_of(run_searches.RUNS, query.field)

    def read(work: Work) -> RunValues:
        workspace_row(work, workspace)
        found = _values(work, workspace, field, query.prefix, limit + 1)
        return RunValues(found[:limit], len(found) > limit)

    return system.read(read)


def _checked(limit: int) -> int:
    if not 0 < limit <= MOST_KEYS:
        raise InvalidRequest(f"limit is 1 to {MOST_KEYS}, not {limit}")
    return limit


def _values(work: Work, workspace: str, field: Field, prefix: str, limit: int) -> list[str]:
    choices = run_searches.RUNS.choices.get(field.name) if field.kind == ATTRIBUTE else None
    if choices is not None:
        return [one for one in choices if one.lower().startswith(prefix.lower())][:limit]
    if field.kind == METRIC or not field.name:
        return []
    if field.kind != ATTRIBUTE:
        side = nouns.RUNS.sides[field.kind]
        return run_keys.names(
            work.connection,
            side.table,
            workspace,
            column=side.value,
            prefix=prefix,
            limit=limit,
            within=lambda rows: (rows.c.name == field.name,),
        )
    return _of_attribute(work, workspace, field.name, prefix, limit)


def _of_attribute(work: Work, workspace: str, name: str, prefix: str, limit: int) -> list[str]:
    attribute = nouns.RUNS.attributes[name]
    if name == "experiment":
        # They have a table of their own, with one row each.
        return run_keys.different(
            work.connection,
            experiments,
            "name",
            prefix=prefix,
            limit=limit,
            within=lambda rows: (rows.c.workspace == workspace, rows.c.name >= AFTER_HIDDEN),
        )
    column = attribute.column
    if attribute.kind != TEXT or column is None or not nouns.RUNS.has_index(attribute):
        return []
    found = run_keys.different(
        work.connection,
        runs,
        str(column.key),
        prefix=prefix,
        limit=limit,
        within=lambda rows: (rows.c.workspace == workspace,),
    )
    # Where nobody is named the column of users has an empty text.
    return [text for text in found if text]
