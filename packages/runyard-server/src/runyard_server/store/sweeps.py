"""Rows of sweeps, of their trials, of what these report on the way, and of who makes them.

Counters and the best are kept on the sweep's row, and trials lie by sweep and number, so that no
statement reads more with the ten-thousandth trial than with the first. What trials report is one
log a sweep, in the order in which the policy was told of it, packed as columns: a policy that
reads it again comes to what it had come to.
"""

import sys
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    true,
    update,
)

from runyard_server.store.expressions import Elements, Numbers
from runyard_server.store.prepared import Prepared
from runyard_server.store.schema import (
    metric_segments,
    metric_series,
    runs,
    sweep_clients,
    sweeps,
    trial_values,
    trials,
)
from runyard_server.store.subjects import SWEEP, Subject

STOP, PAUSE = "stop", "pause"
_WIDTH = 8
_COUNTS = msgspec.json.Decoder(dict[str, int])
_NUMBERS = msgspec.json.Decoder(list[int])
_PARAMS = msgspec.json.Decoder(dict[str, Any])
_VALUES = msgspec.json.Decoder(list[float | None])


class Point(msgspec.Struct, frozen=True):
    """A point to try next: its parameters by name, and the run whose outputs it is given."""

    params: dict[str, Any]
    resumes: str | None = None


_QUEUE = msgspec.json.Decoder(list[Point])


@dataclass(frozen=True, slots=True)
class SweepRow:
    """One row of `sweeps`; times are microseconds since 1970 in UTC.

    `spec` is JSON. Of the `queue` of points to try first, `taken` are trials already. One that
    shows a study of somebody else's is of a journal, by which it is changed alone; it has no run.
    """

    key: int
    workspace: str
    id: str
    run_key: int
    experiment: str
    spec: str
    created_at: int
    name: str | None = None
    active: bool = True
    closed: bool = False
    paused: bool = False
    max_trials: int | None = None
    parallel: int | None = None
    max_duration_seconds: float | None = None
    space_size: int | None = None
    queue: list[Point] = field(default_factory=list)
    taken: int = 0
    next_number: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    best: int | None = None
    front: list[int] = field(default_factory=list)
    reason: str = ""
    ended_at: int | None = None
    journal_key: int | None = None
    study: int | None = None

    @property
    def subject(self) -> Subject:
        """The sweep as what events, leases and notices are about."""
        return Subject(SWEEP, self.workspace, self.id)


@dataclass(slots=True)
class TrialRow:
    """One row of `trials`; `verdict` is STOP, PAUSE or None, `client` who makes it."""

    number: int
    state: str
    params: dict[str, Any]
    started_at: int
    results: list[float | None] = field(default_factory=list)
    best: float | None = None
    last: float | None = None
    position: int | None = None
    run_key: int | None = None
    client: str | None = None
    ended_at: int | None = None
    verdict: str | None = None
    reason: str = ""
    from_trial: int | None = None
    resumes: str | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A value that a trial has reported: at a step, or as the so-many-th."""

    trial: int
    position: int
    value: float


@dataclass(frozen=True, slots=True)
class ChildRow:
    """How the run of a trial stands."""

    status: str
    active: bool
    error: str
    prepared: bool


@dataclass(frozen=True, slots=True)
class Logged:
    """A metric of the run of a trial."""

    run_key: int
    id: int
    name: str
    kind: str
    count: int
    last: float | None
    minimum: float | None
    maximum: float | None


_NAMES = tuple(f.name for f in fields(SweepRow))
_COLUMNS = [sweeps.c[name] for name in _NAMES]
_TRIAL_NAMES = tuple(f.name for f in fields(TrialRow))
_TRIAL_COLUMNS = [trials.c[name] for name in _TRIAL_NAMES]
_JSON = ("queue", "counts", "front")
_DECODERS: Mapping[str, msgspec.json.Decoder[Any]] = {
    "queue": _QUEUE,
    "counts": _COUNTS,
    "front": _NUMBERS,
}
# Made once: making a statement costs more than running it.
_FIND = Prepared(
    select(*_COLUMNS).where(
        sweeps.c.workspace == bindparam("in_workspace"), sweeps.c.id == bindparam("sweep")
    )
)
_CHANGE = Prepared(update(sweeps).where(sweeps.c.key == bindparam("of_sweep")))
_ADD_TRIAL = Prepared(insert(trials))
_MINE = (trials.c.sweep_key == bindparam("of_sweep"),)
_TRIALS = select(*_TRIAL_COLUMNS).where(*_MINE).order_by(trials.c.number)
_TRIAL = select(*_TRIAL_COLUMNS).where(*_MINE, trials.c.number == bindparam("numbered"))
_PAGE = _TRIALS.where(trials.c.number > bindparam("after")).limit(bindparam("most"))
_PAGE_OF_STATE = _PAGE.where(trials.c.state == bindparam("in_state"))
_CHANGED = (
    *("state", "results", "best", "last", "position", "client"),
    *("ended_at", "verdict", "reason"),
)
_CHANGE_TRIAL = Prepared(
    update(trials)
    .where(*_MINE, trials.c.number == bindparam("numbered"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGED})
)
_ADD_VALUES = Prepared(insert(trial_values))
_VALUES_OF = (
    select(trial_values.c.count, trial_values.c.payload)
    .where(trial_values.c.sweep_key == bindparam("of_sweep"))
    .order_by(trial_values.c.first)
)
_REPORTED = select(func.max(trial_values.c.first + trial_values.c.count)).where(
    trial_values.c.sweep_key == bindparam("of_sweep")
)
_CLIENTS = select(sweep_clients.c.client, sweep_clients.c.sequence, sweep_clients.c.answer).where(
    sweep_clients.c.sweep_key == bindparam("of_sweep")
)
_THIS_CLIENT = (
    sweep_clients.c.sweep_key == bindparam("of_sweep"),
    sweep_clients.c.client == bindparam("named"),
)
_CLIENT = select(sweep_clients.c.sequence, sweep_clients.c.answer).where(*_THIS_CLIENT)
_MOVE_CLIENT = (
    update(sweep_clients)
    .where(*_THIS_CLIENT)
    .values(sequence=bindparam("new_sequence"), answer=bindparam("new_answer"))
)
_ADD_CLIENT = insert(sweep_clients)
# As one JSON text: a statement with as many parameters as there are trials is made anew each time.
_KEYS = select(Numbers(bindparam("keys")).table_valued("value").c.value)
_CHILDREN = select(
    runs.c.key, runs.c.status, runs.c.active, runs.c.error, runs.c.environment_lock
).where(runs.c.key.in_(_KEYS))
_ENDED_CHILDREN = _CHILDREN.where(runs.c.active.is_(False))
_LOGGED = select(*(metric_series.c[name] for name in Logged.__slots__)).where(
    metric_series.c.run_key.in_(_KEYS),
    metric_series.c.name.in_(select(Elements(bindparam("names")).table_valued("value").c.value)),
)
_POINTS = (
    select(metric_segments.c.first, metric_segments.c.count)
    .add_columns(metric_segments.c.encoding, metric_segments.c.payload)
    .where(
        metric_segments.c.series_id == bindparam("series"),
        metric_segments.c.first + metric_segments.c.count > bindparam("seen"),
    )
    .order_by(metric_segments.c.first)
)


# Of an error the message alone: hundreds of children may have failed.
class _Error(msgspec.Struct):
    message: str = ""


_ERROR = msgspec.json.Decoder(_Error)


def find(connection: Connection, workspace: str, sweep: str) -> SweepRow | None:
    """The sweep of this id, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        sweep: Id of the sweep.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "sweep": sweep})
    return None if row is None else _row(row)


def add(connection: Connection, row: SweepRow) -> int:
    """Add a sweep (its `key` is not looked at); give its key."""
    values = {name: getattr(row, name) for name in _NAMES if name != "key"}
    key = connection.execute(insert(sweeps), _texts(values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a sweep."""
    _CHANGE.run(connection, {"of_sweep": key, **_texts(values)})


def active(connection: Connection) -> list[Subject]:
    """Every sweep of every workspace that has a run which has not ended, oldest first."""
    found = select(sweeps.c.workspace, sweeps.c.id).where(sweeps.c.active.is_(True))
    found = found.where(sweeps.c.journal_key.is_(None))
    rows = connection.execute(found.order_by(sweeps.c.key))
    return [Subject(SWEEP, row.workspace, row.id) for row in rows]


def page(
    connection: Connection,
    workspace: str,
    before: int | None,
    limit: int,
    *,
    experiment: str | None = None,
    only_active: bool = False,
    name: str | None = None,
    archived: bool | None = None,
) -> list[SweepRow]:
    """Up to `limit` sweeps of a workspace with keys below `before`, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        before: The last key that is known.
        limit: The most that are wanted.
        experiment: Only those of this experiment.
        only_active: Only those that have not ended.
        name: Only those of this name.
        archived: Only those whose runs are archived, or with False only others.
    """
    found = select(*_COLUMNS).where(sweeps.c.workspace == workspace)
    if archived is not None:
        # A study of Optuna's has no run, and is never archived.
        shelved = exists().where(runs.c.key == sweeps.c.run_key, runs.c.archived == true())
        found = found.where(shelved if archived else ~shelved)
    if before is not None:
        found = found.where(sweeps.c.key < before)
    if experiment is not None:
        found = found.where(sweeps.c.experiment == experiment)
    if only_active:
        found = found.where(sweeps.c.active.is_(True))
    if name is not None:
        found = found.where(sweeps.c.name == name)
    return [
        _row(row) for row in connection.execute(found.order_by(sweeps.c.key.desc()).limit(limit))
    ]


def add_trials(connection: Connection, key: int, rows: Sequence[TrialRow]) -> None:
    """Add trials to a sweep.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        rows: The trials.
    """
    _ADD_TRIAL.run_many(connection, [{"sweep_key": key, **_trial_texts(row)} for row in rows])


def change_trials(connection: Connection, key: int, rows: Sequence[TrialRow]) -> None:
    """Write down how trials stand; what they were made with stays.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        rows: The trials.
    """
    values = []
    for row in rows:
        given = _trial_texts(row)
        changed = {f"new_{name}": given[name] for name in _CHANGED}
        values.append({"of_sweep": key, "numbered": row.number, **changed})
    _CHANGE_TRIAL.run_many(connection, values)


def trial(connection: Connection, key: int, number: int) -> TrialRow | None:
    """A trial of a sweep, None if it has none of that number.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        number: Number of the trial.
    """
    row = connection.execute(_TRIAL, {"of_sweep": key, "numbered": number}).one_or_none()
    return None if row is None else _trial(row)


def all_trials(connection: Connection, key: int) -> Iterator[TrialRow]:
    """The trials of a sweep, in order of number."""
    return map(_trial, connection.execute(_TRIALS, {"of_sweep": key}))


def trial_page(
    connection: Connection, key: int, after: int, limit: int, state: str | None = None
) -> list[TrialRow]:
    """Up to `limit` trials of a sweep with numbers above `after`, in order.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        after: The number of the last one that is known.
        limit: The most that are wanted.
        state: Only those in this state.
    """
    named: dict[str, Any] = {"of_sweep": key, "after": after, "most": limit}
    if state is None:
        return [_trial(row) for row in connection.execute(_PAGE, named)]
    rows = connection.execute(_PAGE_OF_STATE, {**named, "in_state": state})
    return [_trial(row) for row in rows]


def commonest_reasons(
    connection: Connection, key: int, state: str, limit: int
) -> list[tuple[str, int]]:
    """The reasons of a sweep's trials in a state with how many gave each, the commonest first.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        state: Which state.
        limit: The most that are wanted.
    """
    many = func.count()
    found = select(trials.c.reason, many).where(trials.c.sweep_key == key, trials.c.state == state)
    found = found.group_by(trials.c.reason).order_by(many.desc(), trials.c.reason).limit(limit)
    return [(str(row[0]), int(row[1])) for row in connection.execute(found)]


def add_reports(connection: Connection, key: int, first: int, reports: Sequence[Report]) -> None:
    """Append to the log of what a sweep's trials report.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        first: How many reports the log has.
        reports: What comes behind them.
    """
    if reports:
        # By columns, 24 bytes each: a policy that is made anew reads all of them.
        columns: list[array[Any]] = [
            array("q", [each.trial for each in reports]),
            array("q", [each.position for each in reports]),
            array("d", [each.value for each in reports]),
        ]
        payload = b"".join(_little(column).tobytes() for column in columns)
        values = {"sweep_key": key, "first": first, "count": len(reports), "payload": payload}
        _ADD_VALUES.run(connection, values)


def reports(connection: Connection, key: int) -> Iterator[Report]:
    """Everything that a sweep's trials have reported, in order."""
    for count, payload in connection.execute(_VALUES_OF, {"of_sweep": key}):
        end = count * _WIDTH
        numbers, positions, values = array("q"), array("q"), array("d")
        numbers.frombytes(payload[:end])
        positions.frombytes(payload[end : 2 * end])
        values.frombytes(payload[2 * end :])
        columns = (_little(numbers), _little(positions), _little(values))
        yield from map(Report, *columns)


def report_count(connection: Connection, key: int) -> int:
    """How many reports the log of a sweep has."""
    return int(connection.execute(_REPORTED, {"of_sweep": key}).scalar_one() or 0)


def clients(connection: Connection, key: int) -> dict[str, tuple[int, str]]:
    """Who makes trials of a sweep: the number of its last exchange and the answer, by client."""
    rows = connection.execute(_CLIENTS, {"of_sweep": key})
    return {row.client: (row.sequence, row.answer) for row in rows}


def client(connection: Connection, key: int, name: str) -> tuple[int, str] | None:
    """The number of a client's last exchange and the answer, None of a client that had none.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        name: Name of the client.
    """
    row = connection.execute(_CLIENT, {"of_sweep": key, "named": name}).one_or_none()
    return None if row is None else (row.sequence, row.answer)


def put_client(connection: Connection, key: int, client: str, sequence: int, answer: str) -> None:
    """Keep the last exchange of a client.

    Args:
        connection: The transaction's connection.
        key: Key of the sweep's row.
        client: Name of the client.
        sequence: Number of the exchange.
        answer: What was answered, as JSON.
    """
    named = {"of_sweep": key, "named": client, "new_sequence": sequence, "new_answer": answer}
    if connection.execute(_MOVE_CLIENT, named).rowcount == 0:
        values = {"sweep_key": key, "client": client, "sequence": sequence, "answer": answer}
        connection.execute(_ADD_CLIENT, values)


def forget_clients(connection: Connection, key: int) -> None:
    """Drop what was answered to the clients of a sweep that has ended."""
    connection.execute(delete(sweep_clients).where(sweep_clients.c.sweep_key == key))


def children(
    connection: Connection, keys: Collection[int], *, only_ended: bool
) -> dict[int, ChildRow]:
    """How the runs of trials stand, by key.

    Args:
        connection: The transaction's connection.
        keys: Keys of the runs' rows.
        only_ended: Leave out those that go on.
    """
    statement = _ENDED_CHILDREN if only_ended else _CHILDREN
    rows = connection.execute(statement, {"keys": _list(keys)})
    return {
        key: ChildRow(
            status,
            bool(active),
            "" if error is None else _ERROR.decode(error).message,
            lock is not None,
        )
        for key, status, active, error, lock in rows
    }


def logged(connection: Connection, keys: Collection[int], names: Sequence[str]) -> Iterator[Logged]:
    """Those metrics of the runs of trials that have one of these names.

    Args:
        connection: The transaction's connection.
        keys: Keys of the runs' rows.
        names: Which names.
    """
    named = {"keys": _list(keys), "names": _list(names)}
    return (Logged(*row) for row in connection.execute(_LOGGED, named))


def segments_from(
    connection: Connection, series: int, seen: int
) -> list[tuple[int, int, str, bytes]]:
    """The segments of a series that hold points from the `seen`-th on: place, count, packing.

    Args:
        connection: The transaction's connection.
        series: Id of the series.
        seen: How many points are known.
    """
    rows = connection.execute(_POINTS, {"series": series, "seen": seen})
    return [(first, count, encoding, payload) for first, count, encoding, payload in rows]


def _list(values: Collection[object]) -> str:
    return msgspec.json.encode(list(values)).decode()


def _little(column: "array[Any]") -> "array[Any]":
    # In the database they are little-endian on each machine, since state folders move.
    if sys.byteorder == "big":
        column.byteswap()
    return column


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    for name in _JSON:
        if name in values:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


def _row(row: Sequence[Any]) -> SweepRow:
    values = dict(zip(_NAMES, row, strict=True))
    for name in _JSON:
        values[name] = _DECODERS[name].decode(values[name])
    return SweepRow(**values)


def _trial_texts(row: TrialRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in _TRIAL_NAMES}
    values["params"] = msgspec.json.encode(row.params).decode()
    values["results"] = msgspec.json.encode(row.results).decode() if row.results else "[]"
    return values


def _trial(row: Row[Any]) -> TrialRow:
    number, state, params, started, results, *rest = tuple(row)
    # So of all that run, and thousands are read when a sweep is taken up: comparing is cheaper.
    found = [] if results == "[]" else _VALUES.decode(results)
    return TrialRow(number, state, _PARAMS.decode(params), started, found, *rest)
