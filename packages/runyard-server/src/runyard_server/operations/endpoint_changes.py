"""What requests write of endpoints: rules that are called inside of a write."""

import uuid
from dataclasses import dataclass, replace
from typing import Any

from runyard.protocol import endpoints as protocol
from runyard.protocol import events as kinds
from runyard.protocol.endpoints import (
    DELETING,
    TRANSITIONING,
    ChangeEndpoint,
    CreateEndpoint,
    Deploy,
    DeploymentSpec,
    OperationRecord,
)
from runyard.protocol.errors import AlreadyExists, InvalidRequest, NotFound, WrongState
from runyard.protocol.suggestions import suggest
from runyard_server.core import endpoint_keys, events
from runyard_server.core.clock import iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import endpoint_row, workspace_row
from runyard_server.core.notices import work_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import served_snapshots
from runyard_server.execution.served_snapshots import ModelFiles, Names
from runyard_server.operations import days
from runyard_server.serving import ports
from runyard_server.store import endpoints as rows
from runyard_server.store import snapshots
from runyard_server.store.endpoints import DeploymentRow, EndpointRow, RevisionRow
from runyard_server.store.snapshots import SnapshotRow

_WHOLE = 100
# What of a spec may differ without other replicas.
_SOFT = ("scaling", "limits", "batching", "liveness", "description", "tags", "v1")


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be deployed, checked: the spec with versions, its code, its models, its number."""

    spec: DeploymentSpec
    code: SnapshotRow | None
    models: list[ModelFiles]
    number: int


def draft(
    work: Work,
    place: tuple[str, str, str],
    spec: DeploymentSpec,
    models: list[ModelFiles],
    *,
    replaces: bool = False,
) -> Draft:
    """What was checked, with the versions of its models.

    Args:
        work: The unit of work.
        place: Workspace, endpoint and deployment.
        spec: What is to be deployed.
        models: Its models with their files.
        replaces: Whether it takes the place of what is there.
    """
    workspace, endpoint, name = place
    code = snapshots.find(work.connection, workspace, spec.snapshot) if spec.snapshot else None
    row = rows.find(work.connection, workspace, endpoint)
    found = None if row is None else deployment(work, row, name)
    if row is not None and found is None and replaces:
        # The default gets the name.
        found = deployment(work, row, row.default_deployment)
    named = [model.subject.id for model, _ in models]
    number = 1 if found is None else found.next_revision
    environment = days.dated(work, workspace, spec.environment)
    return Draft(replace(spec, models=named, environment=environment), code, models, number)


def composed(system: System, place: tuple[str, str, str], given: Draft) -> SnapshotRow:
    """What the replicas run: its one new content is stored before anything refers to it.

    Args:
        system: The service's parts.
        place: Workspace, endpoint and deployment.
        given: What is to be deployed.
    """
    code = [] if given.code is None else given.code.files
    named = Names(*place, given.number)
    return served_snapshots.compose(system, given.spec, code, given.models, named)


def to_replace(work: Work, workspace: str, body: CreateEndpoint) -> EndpointRow | None:
    """The endpoint that is to be replaced, None where there is none of the name.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        AlreadyExists: There is one of that name, and it is not to be replaced.
        WrongState: It is being deleted.
    """
    workspace_row(work, workspace)
    row = rows.find(work.connection, workspace, body.name)
    if row is not None and row.state == DELETING:
        raise WrongState(f"endpoint {row.name!r} is being deleted; wait until it is gone")
    if row is not None and not body.replace:
        raise AlreadyExists(
            f"there is an endpoint {row.name!r} already in workspace {workspace!r}; use another "
            "name, or replace it"
        )
    return row


def add(system: System, work: Work, workspace: str, body: CreateEndpoint) -> EndpointRow:
    """Write a new endpoint down, without a deployment yet.

    Args:
        system: The service's parts.
        work: The unit of work.
        workspace: Id of the workspace.
        body: What is asked for.
    """
    host = system.settings.serving_host
    own = {
        endpoint_keys.PRIMARY: body.primary_key,
        endpoint_keys.SECONDARY: body.secondary_key,
    }
    row = EndpointRow(
        key=0,
        workspace=workspace,
        name=body.name,
        id=uuid.uuid4().hex,
        kind=body.kind,
        state=TRANSITIONING,
        # Somebody may take it before the gateway does; then another is found (`execution.serving`).
        port=body.access.port or ports.free_port(host, rows.ports(work.connection)),
        default_deployment=body.deployment,
        access=body.access,
        operation=operation(work, "create", [body.deployment]),
        created_at=work.now,
        updated_at=work.now,
        keys=endpoint_keys.first(system.secret, own),
        description=body.description,
        tags=dict(body.tags),
        properties=dict(body.properties),
        v1=dict(body.v1),
        created_by=work.by(body.created_by),
    )
    row = replace(row, key=rows.add(work.connection, row))
    wake(work, row, [EventDraft(kinds.CREATED, status=TRANSITIONING)])
    return row


def replaced(system: System, work: Work, row: EndpointRow, body: CreateEndpoint) -> EndpointRow:
    """Make an endpoint what is asked for; its deployment gets its next revision.

    Args:
        system: The service's parts.
        work: The unit of work.
        row: The endpoint.
        body: What is asked for.
    """
    kept = dict(row.keys)
    for which, key in (("primary", body.primary_key), ("secondary", body.secondary_key)):
        if key is not None:
            kept[which] = endpoint_keys.sealed(system.secret, key)
    changes: dict[str, Any] = {
        "kind": body.kind,
        "access": body.access,
        "port": body.access.port or row.port,
        "keys": kept,
        "description": body.description,
        "tags": dict(body.tags),
        "properties": dict(body.properties),
        "v1": dict(body.v1),
        "default_deployment": body.deployment,
    }
    rows.change(work.connection, row.key, **changes)
    every = rows.deployments_of(work.connection, [row.key])
    heir = body.deployment
    if all(each.name != heir for each in every):
        heir = row.default_deployment
    for each in every:
        if each.name == heir:
            # It goes on, under its new name, until what comes is ready.
            named = {"name": body.deployment, "percent": _WHOLE}
            rows.change_deployment(work.connection, each.key, **named)
        else:
            gone = {"leaving": True, "percent": 0, "mirror": 0}
            rows.change_deployment(work.connection, each.key, **gone)
    row = begun(work, replace(row, **changes), body.deployment)
    wake(work, row, [EventDraft(kinds.CHANGED, "it was deployed anew")])
    return row


def deploy(
    work: Work, row: EndpointRow, name: str, given: Draft, snapshot: SnapshotRow
) -> DeploymentRow:
    """Write the next revision of a deployment down; it comes.

    Args:
        work: The unit of work.
        row: The endpoint.
        name: Name of the deployment, which may be new.
        given: What it is to be.
        snapshot: What its replicas run.

    Raises:
        WrongState: Another has deployed to it since this was checked.
    """
    served_snapshots.keep(work, snapshot)
    found = deployment(work, row, name)
    if found is None:
        first = name == row.default_deployment
        fresh = DeploymentRow(
            0, row.key, name, TRANSITIONING, work.now, work.now, percent=_WHOLE if first else 0
        )
        found = replace(fresh, key=rows.add_deployment(work.connection, fresh))
    number = found.next_revision
    # The settings in the snapshot name the revision: another's would be wrong in them.
    if number != given.number:
        raise WrongState(
            f"{name!r} of endpoint {row.name!r} was deployed by another request meanwhile; look at "
            "it, and deploy again"
        )
    revision = RevisionRow(found.key, number, given.spec, snapshot.id, work.now)
    rows.add_revision(work.connection, revision, row.workspace)
    changes: dict[str, Any] = {
        "coming": number,
        "next_revision": number + 1,
        "error": "",
        "leaving": False,
    }
    rows.change_deployment(work.connection, found.key, **changes)
    return replace(found, **changes)


def soft_change(work: Work, found: DeploymentRow, spec: DeploymentSpec) -> bool:
    """Change what needs no other replicas; say whether that was all.

    Args:
        work: The unit of work.
        found: The deployment.
        spec: What it is to be.
    """
    number = found.coming or found.revision
    present = rows.revisions_of(work.connection, found.key, [number])
    if not present or found.leaving:
        return False
    former = present[0].spec
    same = replace(former, **{name: getattr(spec, name) for name in _SOFT})
    if same != spec:
        return False
    rows.change_spec(work.connection, found.key, number, spec)
    # Within the new bounds at once; what the gateway measures moves it from there.
    wanted = min(max(found.wanted, spec.scaling.min_replicas), spec.scaling.max_replicas)
    if number == found.revision and wanted != found.wanted:
        rows.change_deployment(work.connection, found.key, wanted=wanted, low_since=None)
    return True


def place(work: Work, row: EndpointRow, found: DeploymentRow, body: Deploy) -> EndpointRow:
    """Set a deployment's share of the traffic; returns the endpoint's row.

    Args:
        work: The unit of work.
        row: The endpoint.
        found: The deployment.
        body: What is asked for.
    """
    if body.is_default and found.name != row.default_deployment:
        hand_over(work, row, found.name, body.percent)
        rows.change(work.connection, row.key, default_deployment=found.name)
        row = replace(row, default_deployment=found.name)
    if body.percent is not None:
        rows.change_deployment(work.connection, found.key, percent=body.percent)
        every = rows.deployments_of(work.connection, [row.key])
        others = sum(each.percent for each in every if each.name != row.default_deployment)
        if others > _WHOLE:
            raise InvalidRequest(
                f"the deployments beside the default have {others} percent of the traffic "
                f"together; {_WHOLE} are the most"
            )
    return row


def hand_over(work: Work, row: EndpointRow, name: str, percent: int | None = None) -> None:
    """Leave the share that it had to a default that is to be one no more, as far as it is left.

    Args:
        work: The unit of work.
        row: The endpoint, with its present default.
        name: The deployment that is to be the default.
        percent: The share that it gets with that; None: the one it has.
    """
    every = rows.deployments_of(work.connection, [row.key])
    shares = {each.name: each.percent for each in every if each.name != row.default_deployment}
    had = _WHOLE - sum(shares.values())
    # It cannot keep more than the new default and the others leave.
    left = _WHOLE - sum((shares | ({} if percent is None else {name: percent})).values())
    for each in every:
        if each.name == row.default_deployment:
            rows.change_deployment(work.connection, each.key, percent=max(0, min(had, left)))


def deployment(work: Work, row: EndpointRow, name: str) -> DeploymentRow | None:
    """A deployment by its name, None where there is none.

    Args:
        work: The unit of work.
        row: The endpoint.
        name: Its name.
    """
    every = rows.deployments_of(work.connection, [row.key])
    return next((each for each in every if each.name == name), None)


def require(work: Work, row: EndpointRow, name: str) -> DeploymentRow:
    """A deployment by its name.

    Args:
        work: The unit of work.
        row: The endpoint.
        name: Its name.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    every = rows.deployments_of(work.connection, [row.key])
    for each in every:
        if each.name == name:
            return each
    near = suggest(name, [each.name for each in every], "it has none")
    raise NotFound(
        f"endpoint {row.name!r} has no deployment {name[:80]!r}; {near.sentence}",
        {"nearest": near.names},
    )


def former(work: Work, found: DeploymentRow, number: int | None) -> RevisionRow:
    """The revision to go back to.

    Args:
        work: The unit of work.
        found: The deployment.
        number: Which; None: the one before that which serves.
    """
    if number is None:
        before = rows.revision_before(work.connection, found.key, found.revision)
        if before is None:
            raise NotFound(f"{found.name!r} has no revision before {found.revision}")
        return before
    present = rows.revisions_of(work.connection, found.key, [number])
    if not present:
        last = found.next_revision - 1
        raise NotFound(f"{found.name!r} has no revision {number}; there are 1 to {last}")
    return present[0]


def usable(work: Work, workspace: str, endpoint: str) -> EndpointRow:
    """The row of an endpoint that is to stay.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.

    Raises:
        NotFound: There is none.
        WrongState: It is being deleted.
    """
    row = endpoint_row(work, workspace, endpoint)
    if row.state == DELETING:
        raise WrongState(f"endpoint {row.name!r} is being deleted")
    return row


def begun(work: Work, row: EndpointRow, deployment: str) -> EndpointRow:
    """Write down that a deployment of an endpoint is to be another; give the endpoint's row.

    Args:
        work: The unit of work.
        row: The endpoint.
        deployment: The deployment's name.
    """
    before = row.operation
    # What is still being done ends together with what is asked for now.
    others = before.deployments if before.state == protocol.WORKING else []
    asked = operation(work, "update", list(dict.fromkeys([*others, deployment])))
    changes: dict[str, Any] = {"operation": asked, "error": "", "updated_at": work.now}
    if row.state == protocol.FAILED:
        # Whoever waits for it at once must not take the failure of what was before for its own.
        changes["state"] = protocol.TRANSITIONING
    rows.change(work.connection, row.key, **changes)
    return replace(row, **changes)


def operation(work: Work, kind: str, deployments: list[str]) -> OperationRecord:
    """The record of something that is asked for now.

    Args:
        work: The unit of work.
        kind: What is asked for.
        deployments: Those that it is about.
    """
    begin, id_ = iso(work.now), uuid.uuid4().hex
    return OperationRecord(id_, kind, protocol.WORKING, began_at=begin, deployments=deployments)


def wake(work: Work, row: EndpointRow, drafts: list[EventDraft]) -> None:
    """Append what happened to an endpoint, and have the scheduler look at it.

    Args:
        work: The unit of work.
        row: The endpoint.
        drafts: What happened.
    """
    events.append(work, row.subject, drafts)
    work.announce(work_topic(row.subject))


def share(work: Work, row: EndpointRow, every: list[DeploymentRow], body: ChangeEndpoint) -> None:
    """Write down who gets which share of the traffic.

    Args:
        work: The unit of work.
        row: The endpoint.
        every: Its deployments.
        body: What is asked for.
    """
    default = body.default or row.default_deployment
    if default != row.default_deployment and body.traffic is None:
        hand_over(work, row, default)
    for each in every:
        changes: dict[str, int] = {}
        if body.traffic is not None and each.name != default:
            changes["percent"] = body.traffic.get(each.name, 0)
        if body.mirror is not None:
            changes["mirror"] = body.mirror.get(each.name, 0)
        if changes:
            rows.change_deployment(work.connection, each.key, **changes)


def columns(row: EndpointRow, body: ChangeEndpoint) -> dict[str, Any]:
    """The columns of an endpoint that a request changes."""
    tags = {k: v for k, v in row.tags.items() if k not in body.removed_tags} | body.tags
    changes: dict[str, Any] = {"tags": tags, "properties": row.properties | body.properties}
    given: dict[str, object] = {
        "description": body.description,
        "access": body.access,
        "default_deployment": body.default,
        "v1": body.v1,
    }
    changes |= {name: value for name, value in given.items() if value is not None}
    if body.access is not None and body.access.port is not None:
        changes["port"] = body.access.port
    return changes
