"""An endpoint as clients see it: its rows, and what the gateway tells now."""

from runyard.protocol.endpoints import (
    DELETING,
    LOADING,
    READY,
    DeploymentRecord,
    DeploymentSpec,
    EndpointRecord,
    Latencies,
    ReplicaRecord,
)
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import gateway_counts, replicas
from runyard_server.execution.replica_states import Seen, loading_for, state_of
from runyard_server.execution.serving import replicas_seen
from runyard_server.serving import ports, tallies
from runyard_server.serving.table import DeploymentStatus
from runyard_server.store import endpoints, events, job_nodes
from runyard_server.store.endpoints import DeploymentRow, EndpointRow

_WHOLE = 100


def address(system: System, row: EndpointRow) -> str:
    """Where an endpoint answers."""
    return ports.address(system.settings.serving_host, row.port)


def record(system: System, work: Work, row: EndpointRow) -> EndpointRecord:
    """An endpoint as it stands.

    Args:
        system: The service's parts.
        work: The unit of work.
        row: The endpoint.
    """
    rows = endpoints.deployments_of(work.connection, [row.key])
    told = [gateway_counts.of(system, row.workspace, row.name, each.name) for each in rows]
    deployments = [
        _deployment(system, work, row, each, rows, counts)
        for each, counts in zip(rows, told, strict=True)
    ]
    default = next((each for each in deployments if each.is_default), None)
    last = max((status.last_request for status in told if status is not None), default=0.0)
    return EndpointRecord(
        name=row.name,
        workspace=row.workspace,
        kind=row.kind,
        state=row.state,
        created_at=iso(row.created_at),
        access=row.access,
        deployments=deployments,
        operation=row.operation,
        address=address(system, row),
        reason=_reason(system, row) or ("" if default is None else default.reason),
        error=row.error,
        updated_at=iso(row.updated_at),
        created_by=row.created_by,
        description=row.description,
        tags=row.tags,
        properties=row.properties,
        requests=sum(status.requests for status in told if status is not None),
        failures=sum(status.failures for status in told if status is not None),
        last_request_at=iso(int(last * SECOND)) if last else None,
        last_event=events.last_number(work.connection, row.subject),
        v1=row.v1,
    )


def _reason(system: System, row: EndpointRow) -> str:
    """Why nothing of an endpoint answers, whatever its deployments do."""
    if row.state == DELETING:
        return "its replicas are ending"
    # Before what deployments say: without gateway and port a replica that is ready answers nobody.
    if system.gateway.status is None:
        return "the gateway is being started"
    seen = system.gateway.endpoint(row.workspace, row.name)
    if seen is not None and seen.error:
        return f"port {row.port} cannot be had: {seen.error}"
    return ""


def _deployment(
    system: System,
    work: Work,
    row: EndpointRow,
    each: DeploymentRow,
    every: list[DeploymentRow],
    counts: DeploymentStatus | None,
) -> DeploymentRecord:
    """A deployment as it stands.

    Args:
        system: The service's parts.
        work: The unit of work.
        row: The endpoint.
        each: The deployment.
        every: All deployments of the endpoint.
        counts: What it has answered.
    """
    numbers = [each.revision, each.coming or 0, each.next_revision - 1]
    known = {
        found.number: found.spec
        for found in endpoints.revisions_of(work.connection, each.key, numbers)
    }
    # Of one that failed at its first, what was asked for.
    spec = next((known[n] for n in numbers if n in known), DeploymentSpec())
    rows = endpoints.replicas_of(work.connection, [each.key])
    seen = replicas_seen(system, work, rows)
    is_default = each.name == row.default_deployment
    others = sum(one.percent for one in every if one.name != row.default_deployment)
    now = system.gateway.deployment(row.workspace, row.name, each.name)
    # A run has its lock once its environment is made; all replicas of a revision have the same.
    lock = next((s.run.environment_lock for s in seen if s.run.environment_lock), None)
    return DeploymentRecord(
        name=each.name,
        state=DELETING if each.leaving else each.state,
        spec=spec,
        revision=each.revision,
        coming=each.coming,
        percent=_WHOLE - others if is_default else each.percent,
        mirror=each.mirror,
        is_default=is_default,
        replicas=[_replica(work, each, one) for one in seen],
        wanted=each.wanted,
        reason=_why(system, work, each, seen, known),
        error=each.error,
        created_at=iso(each.created_at),
        updated_at=iso(each.updated_at),
        environment_lock=lock,
        requests=0 if counts is None else counts.requests,
        failures=0 if counts is None else counts.failures,
        queue=0 if now is None else now.queue,
        latencies=_latencies(counts),
    )


def _latencies(counts: DeploymentStatus | None) -> Latencies | None:
    # Those of a gateway from before they were told are of no length.
    if counts is None or len(counts.taken) <= len(tallies.BOUNDS):
        return None
    return Latencies(list(tallies.BOUNDS), list(counts.taken))


def _replica(work: Work, each: DeploymentRow, seen: Seen) -> ReplicaRecord:
    state, reason = state_of(seen)
    if state == LOADING:
        reason = loading_for(seen.row.since, work.now)
    nodes = job_nodes.of_run(work.connection, seen.run.key)
    return ReplicaRecord(
        run=seen.run.id,
        deployment=each.name,
        revision=seen.row.revision,
        state=state,
        since=iso(seen.row.since),
        node=nodes[0].node_id if nodes else "",
        pid=0 if seen.status is None else seen.status.pid,
        restarts=seen.row.restarts,
        reason=reason,
    )


def _why(
    system: System,
    work: Work,
    each: DeploymentRow,
    seen: list[Seen],
    known: dict[int, DeploymentSpec],
) -> str:
    """The one answer to why a deployment, or the revision that comes, is not ready.

    Args:
        system: The service's parts.
        work: The unit of work.
        each: The deployment.
        seen: Its replicas.
        known: What its revisions run, by number.
    """
    number = each.coming or each.revision
    mine = [one for one in seen if one.row.revision == number and not one.is_retired]
    states = [(state_of(one), one) for one in mine]
    if any(state == READY for (state, _), _ in states) and each.coming is None:
        return ""
    for (state, reason), one in states:
        if state == LOADING:
            return loading_for(one.row.since, work.now)
        if state != READY:
            return reason
    if not mine and number in known and (each.coming is not None or each.wanted):
        devices = replicas.devices_for(system, work, known[number])
        return devices.reason or "its replicas are being started"
    if not mine and each.revision and not each.wanted:
        return "scaled to zero; the next request starts a replica"
    return ""
