"""How runs are searched: what their attributes are called, and what the old list asks for."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from runyard.protocol.filters import ATTRIBUTE, PROPERTY, TAG, Condition
from runyard.protocol.runs import STATUSES, RunQuery
from runyard.protocol.search import Search
from runyard_server.core.work import Work
from runyard_server.operations import searches
from runyard_server.operations.searches import Page, Prepared, Words, has, is_, literal
from runyard_server.store import experiments, hidden_runs, nouns
from runyard_server.store.searched import Wanted

RUNS = Words(
    "runs",
    nouns.RUNS,
    others={
        "run_id": "id",
        "run_name": "name",
        "run_type": "type",
        "user_id": "user",
        "submitted_by": "user",
        "node_count": "nodes",
        "created": "created_at",
        "started": "started_at",
        "start_time": "started_at",
        "ended": "ended_at",
        "end_time": "ended_at",
    },
    choices={"status": STATUSES},
)


_NAMING = ("=", "IN")
# Who names these means these runs, archived or not: their names, and what is below one of them.
_MEANT = ("id", "number", "parent")


def prepared(workspace: str, asked: Search) -> Prepared:
    """Check a search for runs, which finds those of the service itself only where they are named.

    Args:
        workspace: The workspace.
        asked: The search.

    Raises:
        InvalidRequest: The filter, an order, a column or the page token makes no sense.
    """
    found = searches.prepared(RUNS, workspace, asked)
    if names_experiment(found.wanted.conditions):
        return found
    return replace(found, wanted=replace(found.wanted, more=nouns.SHOWN_RUNS))


def found(work: Work, those: Prepared) -> Page:
    """A page of a search; see `searches.found`."""
    return searches.found(work, replace(those, wanted=shown(work, those.wanted)))


def shown(work: Work, wanted: Wanted) -> Wanted:
    """The same without what is hidden, archived or deleted by a tracker, where anything is.

    A condition on it would be asked of each row that is looked at, most of which are read for
    nothing else.

    Args:
        work: The unit of work.
        wanted: What is looked for.
    """
    more = list(wanted.more)
    if more and not experiments.hides_any(work.connection, wanted.workspace):
        more = []
    if hidden_runs.has_deleted(work.connection, wanted.workspace):
        more.append(nouns.NOT_DELETED)
    return unarchived(work, replace(wanted, more=more))


def unarchived(work: Work, wanted: Wanted) -> Wanted:
    """The same without archived runs, unless they are asked for or the runs are named.

    Args:
        work: The unit of work.
        wanted: What is looked for.
    """
    if any(map(_reaches_archive, wanted.conditions)):
        return wanted
    if not hidden_runs.has_archived(work.connection, wanted.workspace):
        return wanted
    # A condition like those of people, so that the index of what is not archived may be the way.
    return replace(wanted, conditions=[*wanted.conditions, is_("archived", "=", False)])


def names_experiment(asked: Sequence[Condition]) -> bool:
    """Whether an experiment is named: what the service runs for itself is shown only then."""
    return any(
        one.field.kind == ATTRIBUTE and one.field.name == "experiment" and one.operator in _NAMING
        for one in asked
    )


def _reaches_archive(one: Condition) -> bool:
    if one.field.kind != ATTRIBUTE:
        return False
    names_runs = one.field.name in _MEANT and one.operator in (*_NAMING, "LIKE")
    return one.field.name == "archived" or names_runs


def conditions(query: RunQuery) -> list[Condition]:
    """What a query of the old list asks for, as conditions."""
    return list(_conditions(query))


def _conditions(query: RunQuery) -> Iterator[Condition]:
    equal = {
        "experiment": query.experiment,
        "status": query.status,
        "type": query.run_type,
        "target": query.target,
        "parent": query.parent,
        "number": query.number,
        "active": query.active or None,
    }
    for name, value in equal.items():
        if value is not None:
            yield is_(name, "=", value)
    if query.id_prefix:
        yield is_("id", "LIKE", literal(query.id_prefix) + "%")
    # v1's get_runs leaves children out unless it is asked for them.
    if query.parent is None and not query.include_children:
        yield is_("parent", "IS NULL")
    if query.tag is not None:
        yield has(TAG, query.tag, query.tag_value)
    if query.property is not None:
        yield has(PROPERTY, query.property, query.property_value)
