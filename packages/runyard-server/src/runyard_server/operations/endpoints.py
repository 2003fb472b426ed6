"""Endpoints: made, deployed to, changed, deleted; their keys, tokens and logs.

A request writes intent and comes back; `execution.serving` makes it true. Everything that stands
against a request is told in one message, before anything is written.
"""

from dataclasses import replace

from runyard.protocol import endpoints as protocol
from runyard.protocol import events as kinds
from runyard.protocol.endpoints import (
    DELETING,
    Access,
    CallEndpoint,
    ChangeEndpoint,
    CreateEndpoint,
    Deploy,
    EndpointAnswer,
    EndpointKeys,
    EndpointLog,
    EndpointLogQuery,
    EndpointPage,
    EndpointQuery,
    EndpointRecord,
    EndpointToken,
    GatewayRecord,
    RegenerateKey,
    Rollback,
)
from runyard.protocol.errors import WrongState
from runyard.protocol.route import Nothing
from runyard.protocol.suggestions import suggest
from runyard_server.core import endpoint_keys
from runyard_server.core.awaiting import awaitable
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import endpoint_row, workspace_row
from runyard_server.core.notices import subject_topic
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import gateway_table
from runyard_server.operations import endpoint_changes as changes
from runyard_server.operations import endpoint_checks, endpoint_logs
from runyard_server.operations.endpoint_changes import Draft
from runyard_server.operations.endpoint_checks import Faults
from runyard_server.operations.endpoint_records import address, record
from runyard_server.serving.table import WORKER_SOCKET, sign
from runyard_server.store import endpoints as rows
from runyard_server.store import pages
from runyard_server.store.endpoints import EndpointRow
from runyard_server.store.subjects import ENDPOINT, Subject

TOKEN_SECONDS, REFRESH_SECONDS = 12 * 3600, 10 * 3600
_WHOLE = 100
_AT_ONCE = 5.0


def create(system: System, workspace: str, body: CreateEndpoint) -> EndpointRecord:
    """Make an endpoint with its first deployment: check all, write it, wake the scheduler.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        AlreadyExists: There is one of that name, and it is not to be replaced.
        WrongState: It is being deleted.
        InvalidRequest: Everything that stands against it, in one message; nothing was written.
    """
    present = system.read(lambda work: changes.to_replace(work, workspace, body))
    faults = Faults()
    draft = system.read(lambda work: _checked(system, work, workspace, body, present, faults))
    faults.refuse(f"endpoint {body.name[:80]!r} cannot be made")
    snapshot = changes.composed(system, (workspace, body.name, body.deployment), draft)

    def write(work: Work) -> EndpointRecord:
        row = changes.to_replace(work, workspace, body)
        if row is None:
            row = changes.add(system, work, workspace, body)
        else:
            row = changes.replaced(system, work, row, body)
        changes.deploy(work, row, body.deployment, draft, snapshot)
        return work.answered(record(system, work, row))

    return system.write(write)


def list_(system: System, workspace: str, query: EndpointQuery) -> EndpointPage:
    """One page of endpoints, newest first.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        query: What is asked for.

    Raises:
        InvalidRequest: The page token is unknown.
        WorkspaceNotFound: No such workspace.
    """
    size, before = pages.limit(query.page_size), pages.after(query.page_token, int)
    gateway_table.refresh(system)

    def read(work: Work) -> EndpointPage:
        workspace_row(work, workspace)
        found = rows.page(work.connection, workspace, before, query, size + 1)
        page, token = pages.cut(found, size, lambda row: row.key)
        return EndpointPage([record(system, work, row) for row in page], token)

    return system.read(read)


def _topic(workspace: str, endpoint: str) -> str:
    return subject_topic(Subject(ENDPOINT, workspace, endpoint))


def _has_settled(_query: object, found: EndpointRecord) -> bool:
    return found.operation is None or found.operation.state != protocol.WORKING


@awaitable(_topic, _has_settled)
def get(system: System, workspace: str, endpoint: str) -> EndpointRecord:
    """An endpoint as it stands; who waits is answered when what was asked of it last has ended.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.

    Raises:
        NotFound: There is none; the message names the nearest.
    """
    gateway_table.refresh(system)
    return system.read(lambda work: record(system, work, endpoint_row(work, workspace, endpoint)))


def change(system: System, workspace: str, endpoint: str, body: ChangeEndpoint) -> EndpointRecord:
    """Change an endpoint's traffic, access, tags or description; no replica ends for it.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        body: What is asked for.

    Raises:
        NotFound: There is none.
        AlreadyExists: A property is there with another value; nothing was changed.
        InvalidRequest: Everything that stands against it, in one message.
    """

    def write(work: Work) -> EndpointRecord:
        row = changes.usable(work, workspace, endpoint)
        every = rows.deployments_of(work.connection, [row.key])
        faults = Faults()
        endpoint_checks.check_change(system, work, row, every, body, faults)
        faults.refuse(f"endpoint {row.name!r} cannot be changed so")
        changes.share(work, row, every, body)
        given = changes.columns(row, body) | {"updated_at": work.now}
        rows.change(work.connection, row.key, **given)
        changes.wake(work, row, [EventDraft(kinds.CHANGED)])
        return record(system, work, replace(row, **given))

    found = system.write(write)
    # What is said to be so from now on is so at the gateway, too.
    gateway_table.publish(system, within=_AT_ONCE)
    return found


def delete(system: System, workspace: str, endpoint: str) -> Nothing:
    """Delete an endpoint: it answers no more, its replicas end, and it is gone with the last.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.

    Raises:
        NotFound: There is none.
    """

    def write(work: Work) -> None:
        row = endpoint_row(work, workspace, endpoint)
        if row.state != DELETING:
            rows.change(
                work.connection,
                row.key,
                state=DELETING,
                operation=changes.operation(work, "delete", []),
                updated_at=work.now,
            )
            changes.wake(work, row, [EventDraft(kinds.STATUS, status=DELETING)])

    system.write(write)
    return Nothing()


def deploy(
    system: System, workspace: str, endpoint: str, deployment: str, body: Deploy
) -> EndpointRecord:
    """Add a deployment, or change one to its next revision.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        body: What is asked for.

    Raises:
        NotFound: There is no such endpoint.
        WrongState: It is being deleted.
        InvalidRequest: Everything that stands against it, in one message.
    """
    faults, place = Faults(), (workspace, endpoint, deployment)
    endpoint_checks.check_name("deployment", deployment, faults)
    if body.percent is not None and not 0 <= body.percent <= _WHOLE:
        faults.add(f"percent is {body.percent}; use 0 to {_WHOLE}")

    def check(work: Work) -> Draft:
        changes.usable(work, workspace, endpoint)
        found = endpoint_checks.check_spec(system, work, workspace, body.spec, faults)
        return changes.draft(work, place, body.spec, found)

    draft = system.read(check)
    faults.refuse(f"{deployment[:80]!r} of endpoint {endpoint!r} cannot be deployed")
    snapshot = changes.composed(system, place, draft)

    def write(work: Work) -> EndpointRecord:
        row = changes.usable(work, workspace, endpoint)
        found = changes.deployment(work, row, deployment)
        if found is None or not changes.soft_change(work, found, draft.spec):
            row = changes.begun(work, row, deployment)
            found = changes.deploy(work, row, deployment, draft, snapshot)
        row = changes.place(work, row, found, body)
        changes.wake(work, row, [EventDraft(kinds.CHANGED, f"{deployment} was deployed")])
        return work.answered(record(system, work, row))

    made = system.write(write)
    if body.percent is not None or body.is_default:
        # As in `change`: who gets what counts from the answer on.
        gateway_table.publish(system, within=_AT_ONCE)
    return made


def undeploy(system: System, workspace: str, endpoint: str, deployment: str) -> EndpointRecord:
    """Delete a deployment; its share of the traffic goes to the default.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.

    Raises:
        NotFound: There is no such endpoint or deployment.
        WrongState: It is the default.
    """

    def write(work: Work) -> EndpointRecord:
        row = changes.usable(work, workspace, endpoint)
        found = changes.require(work, row, deployment)
        if found.name == row.default_deployment:
            raise WrongState(
                f"{deployment!r} is the default deployment of endpoint {endpoint!r}: make another "
                "the default first, or delete the endpoint"
            )
        rows.change_deployment(work.connection, found.key, leaving=True, percent=0, mirror=0)
        changes.wake(work, row, [EventDraft(kinds.CHANGED, f"{deployment} goes")])
        return record(system, work, row)

    return system.write(write)


def rollback(
    system: System, workspace: str, endpoint: str, deployment: str, body: Rollback
) -> EndpointRecord:
    """Go back to a former revision of a deployment.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        deployment: Name of the deployment.
        body: What is asked for.

    Raises:
        NotFound: There is no such endpoint, deployment or revision.
        WrongState: The revision serves already, or the deployment is being deleted.
    """

    def write(work: Work) -> EndpointRecord:
        row = changes.usable(work, workspace, endpoint)
        found = changes.require(work, row, deployment)
        if found.leaving:
            raise WrongState(f"{deployment!r} is being deleted; deploy it anew")
        if body.revision == found.revision and found.revision:
            raise WrongState(f"revision {body.revision} of {deployment!r} serves already")
        revision = changes.former(work, found, body.revision)
        row = changes.begun(work, row, deployment)
        rows.change_deployment(work.connection, found.key, coming=revision.number, error="")
        told = f"{deployment} goes back to revision {revision.number}"
        changes.wake(work, row, [EventDraft(kinds.CHANGED, told)])
        return record(system, work, row)

    return system.write(write)


def keys(system: System, workspace: str, endpoint: str) -> EndpointKeys:
    """The keys of an endpoint.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.

    Raises:
        NotFound: There is none.
        WrongState: It is not opened by keys.
    """
    row = system.read(lambda work: endpoint_row(work, workspace, endpoint))
    _require_auth(row, protocol.KEY)
    return _keys(system, row)


def regenerate(system: System, workspace: str, endpoint: str, body: RegenerateKey) -> EndpointKeys:
    """Replace a key; the new one counts from the answer on, and the old one no more.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        body: What is asked for.

    Raises:
        NotFound: There is none.
        WrongState: It is not opened by keys.
        InvalidRequest: There is no such key, or the given one cannot be one.
    """
    which = body.which.lower()
    faults = Faults()
    if which not in endpoint_keys.WHICH:
        near = suggest(which, endpoint_keys.WHICH, "", few=len(endpoint_keys.WHICH))
        faults.add(f"there is no key {body.which[:80]!r}; {near.sentence}")
    if body.key is not None:
        endpoint_checks.check_key(which, body.key, faults)
    faults.refuse(f"the key of endpoint {endpoint!r} cannot be replaced")

    def write(work: Work) -> EndpointRow:
        row = endpoint_row(work, workspace, endpoint)
        _require_auth(row, protocol.KEY)
        renewed = endpoint_keys.renewed(system.secret, row.keys[which], body.key)
        kept = {**row.keys, which: renewed}
        rows.change(work.connection, row.key, keys=kept)
        changes.wake(work, row, [EventDraft(kinds.CHANGED, f"the {which} key is another")])
        return replace(row, keys=kept)

    row = system.write(write)
    # Published at once: until the scheduler came by the old key would open.
    gateway_table.publish(system, within=_AT_ONCE)
    return _keys(system, row)


def token(system: System, workspace: str, endpoint: str) -> EndpointToken:
    """Make a token with which an endpoint may be called for twelve hours.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.

    Raises:
        NotFound: There is none.
        WrongState: It is not opened by tokens.
    """
    row = system.read(lambda work: endpoint_row(work, workspace, endpoint))
    _require_auth(row, protocol.TOKEN)
    # Whole seconds, since the time is a part of what is signed.
    now = system.clock.now_us() // SECOND
    signed = sign(endpoint_keys.token_key(system.secret, row.id), now + TOKEN_SECONDS)
    refresh, expires = now + REFRESH_SECONDS, now + TOKEN_SECONDS
    return EndpointToken(signed, iso(refresh * SECOND), iso(expires * SECOND))


def logs(system: System, workspace: str, endpoint: str, query: EndpointLogQuery) -> EndpointLog:
    """The newest lines that an endpoint's replicas have printed.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        query: What is asked for.

    Raises:
        NotFound: There is no such endpoint or deployment.
    """

    def read(work: Work) -> list[tuple[str, bool]]:
        row = endpoint_row(work, workspace, endpoint)
        if query.deployment is not None:
            changes.require(work, row, query.deployment)
        return endpoint_logs.runs_of(work, row, query.deployment)

    found = system.read(read)
    return EndpointLog(endpoint_logs.text(system, workspace, found, query))


def call(system: System, workspace: str, endpoint: str, body: CallEndpoint) -> EndpointAnswer:
    """Call an endpoint in place of a client that does not reach its port, such as a browser.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        endpoint: Name of the endpoint.
        body: What is asked for.

    Raises:
        NotFound: There is no such endpoint or deployment.
        InvalidRequest: The path is none.
        WrongState: It cannot be reached, or takes too long.
        TemporaryError: Too many are being called just now.
    """
    # It brings an HTTP client, a megabyte that most services do without.
    from runyard_server.operations import endpoint_calls

    def read(work: Work) -> EndpointRow:
        row = endpoint_row(work, workspace, endpoint)
        if body.deployment is not None:
            changes.require(work, row, body.deployment)
        return row

    row, opens = system.read(read), ""
    if row.access.auth == protocol.KEY:
        opens = _keys(system, row).primary
    elif row.access.auth == protocol.TOKEN:
        opens = token(system, workspace, endpoint).token
    return endpoint_calls.call(address(system, row), opens, body)


def gateway(system: System, workspace: str) -> GatewayRecord:
    """Where replicas reach the gateway.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.

    Raises:
        WorkspaceNotFound: No such workspace.
    """
    system.read(lambda work: workspace_row(work, workspace))
    status = system.gateway.status
    return GatewayRecord(
        socket=str(gateway_table.folder(system) / WORKER_SOCKET),
        host=gateway_table.remote_host(system),
        port=0 if status is None else status.port,
    )


def _keys(system: System, row: EndpointRow) -> EndpointKeys:
    found = [
        endpoint_keys.key_of(system.secret, row.id, which, row.keys[which])
        for which in endpoint_keys.WHICH
    ]
    return EndpointKeys(*found)


def _require_auth(row: EndpointRow, auth: str) -> None:
    access: Access = row.access
    if access.auth == auth:
        return
    told = {
        protocol.KEY: "has keys: read them with keys()",
        protocol.TOKEN: "is opened by tokens: make one with token()",
        protocol.NO_AUTH: "is open to everybody who reaches it",
    }
    wanted = "keys" if auth == protocol.KEY else "tokens"
    raise WrongState(f"endpoint {row.name!r} has no {wanted}: it {told.get(access.auth, '')}")


def _checked(
    system: System,
    work: Work,
    workspace: str,
    body: CreateEndpoint,
    present: EndpointRow | None,
    faults: Faults,
) -> Draft:
    """Check all that is asked for; give what is to be deployed.

    Args:
        system: The service's parts.
        work: The unit of work.
        workspace: Id of the workspace.
        body: What is asked for.
        present: The endpoint that is to be replaced.
        faults: Takes what is found.
    """
    endpoint_checks.check_create(body, faults)
    endpoint_checks.check_name("deployment", body.deployment, faults)
    port = None if present is None else present.port
    endpoint_checks.check_access(system, work, body.access, port, faults)
    found = endpoint_checks.check_spec(system, work, workspace, body.spec, faults)
    return changes.draft(
        work, (workspace, body.name, body.deployment), body.spec, found, replaces=True
    )
