"""Rows of endpoints, their deployments, the revisions of these, and their replicas.

A replica is a run; its row here says what it serves and how it is. What a revision runs never
changes; what a deployment lets in and how far it scales does, in the spec of its revision.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Exists,
    and_,
    delete,
    exists,
    insert,
    select,
    update,
)

from runyard.protocol.endpoints import Access, DeploymentSpec, EndpointQuery, OperationRecord
from runyard_server.store import filters
from runyard_server.store.endpoint_schema import (
    deployed_models,
    deployments,
    endpoints,
    replicas,
    revisions,
)
from runyard_server.store.subjects import ENDPOINT, Subject


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One row of `endpoints`; times are microseconds since 1970 in UTC.

    `id` is another one for each that had the name: keys are derived from it. `keys` has for
    `primary` and `secondary` a generation, or what somebody's own key is sealed as.
    """

    key: int
    workspace: str
    name: str
    id: str
    kind: str
    state: str
    port: int
    default_deployment: str
    access: Access
    operation: OperationRecord
    created_at: int
    updated_at: int
    keys: dict[str, str] = field(default_factory=dict)
    error: str = ""
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    properties: dict[str, str] = field(default_factory=dict)
    v1: dict[str, Any] = field(default_factory=dict)
    created_by: str = ""

    @property
    def subject(self) -> Subject:
        """The endpoint as what events and notices are about."""
        return Subject(ENDPOINT, self.workspace, self.name)


@dataclass(frozen=True, slots=True)
class DeploymentRow:
    """One row of `deployments`.

    `revision` is the one that serves, 0 while none does, `coming` the one that is made ready.
    `wanted` is how many replicas the serving one shall have, `low_since` since when fewer would do.
    `deaths` counts replicas that ended by themselves, `again_at` is when another may begin.
    One that is `leaving` goes once its replicas have ended.
    """

    key: int
    endpoint_key: int
    name: str
    state: str
    created_at: int
    updated_at: int
    percent: int = 0
    mirror: int = 0
    revision: int = 0
    coming: int | None = None
    next_revision: int = 1
    wanted: int = 1
    error: str = ""
    deaths: int = 0
    again_at: int | None = None
    low_since: int | None = None
    leaving: bool = False


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One row of `revisions`; `snapshot` is what its replicas run: code, models, settings."""

    deployment_key: int
    number: int
    spec: DeploymentSpec
    snapshot: str
    created_at: int


@dataclass(frozen=True, slots=True)
class ReplicaRow:
    """One row of `replicas`; `gpus` are the devices that it has, as `0,1`.

    One that is retired gets no further requests, and ends when it has answered those it has.
    """

    run_key: int
    deployment_key: int
    revision: int
    state: str
    since: int
    restarts: int = 0
    reason: str = ""
    gpus: str = ""
    retired_at: int | None = None


_NAMES = tuple(f.name for f in fields(EndpointRow))
_COLUMNS = [endpoints.c[name] for name in _NAMES]
_DEPLOYMENT = [deployments.c[f.name] for f in fields(DeploymentRow)]
_REVISION = [revisions.c[f.name] for f in fields(RevisionRow)]
_REPLICA = [replicas.c[f.name] for f in fields(ReplicaRow)]
_JSON = {
    "access": Access,
    "operation": OperationRecord,
    "keys": dict[str, str],
    "tags": dict[str, str],
    "properties": dict[str, str],
    "v1": dict[str, Any],
}


def find(connection: Connection, workspace: str, name: str) -> EndpointRow | None:
    """The endpoint of this name, or None.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: Its name.
    """
    found = select(*_COLUMNS).where(endpoints.c.workspace == workspace, endpoints.c.name == name)
    row = connection.execute(found).one_or_none()
    return None if row is None else _row(row)


def everywhere(connection: Connection) -> list[EndpointRow]:
    """The endpoints of all workspaces, oldest first."""
    return [_row(row) for row in connection.execute(select(*_COLUMNS).order_by(endpoints.c.key))]


def subjects(connection: Connection) -> list[Subject]:
    """The endpoints of all workspaces, as subjects."""
    found = select(endpoints.c.workspace, endpoints.c.name)
    return [Subject(ENDPOINT, *row) for row in connection.execute(found)]


def page(
    connection: Connection, workspace: str, before: int | None, query: EndpointQuery, limit: int
) -> list[EndpointRow]:
    """Up to `limit` endpoints of a workspace, newest first.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        before: Only those whose key is smaller; None: all.
        query: What is asked for.
        limit: The most that are wanted.
    """
    found = select(*_COLUMNS).where(
        endpoints.c.workspace == workspace,
        *filters.having(endpoints.c.tags, query.tags),
        *filters.having(endpoints.c.properties, query.properties),
    )
    if before is not None:
        found = found.where(endpoints.c.key < before)
    if query.kind is not None:
        found = found.where(endpoints.c.kind == query.kind)
    if query.model is not None:
        uses = _serving(workspace, filters.of_model(deployed_models.c.model, query.model))
        found = found.where(uses.where(deployments.c.endpoint_key == endpoints.c.key))
    found = found.order_by(endpoints.c.key.desc()).limit(limit)
    return [_row(row) for row in connection.execute(found)]


def names(connection: Connection, workspace: str, limit: int) -> list[str]:
    """The names of up to `limit` endpoints of a workspace.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        limit: The most that are wanted.
    """
    found = select(endpoints.c.name).where(endpoints.c.workspace == workspace).limit(limit)
    return list(connection.execute(found).scalars())


def ports(connection: Connection) -> dict[int, tuple[str, str]]:
    """Workspace and name of the endpoint by port."""
    found = select(endpoints.c.port, endpoints.c.workspace, endpoints.c.name)
    return {port: (workspace, name) for port, workspace, name in connection.execute(found)}


def add(connection: Connection, row: EndpointRow) -> int:
    """Add an endpoint (its `key` is not looked at); give its key."""
    values = _texts({name: getattr(row, name) for name in _NAMES if name != "key"})
    return _inserted(connection.execute(insert(endpoints).values(**values)))


def change(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of an endpoint."""
    connection.execute(update(endpoints).where(endpoints.c.key == key).values(**_texts(values)))


def remove(connection: Connection, key: int) -> None:
    """Remove an endpoint; its deployments have gone before."""
    connection.execute(delete(endpoints).where(endpoints.c.key == key))


def deployments_of(connection: Connection, keys: Iterable[int]) -> list[DeploymentRow]:
    """The deployments of endpoints, oldest first."""
    mine = deployments.c.endpoint_key.in_(list(keys))
    found = select(*_DEPLOYMENT).where(mine).order_by(deployments.c.key)
    return [DeploymentRow(*row) for row in connection.execute(found)]


def add_deployment(connection: Connection, row: DeploymentRow) -> int:
    """Add a deployment (its `key` is not looked at); give its key."""
    values = {f.name: getattr(row, f.name) for f in fields(row) if f.name != "key"}
    return _inserted(connection.execute(insert(deployments).values(**values)))


def change_deployment(connection: Connection, key: int, **values: Any) -> None:
    """Set the named columns of a deployment."""
    connection.execute(update(deployments).where(deployments.c.key == key).values(**values))


def remove_deployment(connection: Connection, key: int) -> None:
    """Remove a deployment with its revisions and replicas."""
    for table in (revisions, deployed_models, replicas):
        connection.execute(delete(table).where(table.c.deployment_key == key))
    connection.execute(delete(deployments).where(deployments.c.key == key))


def revisions_of(connection: Connection, key: int, numbers: Sequence[int]) -> list[RevisionRow]:
    """Those of these revisions of a deployment that there are, by number.

    Args:
        connection: The transaction's connection.
        key: Key of the deployment's row.
        numbers: Which revisions.
    """
    mine = revisions.c.deployment_key == key, revisions.c.number.in_(list(numbers))
    found = select(*_REVISION).where(*mine).order_by(revisions.c.number)
    return [_revision(row) for row in connection.execute(found)]


def revision_before(connection: Connection, key: int, number: int) -> RevisionRow | None:
    """The last revision of a deployment before one.

    Args:
        connection: The transaction's connection.
        key: Key of the deployment's row.
        number: The one.
    """
    mine = revisions.c.deployment_key == key, revisions.c.number < number
    found = select(*_REVISION).where(*mine).order_by(revisions.c.number.desc()).limit(1)
    row = connection.execute(found).one_or_none()
    return None if row is None else _revision(row)


def add_revision(connection: Connection, row: RevisionRow, workspace: str) -> None:
    """Add a revision of a deployment, and which models it has.

    Args:
        connection: The transaction's connection.
        row: The revision.
        workspace: Id of the workspace.
    """
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    connection.execute(insert(revisions).values(**_texts(values)))
    for model in dict.fromkeys(row.spec.models):
        named = {"workspace": workspace, "model": model, "revision": row.number}
        mine = {**named, "deployment_key": row.deployment_key}
        connection.execute(insert(deployed_models).values(**mine))


def change_spec(connection: Connection, key: int, number: int, spec: DeploymentSpec) -> None:
    """Set what a revision lets in, how it scales, and what it shows.

    Args:
        connection: The transaction's connection.
        key: Key of the deployment's row.
        number: The revision.
        spec: The spec with the changes; it runs what it ran.
    """
    mine = revisions.c.deployment_key == key, revisions.c.number == number
    connection.execute(update(revisions).where(*mine).values(**_texts({"spec": spec})))


def serving_model(connection: Connection, workspace: str, model: str) -> list[str]:
    """The endpoints that serve a model, or are about to.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        model: The model, `name:version`.
    """
    uses = _serving(workspace, deployed_models.c.model == model)
    found = select(endpoints.c.name).join(
        deployments, deployments.c.endpoint_key == endpoints.c.key
    )
    return list(connection.execute(found.where(uses).distinct()).scalars())


def serving_name(connection: Connection, workspace: str, name: str) -> list[str]:
    """The endpoints that serve any version of a model, or are about to.

    Args:
        connection: The transaction's connection.
        workspace: Id of the workspace.
        name: The model's name.
    """
    # All that begin with the name and the colon: the semicolon comes after that.
    model = deployed_models.c.model
    uses = _serving(workspace, and_(model >= f"{name}:", model < f"{name};"))
    found = select(endpoints.c.name).join(
        deployments, deployments.c.endpoint_key == endpoints.c.key
    )
    return list(connection.execute(found.where(uses).distinct()).scalars())


def replicas_of(connection: Connection, keys: Iterable[int]) -> list[ReplicaRow]:
    """The replicas of deployments, oldest first."""
    mine = replicas.c.deployment_key.in_(list(keys))
    found = select(*_REPLICA).where(mine).order_by(replicas.c.run_key)
    return [ReplicaRow(*row) for row in connection.execute(found)]


def with_gpus(connection: Connection) -> list[ReplicaRow]:
    """The replicas of this machine that have devices."""
    found = select(*_REPLICA).where(replicas.c.gpus != "")
    return [ReplicaRow(*row) for row in connection.execute(found)]


def add_replica(connection: Connection, row: ReplicaRow) -> None:
    """Add a replica."""
    values = {f.name: getattr(row, f.name) for f in fields(row)}
    connection.execute(insert(replicas).values(**values))


def change_replica(connection: Connection, run_key: int, **values: Any) -> None:
    """Set the named columns of a replica."""
    connection.execute(update(replicas).where(replicas.c.run_key == run_key).values(**values))


def remove_replica(connection: Connection, run_key: int) -> None:
    """Remove a replica."""
    connection.execute(delete(replicas).where(replicas.c.run_key == run_key))


def _serving(workspace: str, model: ColumnElement[bool]) -> Exists:
    """A deployment serves a model, or is about to.

    Args:
        workspace: Id of the workspace.
        model: What the model's row is.
    """
    return exists().where(
        deployed_models.c.workspace == workspace,
        model,
        deployed_models.c.deployment_key == deployments.c.key,
        # Those before have their contents in their snapshots, and may go back without the model.
        deployed_models.c.revision.in_([deployments.c.revision, deployments.c.coming]),
    )


def _inserted(result: Any) -> int:
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def _texts(values: dict[str, Any]) -> dict[str, Any]:
    for name in (*_JSON, "spec"):
        if name in values:
            values[name] = msgspec.json.encode(values[name]).decode()
    return values


@cache
def _decoder(kind: Any) -> "msgspec.json.Decoder[Any]":
    # Made when there is an endpoint: a service without any does not need them.
    return msgspec.json.Decoder(kind)


def _row(row: Sequence[Any]) -> EndpointRow:
    values = dict(zip(_NAMES, row, strict=True))
    for name, kind in _JSON.items():
        values[name] = _decoder(kind).decode(values[name])
    return EndpointRow(**values)


def _revision(row: Sequence[Any]) -> RevisionRow:
    key, number, spec, snapshot, created_at = row
    return RevisionRow(key, number, _decoder(DeploymentSpec).decode(spec), snapshot, created_at)
