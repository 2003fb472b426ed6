"""Rows of runs, with their specs, tags and properties.

`RunRow.key` is the place in history: it grows with every run of the database. Lists page by it,
newest first, and the rows of other tables point to it. Rows are read whole; they are changed by
naming the columns that change. Nothing here knows what a status means: rules are operations'.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    bindparam,
    exists,
    func,
    insert,
    select,
    update,
)

from runyard.protocol.runs import COMPLETED, RunError
from runyard_server.store import named
from runyard_server.store.expressions import Among, Unindexed
from runyard_server.store.keyed import Keyed
from runyard_server.store.nouns import not_hidden
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import (
    job_nodes,
    nodes,
    run_params,
    run_properties,
    run_specs,
    run_tags,
    runs,
)
from runyard_server.store.subjects import RUN, Subject

_ERROR = msgspec.json.Decoder(RunError)
_WARNINGS = msgspec.json.Decoder(list[str])
_SECONDS = msgspec.json.Decoder(dict[str, float])


# Not frozen, though nobody changes one: to refuse that costs each of thirty fields a call when the
# row is made, which was a twentieth of what a page of runs takes.
@dataclass(slots=True)
class RunRow:
    """One row of `runs`; times are microseconds since 1970 in UTC."""

    key: int
    workspace: str
    id: str
    experiment: str
    number: int
    status: str
    active: bool
    target: str
    created_at: int
    run_type: str | None = None
    name: str | None = None
    parent: str | None = None
    snapshot: str | None = None
    environment_lock: str | None = None
    node_count: int = 1
    reason: str | None = None
    error: RunError | None = None
    warnings: list[str] = field(default_factory=list)
    description: str = ""
    submitted_by: str = ""
    stage_seconds: dict[str, float] = field(default_factory=dict)
    last_event: int = 0
    cancel_requested: bool = False
    attempt: int = 0
    started_at: int | None = None
    ended_at: int | None = None
    submitted_from: str | None = None
    deleted_at: int | None = None
    priority: int = 0
    place: int | None = None
    archived: bool = False

    @property
    def subject(self) -> Subject:
        """The run as what events, leases and notices are about."""
        return Subject(RUN, self.workspace, self.id)


_NAMES = tuple(f.name for f in fields(RunRow))
COLUMNS = [runs.c[name] for name in _NAMES]
# Asked by nearly every request, so made once: making a statement costs more than running it.
_NAMED = (runs.c.workspace == bindparam("in_workspace"), runs.c.id == bindparam("run"))
_FIND = Prepared(select(*COLUMNS).where(*_NAMED))
_KEY_OF = Prepared(select(runs.c.key).where(*_NAMED))
_BY_KEY = Prepared(select(*COLUMNS).where(runs.c.key == bindparam("of_run")))
_BY_KEYS = Keyed(select(*COLUMNS).order_by(runs.c.key), runs.c.key)
_CHANGE = Prepared(update(runs).where(runs.c.key == bindparam("of_run")))
_INSERT, _INSERT_SPEC = Prepared(insert(runs)), Prepared(insert(run_specs))
_SPEC = Prepared(select(run_specs.c.spec).where(run_specs.c.run_key == bindparam("of_run")))
_TAGS, _PROPERTIES, _PARAMS = (
    Prepared(select(t.c.name, t.c.value).where(t.c.run_key == bindparam("of_run")))
    for t in (run_tags, run_properties, run_params)
)
_HOLDING = Prepared(
    select(*COLUMNS)
    .join(job_nodes, job_nodes.c.run_key == runs.c.key)
    .where(
        job_nodes.c.finished_at.is_(None),
        runs.c.target == bindparam("on_target"),
        func.coalesce(runs.c.run_type, "") != bindparam("besides"),
    )
    .order_by(runs.c.key)
    .limit(bindparam("most"))
)
_BELOW = runs.alias("below")
_ABOVE_OTHERS = Keyed(
    select(runs.c.key).where(
        exists().where(_BELOW.c.workspace == runs.c.workspace, _BELOW.c.parent == runs.c.id)
    ),
    runs.c.key,
)
_HOLDING_NODES = Prepared(
    select(func.count(), *COLUMNS)
    .select_from(nodes)
    .join(runs, (runs.c.workspace == nodes.c.workspace) & (runs.c.id == nodes.c.run))
    .where(
        nodes.c.workspace == bindparam("in_workspace"),
        # By the index of runs that hold nodes: see `nodes`.
        func.coalesce(nodes.c.compute, "") == bindparam("of_compute"),
        nodes.c.run.is_not(None),
    )
    .group_by(runs.c.key)
)
_JSON = ("error", "warnings", "stage_seconds")
_ERROR_AT, _WARNINGS_AT, _SECONDS_AT = (_NAMES.index(name) for name in _JSON)
_FEW = 3
_MANY = 500


def find(connection: Connection, workspace: str, run: str) -> RunRow | None:
    """The run of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "run": run})
    return None if row is None else row_of(row)


def numbered(connection: Connection, workspace: str, start: str) -> str | None:
    """A run whose id is this start, `_` and a digit, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        start: How the id begins.
    """
    # ":" comes right after "9", so the index has all of them side by side.
    among = runs.c.id.between(f"{start}_0", f"{start}_:")
    query = select(runs.c.id).where(runs.c.workspace == workspace, among).limit(1)
    found: str | None = connection.execute(query).scalar()
    return found


def by_key(connection: Connection, key: int) -> RunRow | None:
    """The run of this key, or None."""
    row = _BY_KEY.row(connection, {"of_run": key})
    return None if row is None else row_of(row)


def find_subjects(connection: Connection, subjects: Iterable[Subject]) -> list[RunRow]:
    """The runs that these subjects are and that exist, oldest first."""
    wanted: dict[str, list[str]] = {}
    for subject in subjects:
        wanted.setdefault(subject.workspace, []).append(subject.id)
    rows = [row for place, ids in wanted.items() for row in _of_workspace(connection, place, ids)]
    return sorted(rows, key=lambda row: row.key)


def find_many(connection: Connection, keys: Iterable[int]) -> list[RunRow]:
    """The runs of these keys that exist, oldest first."""
    # Few are looked up by the statement that is made already, which is quicker than an IN.
    wanted = sorted(keys)
    if len(wanted) <= _FEW:
        return [row for key in wanted if (row := by_key(connection, key)) is not None]
    return [row_of(row) for row in _BY_KEYS.rows(connection, wanted)]


def find_in_order(connection: Connection, keys: Sequence[int]) -> list[RunRow]:
    """The runs of these keys that exist, in the order of the keys."""
    by_key = {row.key: row for row in find_many(connection, keys)}
    return [by_key[key] for key in keys if key in by_key]


def key_of(connection: Connection, workspace: str, run: str) -> int | None:
    """The key of a run by its id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        run: Id of the run.
    """
    key: int | None = _KEY_OF.value(connection, {"in_workspace": workspace, "run": run})
    return key


def insert_run(connection: Connection, row: RunRow, spec: str) -> int:
    """Add a run (its `key` is not looked at) with the JSON of its spec; give its key.

    Args:
        connection: The transaction's connection.
        row: The run.
        spec: JSON of its spec.
    """
    values = {f.name: getattr(row, f.name) for f in fields(row) if f.name != "key"}
    _INSERT.run(connection, _texts(values))
    key = key_of(connection, row.workspace, row.id)
    assert key is not None
    _INSERT_SPEC.run(connection, {"run_key": key, "spec": spec})
    return key


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a run."""
    _CHANGE.run(connection, {"of_run": key, **_texts(values)})


def prioritize_below(
    connection: Connection, row: RunRow, priority: int, statuses: Sequence[str]
) -> None:
    """Set the priority of the runs right below a run.

    Args:
        connection: The transaction's connection.
        row: The run above.
        priority: The priority.
        statuses: Only those in one of these.
    """
    mine = runs.c.workspace == row.workspace, runs.c.parent == row.id
    chosen = update(runs).where(*mine, runs.c.status.in_(statuses))
    connection.execute(chosen.values(priority=priority, place=None))


def spec(connection: Connection, key: int) -> str:
    """The JSON of a run's spec."""
    return str(_SPEC.value(connection, {"of_run": key}))


def specs(connection: Connection, keys: Iterable[int]) -> dict[int, str]:
    """The JSON of the specs of several runs, by key."""
    wanted = list(keys)
    if len(wanted) <= _FEW:
        return {key: spec(connection, key) for key in wanted}
    columns = run_specs.c.run_key, run_specs.c.spec
    return {
        int(key): str(text)
        for piece in _pieces(wanted)
        for key, text in connection.execute(select(*columns).where(columns[0].in_(piece)))
    }


def newest(connection: Connection, workspace: str, limit: int) -> list[RunRow]:
    """The newest runs of a workspace that lists show, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    mine = runs.c.workspace == workspace, not_hidden(runs.c.experiment)
    found = select(*COLUMNS).where(*mine)
    rows = connection.execute(found.order_by(runs.c.key.desc()).limit(limit))
    return [row_of(row) for row in rows]


def of_name(
    connection: Connection, workspace: str, experiment: str, name: str, limit: int
) -> list[RunRow]:
    """The newest runs of an experiment that have a name, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        experiment: Name of the experiment.
        name: The runs' name.
        limit: The most that are wanted.
    """
    mine = runs.c.workspace == workspace, runs.c.name == name, runs.c.experiment == experiment
    found = select(*COLUMNS).where(*mine).order_by(runs.c.key.desc()).limit(limit)
    return [row_of(row) for row in connection.execute(found)]


def active_ids(connection: Connection) -> set[str]:
    """The ids of all runs that have not ended."""
    found = select(runs.c.id).where(runs.c.active.is_(True))
    return set(connection.execute(found).scalars())


def count_active(connection: Connection, besides: str) -> int:
    """Count the runs that go on, without hidden ones and those on the target `besides`."""
    mine = runs.c.active.is_(True), runs.c.target != besides, not_hidden(runs.c.experiment)
    found = select(func.count()).where(*mine)
    return int(connection.execute(found).scalar_one())


def active_on(connection: Connection, workspace: str, target: str) -> list[RunRow]:
    """The runs on a target that have not ended, oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        target: Name of the compute target.
    """
    found = select(*COLUMNS).where(
        runs.c.workspace == workspace, runs.c.target == target, runs.c.active.is_(True)
    )
    return [row_of(row) for row in connection.execute(found.order_by(runs.c.key))]


def children(connection: Connection, row: RunRow) -> list[RunRow]:
    """The runs whose parent is `row`, oldest first."""
    found = select(*COLUMNS).where(runs.c.workspace == row.workspace, runs.c.parent == row.id)
    return [row_of(each) for each in connection.execute(found.order_by(runs.c.key))]


def above_others(connection: Connection, keys: Sequence[int]) -> set[int]:
    """Those of these keys whose runs have runs below them."""
    return {int(key) for (key,) in _ABOVE_OTHERS.rows(connection, keys)}


def open_below(connection: Connection, row: RunRow, target: str) -> list[RunRow]:
    """The runs on a target below a run that have not ended, oldest first.

    A run that has ended may have been given children since, so the way leads through those, too.

    Args:
        connection: The transaction's connection.
        row: The row.
        target: Name of the compute target.
    """
    named = {"in_workspace": row.workspace, "on_target": target, "of_parent": row.id}
    return [row_of(each) for each in _OPEN_BELOW.rows(connection, named)]


def _is_below() -> Among:
    """Make the condition that a run descends from another, by runs on one target alone."""
    here = [
        runs.c.workspace == bindparam("in_workspace"),
        runs.c.target == bindparam("on_target"),
    ]
    # Not through children that are jobs: these go on, and with them what is below.
    tree = select(runs.c.key, runs.c.id).where(*here, runs.c.parent == bindparam("of_parent"))
    below = tree.cte("below", recursive=True)
    next_ = select(runs.c.key, runs.c.id).where(*here, runs.c.parent == below.c.id)
    return Among(runs.c.key, select(below.union(next_).c.key))


# Few are below a run, and a hundred thousand may go on: what goes on is no way to them.
_IS_ACTIVE = Unindexed(runs.c.active).is_(True)
_OPEN_BELOW = Prepared(select(*COLUMNS).where(_IS_ACTIVE, _is_below()).order_by(runs.c.key))


def active_with_nodes(
    connection: Connection, target: str, limit: int, besides: str = ""
) -> list[RunRow]:
    """The oldest runs on a target that have an unfinished node, of all workspaces.

    Args:
        connection: The transaction's connection.
        target: Name of the compute target.
        limit: The most that are wanted.
        besides: Leave out runs of this type.
    """
    named = {"on_target": target, "most": limit, "besides": besides or "no type"}
    return [row_of(row) for row in _HOLDING.rows(connection, named)]


def holding_nodes(connection: Connection, workspace: str, compute: str) -> list[tuple[RunRow, int]]:
    """The runs that hold nodes of a cluster, each with how many it holds, the oldest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        compute: Name of the cluster.
    """
    named = {"in_workspace": workspace, "of_compute": compute}
    return [(row_of(row), int(held)) for held, *row in _HOLDING_NODES.rows(connection, named)]


def durations(connection: Connection, like: RunRow, limit: int, among: int) -> list[int]:
    """The microseconds that the newest completed runs like one took, of its experiment and type.

    Args:
        connection: The transaction's connection.
        like: The run.
        limit: The most that are wanted.
        among: How many of the experiment's newest runs are looked at.
    """
    newest = (
        select(runs.c.status, runs.c.run_type, runs.c.started_at, runs.c.ended_at)
        .where(runs.c.workspace == like.workspace, runs.c.experiment == like.experiment)
        .order_by(runs.c.key.desc())
        .limit(among)
        .subquery()
    )
    # An experiment may have a million runs of which few have completed: those are not looked for.
    found = select(newest.c.ended_at - newest.c.started_at).where(
        newest.c.status == COMPLETED,
        newest.c.run_type.is_(None)
        if like.run_type is None
        else newest.c.run_type == like.run_type,
        newest.c.started_at.is_not(None),
        newest.c.ended_at.is_not(None),
    )
    return [int(took) for (took,) in connection.execute(found.limit(limit))]


def tags(
    connection: Connection, keys: Sequence[int], names: Sequence[str] | None = None
) -> dict[int, dict[str, str | None]]:
    """The tags of several runs, by key; with names only those.

    Args:
        connection: The transaction's connection.
        keys: Keys of the runs' rows.
        names: Which names.
    """
    if len(keys) == 1 and names is None:
        return {keys[0]: dict(_TAGS.rows(connection, {"of_run": keys[0]}))}
    return named.read(connection, run_tags, keys, names)


def properties(
    connection: Connection, keys: Sequence[int], names: Sequence[str] | None = None
) -> dict[int, dict[str, str]]:
    """The properties of several runs, by key; with names only those.

    Args:
        connection: The transaction's connection.
        keys: Keys of the runs' rows.
        names: Which names.
    """
    if len(keys) == 1 and names is None:
        return {keys[0]: dict(_PROPERTIES.rows(connection, {"of_run": keys[0]}))}
    return named.read(connection, run_properties, keys, names)


def params(
    connection: Connection, keys: Sequence[int], names: Sequence[str] | None = None
) -> dict[int, dict[str, str]]:
    """The parameters of several runs, by key; with names only those.

    Args:
        connection: The transaction's connection.
        keys: Keys of the runs' rows.
        names: Which names.
    """
    if len(keys) == 1 and names is None:
        return {keys[0]: dict(_PARAMS.rows(connection, {"of_run": keys[0]}))}
    return named.read(connection, run_params, keys, names)


def set_tags(connection: Connection, key: int, given: Mapping[str, str | None]) -> None:
    """Set tags of a run; a tag that is there takes the new value.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        given: Value by name.
    """
    named.put(connection, run_tags, key, given)


def remove_tags(connection: Connection, key: int, names: Sequence[str]) -> None:
    """Remove tags of a run; names it does not have are passed over.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        names: Which names.
    """
    named.remove(connection, run_tags, key, names)


def add_properties(connection: Connection, key: int, given: Mapping[str, str]) -> None:
    """Add properties that the run does not have yet.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        given: Value by name.
    """
    named.add(connection, run_properties, key, given)


def set_properties(connection: Connection, key: int, given: Mapping[str, str]) -> None:
    """Set properties that the service itself keeps; one that is there takes the new value.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        given: Value by name.
    """
    named.put(connection, run_properties, key, given)


def add_params(connection: Connection, key: int, given: Mapping[str, str]) -> None:
    """Add parameters that the run does not have yet.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        given: Value by name.
    """
    named.add(connection, run_params, key, given)


def remove_params(connection: Connection, key: int, names: Sequence[str]) -> None:
    """Remove parameters of a run; names it does not have are passed over.

    Args:
        connection: The transaction's connection.
        key: Key of the run's row.
        names: Which names.
    """
    named.remove(connection, run_params, key, names)


def _of_workspace(connection: Connection, workspace: str, ids: Sequence[str]) -> list[RunRow]:
    if len(ids) <= _FEW:
        return [row for each in ids if (row := find(connection, workspace, each)) is not None]
    found = select(*COLUMNS).where(runs.c.workspace == workspace, runs.c.id.in_(ids))
    return [row_of(row) for row in connection.execute(found)]


def _pieces(wanted: list[int]) -> Iterator[list[int]]:
    """Lists as short as every SQLite takes them: some builds bound parameters by 999."""
    for start in range(0, len(wanted), _MANY):
        yield wanted[start : start + _MANY]


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    """Turn the columns that hold JSON into text."""
    for name in _JSON:
        if values.get(name) is not None:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


def row_of(row: Sequence[Any]) -> RunRow:
    """The run of what a query of `COLUMNS` has found."""
    values = list(row)
    error, warnings, seconds = row[_ERROR_AT], row[_WARNINGS_AT], row[_SECONDS_AT]
    values[_ERROR_AT] = None if error is None else _ERROR.decode(error)
    values[_WARNINGS_AT] = [] if warnings == "[]" else _WARNINGS.decode(warnings)
    values[_SECONDS_AT] = {} if seconds == "{}" else _SECONDS.decode(seconds)
    # By place: the columns are in the order of the fields, and names take twice as long.
    return RunRow(*values)
