"""Rows of logged models: what a tracker has logged as a model, before anybody registers it."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    and_,
    bindparam,
    case,
    delete,
    insert,
    or_,
    select,
    update,
)

from runyard.protocol.filters import ATTRIBUTE, METRIC, PARAMETER, Condition, Field
from runyard_server.store.prepared import Prepared
from runyard_server.store.searched import compared
from runyard_server.store.tracking_schema import (
    logged_model_files,
    logged_model_metrics,
    logged_model_params,
    logged_model_tags,
    logged_models,
)

_BEHIND_ALL = "\U0010ffff"
PENDING, READY, FAILED = 1, 2, 3


@dataclass(frozen=True, slots=True)
class LoggedModelRow:
    """One row of `logged_models`; `experiment` is its name, times are microseconds since 1970."""

    key: int
    workspace: str
    id: str
    experiment: str
    name: str
    run: str | None
    model_type: str
    status: int
    created_at: int
    changed_at: int
    deleted_at: int | None = None


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A metric of a logged model, measured in a run and perhaps on a dataset."""

    logged_key: int
    name: str
    value: float
    time: int
    step: int
    run: str
    dataset_name: str | None
    dataset_digest: str | None


@dataclass(frozen=True, slots=True)
class Dataset:
    """The datasets that a metric was measured on: by name, and by digest where one is given."""

    name: str
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Sort:
    """An order of logged models; of a metric only what was measured on a dataset may count."""

    field: Field
    descending: bool
    dataset: Dataset | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A search for logged models that are not deleted.

    Args:
        workspace: Id of the workspace.
        experiments: Names of the experiments.
        conditions: On attributes (see ATTRIBUTES), metrics, parameters and tags.
        datasets: On which of these metrics were measured; none: on any.
        order: The order.
        offset: How many are passed over.
        limit: The most that are wanted.
    """

    workspace: str
    experiments: Sequence[str]
    conditions: Sequence[Condition]
    datasets: Sequence[Dataset]
    order: Sequence[Sort]
    offset: int
    limit: int


_T = logged_models.c
_M = logged_model_metrics.c
_COLUMNS = [_T[f.name] for f in fields(LoggedModelRow)]
_FIND = Prepared(
    select(*_COLUMNS).where(_T.workspace == bindparam("in_workspace"), _T.id == bindparam("model"))
)
_METRICS = [_M[f.name] for f in fields(MetricRow)]
# What is compared and ordered: no number is neither more nor less than any.
_NUMBER = case((_M.odd.is_(None), _M.value))
_NAN = "NaN"
ATTRIBUTES: Mapping[str, Any] = {
    "model_id": _T.id,
    "name": _T.name,
    "model_type": _T.model_type,
    "status": _T.status,
    "source_run_id": _T.run,
    "creation_timestamp": _T.created_at,
    "last_updated_timestamp": _T.changed_at,
}
TIMES = ("creation_timestamp", "last_updated_timestamp")


def find(connection: Connection, workspace: str, model: str) -> LoggedModelRow | None:
    """The logged model of an id, deleted or not, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        model: Its id.
    """
    row = _FIND.row(connection, {"in_workspace": workspace, "model": model})
    return None if row is None else LoggedModelRow(*row)


def add(connection: Connection, row: LoggedModelRow) -> int:
    """Add a logged model, whose `key` is not looked at; give its key."""
    values = {f.name: getattr(row, f.name) for f in fields(row) if f.name != "key"}
    key = connection.execute(insert(logged_models).values(**values)).inserted_primary_key
    assert key is not None
    return int(key[0])


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a logged model."""
    connection.execute(update(logged_models).where(_T.key == key).values(**values))


def named(connection: Connection, table: Table, keys: Sequence[int]) -> dict[int, dict[str, str]]:
    """The tags or parameters of logged models, by key and name.

    Args:
        connection: The transaction's connection.
        table: `logged_model_tags` or `logged_model_params`.
        keys: Keys of the models.
    """
    result: dict[int, dict[str, str]] = {key: {} for key in keys}
    columns = table.c.logged_key, table.c.name, table.c.value
    for key, name, value in connection.execute(select(*columns).where(columns[0].in_(list(keys)))):
        result[key][name] = value
    return result


def put(connection: Connection, table: Table, key: int, given: Mapping[str, str]) -> None:
    """Set tags or parameters of a logged model.

    Args:
        connection: The transaction's connection.
        table: `logged_model_tags` or `logged_model_params`.
        key: Key of the model.
        given: Value by name.
    """
    if given:
        remove(connection, table, key, list(given))
        values = [{"logged_key": key, "name": n, "value": v} for n, v in given.items()]
        connection.execute(insert(table), values)


def remove(connection: Connection, table: Table, key: int, names: Sequence[str]) -> int:
    """Remove tags or parameters of a logged model; give how many there were.

    Args:
        connection: The transaction's connection.
        table: `logged_model_tags` or `logged_model_params`.
        key: Key of the model.
        names: Which.
    """
    mine = table.c.logged_key == key, table.c.name.in_(list(names))
    return connection.execute(delete(table).where(*mine)).rowcount


def metrics(connection: Connection, keys: Sequence[int]) -> dict[int, list[MetricRow]]:
    """The metrics of logged models, by key, in the order in which they came."""
    result: dict[int, list[MetricRow]] = {key: [] for key in keys}
    found = select(*_METRICS, _M.odd).where(_M.logged_key.in_(list(keys))).order_by(_M.key)
    for *values, odd in connection.execute(found):
        row = MetricRow(*values)
        result[row.logged_key].append(row if odd is None else replace(row, value=math.nan))
    return result


def add_metrics(connection: Connection, rows: Sequence[MetricRow]) -> None:
    """Add metrics to logged models."""
    if rows:
        connection.execute(insert(logged_model_metrics), [_metric(row) for row in rows])


def put_file(connection: Connection, key: int, path: str, digest: str, size: int) -> None:
    """Add a file to a logged model of no run; one of the same path is replaced.

    Args:
        connection: The transaction's connection.
        key: Key of the model.
        path: The file's path.
        digest: SHA-256 of its content.
        size: Its bytes.
    """
    table = logged_model_files.c
    mine = table.logged_key == key, table.path == path
    connection.execute(delete(logged_model_files).where(*mine))
    row = {"logged_key": key, "path": path, "digest": digest, "size": size}
    connection.execute(insert(logged_model_files).values(**row))


def files(connection: Connection, key: int, prefix: str) -> list[tuple[str, str, int]]:
    """The files of a logged model of no run: path, digest and size, by path.

    Args:
        connection: The transaction's connection.
        key: Key of the model.
        prefix: What their paths begin with.
    """
    table = logged_model_files.c
    found = select(table.path, table.digest, table.size).where(
        table.logged_key == key, table.path >= prefix, table.path < prefix + _BEHIND_ALL
    )
    return [(*row,) for row in connection.execute(found.order_by(table.path))]


def search(connection: Connection, asked: Asked) -> list[LoggedModelRow]:
    """The logged models that a search finds, in its order."""
    wanted: list[ColumnElement[bool]] = [
        _T.workspace == asked.workspace,
        _T.experiment.in_(list(asked.experiments)),
        _T.deleted_at.is_(None),
        *(_holds(one, asked.datasets) for one in asked.conditions),
    ]
    if asked.datasets and not any(one.field.kind == METRIC for one in asked.conditions):
        wanted.append(_measured(asked.datasets, []))
    found = select(*_COLUMNS).where(*wanted)
    for one in asked.order:
        value = _value(one)
        # NULLS LAST, in words that every database has.
        last = case((value.is_(None), 1), else_=0)
        found = found.order_by(last, value.desc() if one.descending else value.asc())
    page = found.offset(asked.offset).limit(asked.limit)
    return [LoggedModelRow(*row) for row in connection.execute(page)]


def _metric(row: MetricRow) -> dict[str, Any]:
    """The columns of a metric; SQLite would take NaN for NULL."""
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    odd = {"value": 0.0, "odd": _NAN} if math.isnan(row.value) else {"odd": None}
    return {**values, **odd}


def _holds(one: Condition, datasets: Sequence[Dataset]) -> ColumnElement[bool]:
    if one.field.kind == ATTRIBUTE:
        column = ATTRIBUTES[one.field.name]
        return compared(one, column, column)
    if one.field.kind == METRIC:
        return _measured(datasets, [_M.name == one.field.name, compared(one, _NUMBER, _NUMBER)])
    table = logged_model_params.c if one.field.kind == PARAMETER else logged_model_tags.c
    mine = and_(table.logged_key == _T.key, table.name == one.field.name)
    has = select(table.name).where(mine)
    return has.where(compared(one, table.value, table.value)).exists()


def _measured(
    datasets: Sequence[Dataset], more: Sequence[ColumnElement[bool]]
) -> ColumnElement[bool]:
    """The condition that a model has a metric, on one of these datasets where some are given."""
    found = select(_M.key).where(_M.logged_key == _T.key, *more)
    if datasets:
        found = found.where(or_(*map(_on, datasets)))
    return found.exists()


def _on(dataset: Dataset) -> ColumnElement[bool]:
    named_so: ColumnElement[bool] = _M.dataset_name == dataset.name
    if dataset.digest is None:
        return named_so
    return and_(named_so, _M.dataset_digest == dataset.digest)


def _value(one: Sort) -> Any:
    """What models are ordered by: a column, or the latest value of a metric."""
    if one.field.kind == ATTRIBUTE:
        return ATTRIBUTES[one.field.name]
    latest = select(_NUMBER).where(_M.logged_key == _T.key, _M.name == one.field.name)
    if one.dataset is not None:
        latest = latest.where(_on(one.dataset))
    newest = latest.order_by(_M.time.desc(), _M.step.desc(), _M.run).limit(1)
    return newest.correlate(logged_models).scalar_subquery()
