"""Clusters: made, changed, deleted. The target `local` is this machine: always there, no cluster.

Operations write down what is wanted; nodes come and go in the scheduler. Sizes are Azure's names
and are read through one table; an unknown one counts as one CPU and says so.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from runyard.protocol import compute as protocol
from runyard.protocol import events as kinds
from runyard.protocol.compute import (
    AttachCompute,
    ChangeCompute,
    ComputePage,
    ComputeRecord,
    CreateCompute,
    NodePage,
    NodeRecord,
    Occupancy,
    OccupancyQuery,
)
from runyard.protocol.errors import (
    AlreadyExists,
    ComputeNotFound,
    InvalidRequest,
    WrongName,
    WrongState,
)
from runyard.protocol.queue import QueuePage
from runyard.protocol.sizes import VmSize, resolve
from runyard.protocol.suggestions import nearest
from runyard_server.compute.base import Need
from runyard_server.core import events
from runyard_server.core.clock import SECOND, iso
from runyard_server.core.events import EventDraft
from runyard_server.core.lookups import workspace_row
from runyard_server.core.notices import work_topic
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import occupation, queueing
from runyard_server.execution.placement import RESIZING, STEADY
from runyard_server.operations import node_usage
from runyard_server.store import compute as clusters
from runyard_server.store import nodes as node_rows
from runyard_server.store import runs
from runyard_server.store.compute import ComputeRow
from runyard_server.store.nodes import NodeRow

_PRIORITIES = (protocol.DEDICATED, protocol.LOW_PRIORITY)
_KINDS = (protocol.AML_COMPUTE, protocol.AKS_COMPUTE)
_MOST_NODES = 10_000
_LONGEST_IDLE = 30 * 24 * 3600
_MOST_HOURS, _MOST_PARTS = 7 * 24, 1000
_NAMED = 3
_SSH = "ssh"


def create(system: System, workspace: str, body: CreateCompute) -> ComputeRecord:
    """Create a cluster; its nodes up to `min_nodes` come at once.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WrongName: The name breaks the rule or is reserved.
        InvalidRequest: Node counts or times make no sense, there is no such site, or the site could
            never hold as much.
        AlreadyExists: A target of that name is there.
    """
    _check_name(body.name)
    _check_priority(body.vm_priority)
    _check_counts(body.min_nodes, body.max_nodes, body.idle_seconds)
    if body.kind not in _KINDS:
        raise InvalidRequest(f"kind is {body.kind!r}; use {' or '.join(map(repr, _KINDS))}")
    if not body.vm_size.strip():
        raise InvalidRequest("vm_size is empty; name a size, for example 'STANDARD_D2_V2'")
    site = system.sites.named(body.site or system.sites.default)
    # Before the write: a backend is asked, and the one writer must wait for none.
    jobs = body.kind == protocol.AML_COMPUTE
    if jobs:
        _check_held(site, body.vm_size, body.max_nodes)
    warnings = _warnings(site, body.vm_size) if jobs else []

    def write(work: Work) -> ComputeRecord:
        _refuse_taken(work, workspace, body.name)
        row = _new(workspace, body, site, work.now)
        clusters.insert_cluster(work.connection, row)
        _tell(work, row, kinds.CREATED, _described(row))
        return work.answered(_record(row, [], site, warnings))

    return system.write(write)


def attach(system: System, workspace: str, body: AttachCompute) -> ComputeRecord:
    """Attach a machine that is reached by ssh: a target with one node, on a site of its own.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        body: What is asked for.

    Raises:
        WrongName: The name breaks the rule or is reserved.
        InvalidRequest: The machine cannot be reached; with what to do about that.
        AlreadyExists: A target of that name is there.
    """
    _check_name(body.name)
    _check_identity(body.identity)
    system.read(lambda work: _refuse_taken(work, workspace, body.name))
    user = f"{body.username}@" if body.username else ""
    machine = f"{user}{body.address}:{body.port}"
    options = {"hosts": [machine], "identity": body.identity, "known_hosts": body.known_hosts}
    options |= {"folder": body.folder} if body.folder else {}
    options |= {"python": body.python} if body.python else {}
    # Names of targets have no dot: no two of these are alike.
    site = system.sites.attach(f"{workspace}.{body.name}", _SSH, options)
    asked = CreateCompute(
        name=body.name,
        vm_size="",
        max_nodes=1,
        # Its node is given back at once: each run asks anew whether the machine is there.
        idle_seconds=0,
        description=body.description,
        tags=body.tags,
        location=machine,
        kind=protocol.VIRTUAL_MACHINE,
    )

    def write(work: Work) -> ComputeRecord:
        _refuse_taken(work, workspace, body.name)
        row = _new(workspace, asked, site, work.now)
        clusters.insert_cluster(work.connection, row)
        _tell(work, row, kinds.CREATED, f"attached: {machine}")
        return work.answered(_record(row, [], site, []))

    try:
        return system.write(write)
    except AlreadyExists:
        system.sites.detach(site.name)
        raise


def list_(system: System, workspace: str) -> ComputePage:
    """The clusters of a workspace, by name."""

    def read(work: Work) -> tuple[list[ComputeRow], list[NodeRow]]:
        return _all(work, workspace), node_rows.of_workspace(work.connection, workspace)

    rows, present = system.read(read)
    return ComputePage(
        [_found(system, c, [node for node in present if node.compute == c.name]) for c in rows]
    )


def get(system: System, workspace: str, name: str) -> ComputeRecord:
    """Find a cluster.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        ComputeNotFound: No such target; the message lists those that exist.
    """

    def read(work: Work) -> tuple[ComputeRow, list[NodeRow]]:
        cluster = require(work, workspace, name)
        return cluster, node_rows.of_cluster(work.connection, workspace, cluster.name)

    return _found(system, *system.read(read))


def change(system: System, workspace: str, name: str, body: ChangeCompute) -> ComputeRecord:
    """Change the node counts or the idle time of a cluster.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.
        body: What is asked for.

    Raises:
        ComputeNotFound: No such target.
        InvalidRequest: The counts make no sense together, or the site could never hold them.
        WrongState: A run that waits needs more nodes than would be left.
    """
    before = system.read(lambda work: require(work, workspace, name))
    _, high, _ = _counts(before, body)
    if high > before.max_nodes:
        # Before the write, as in `create`.
        _check_held(system.sites.of(before.site), before.vm_size, high)

    def write(work: Work) -> None:
        row = require(work, workspace, name)
        low, high, idle = _counts(row, body)
        _check_runs_fit(work, row, high)
        clusters.change(
            work.connection,
            workspace,
            row.name,
            min_nodes=low,
            max_nodes=high,
            idle_seconds=idle,
            modified_at=work.now,
        )
        changed = replace(row, min_nodes=low, max_nodes=high, idle_seconds=idle)
        _tell(work, changed, kinds.CHANGED, _described(changed))

    system.write(write)
    return get(system, workspace, name)


def delete(system: System, workspace: str, name: str) -> None:
    """Delete a cluster that no run needs.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        ComputeNotFound: No such target.
        WrongState: Runs on it have not ended; the message names them.
    """

    def write(work: Work) -> ComputeRow:
        row = require(work, workspace, name)
        _check_unused(work, row)
        # Its nodes go in the same write, or a cluster of the same name would find them.
        held = [node.id for node in node_rows.of_cluster(work.connection, workspace, row.name)]
        node_rows.remove(work.connection, workspace, row.name, held)
        clusters.remove(work.connection, workspace, row.name)
        _tell(work, row, kinds.DELETED)
        return row

    row = system.write(write)
    if row.kind == protocol.VIRTUAL_MACHINE:
        system.sites.detach(row.site)


def nodes(system: System, workspace: str, name: str) -> NodePage:
    """The nodes of a cluster, by id.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        ComputeNotFound: No such target.
    """

    def read(work: Work) -> NodePage:
        cluster = require(work, workspace, name)
        rows = node_rows.of_cluster(work.connection, workspace, cluster.name)
        used = node_usage.of_nodes(work, rows)
        return NodePage(
            [NodeRecord(r.id, r.state, r.run, iso(r.since), used.get(r.id)) for r in rows]
        )

    return system.read(read)


def occupancy(system: System, workspace: str, name: str, query: OccupancyQuery) -> Occupancy:
    """How many nodes a cluster had over the last hours, and how many of them runs held.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.
        name: Its name.
        query: How far back, and into how many parts.

    Raises:
        ComputeNotFound: No such target.
        InvalidRequest: The hours or points make no sense.
    """
    hours, points = query.hours, query.points
    if not (0 < hours <= _MOST_HOURS and 0 < points <= _MOST_PARTS):
        raise InvalidRequest(
            f"{hours} hours in {points} parts; use up to {_MOST_HOURS} hours and 1 to "
            f"{_MOST_PARTS} parts"
        )

    def read(work: Work) -> Occupancy:
        cluster = require(work, workspace, name)
        return occupation.over(work, cluster, round(hours * 3600 * SECOND), points)

    return system.read(read)


def queue(system: System, workspace: str) -> QueuePage:
    """The runs of a workspace that wait for nodes, and what would free them.

    Args:
        system: The service's parts.
        workspace: Id of the workspace.

    Raises:
        WorkspaceNotFound: There is no such workspace.
    """
    most = queueing.places(system)

    def read(work: Work) -> QueuePage:
        workspace_row(work, workspace)
        return QueuePage(queueing.of_workspace(work, workspace, most))

    return system.read(read)


def require(work: Work, workspace: str, name: str) -> ComputeRow:
    """The cluster of this name in any case.

    Args:
        work: The unit of work.
        workspace: Id of the workspace.
        name: Its name.

    Raises:
        ComputeNotFound: No such target; the message lists those that exist, the nearest first.
    """
    row = clusters.find(work.connection, workspace, name)
    if row is not None:
        return row
    existing = _all(work, workspace)
    for cluster in existing:
        # Azure finds its targets whatever the case, so scripts are not consistent in it.
        if cluster.name.lower() == name.lower():
            return cluster
    raise _not_found(name, [cluster.name for cluster in existing])


def _new(workspace: str, body: CreateCompute, site: Site, now: int) -> ComputeRow:
    return ComputeRow(
        workspace=workspace,
        name=body.name,
        site=site.name,
        vm_size=body.vm_size.strip(),
        vm_priority=body.vm_priority,
        min_nodes=body.min_nodes,
        max_nodes=body.max_nodes,
        idle_seconds=body.idle_seconds,
        # v1's word for a target that takes runs; nodes come as runs need them.
        provisioning_state="Succeeded",
        allocation_state=RESIZING if body.min_nodes else STEADY,
        allocation_changed_at=now,
        target_nodes=body.min_nodes if body.kind == protocol.AML_COMPUTE else 0,
        created_at=now,
        modified_at=now,
        description=body.description,
        location=body.location or "local",
        tags=dict(body.tags),
        kind=body.kind,
    )


def _refuse_taken(work: Work, workspace: str, name: str) -> None:
    if any(cluster.name.lower() == name.lower() for cluster in _all(work, workspace)):
        raise AlreadyExists(
            f"there is a compute target {name!r} already; get it with "
            "ComputeTarget(workspace, name), or choose another name"
        )


def _tell(work: Work, row: ComputeRow, kind: str, message: str = "") -> None:
    """Record what was done to a cluster, and have the scheduler look at it."""
    events.append(work, row.subject, [EventDraft(kind, message)])
    work.announce(work_topic(row.subject))


def _described(row: ComputeRow) -> str:
    return f"{row.vm_size}, {row.min_nodes} to {row.max_nodes} nodes, idle {row.idle_seconds} s"


def _all(work: Work, workspace: str) -> list[ComputeRow]:
    return clusters.of_workspace(work.connection, workspace)


def _not_found(name: str, existing: list[str]) -> ComputeNotFound:
    if not existing:
        hint = "the workspace has no compute targets yet; create one, or use 'local'"
    else:
        near = nearest(name, existing, 1)
        guess = f"did you mean {near[0]!r}? " if near else ""
        hint = f"{guess}there are {', '.join(repr(n) for n in existing)} and 'local'"
    return ComputeNotFound(
        f"there is no compute target {name!r} in the workspace; {hint}",
        {"name": name, "existing": existing},
    )


def _check_name(name: str) -> None:
    if name.lower() in protocol.RESERVED_NAMES:
        raise WrongName(f"the name {name!r} is reserved; choose another, for example 'cpucluster'")
    if re.fullmatch(protocol.NAME_RULE, name, re.ASCII) is None:
        raise WrongName(
            f"{name!r} cannot name a compute target: 2 to 32 letters, digits, '-' and '_', "
            "the first a letter"
        )


def _check_identity(path: str) -> None:
    """Refuse a file that is not there: ssh would go on without it, and tell of something else."""
    if path and not Path(path).expanduser().is_file():
        raise InvalidRequest(
            f"there is no private key {path!r} on the service's machine; name a file there, or "
            "leave it out and let ssh find one (its configuration, an ssh-agent, ~/.ssh)"
        )


def _check_priority(priority: str) -> None:
    if priority not in _PRIORITIES:
        raise InvalidRequest(f"vm_priority is {priority!r}; use 'dedicated' or 'lowpriority'")


def _check_counts(low: int, high: int, idle_seconds: int) -> None:
    if low < 0:
        raise InvalidRequest(f"min_nodes is {low}; use 0 or more")
    if not 1 <= high <= _MOST_NODES:
        raise InvalidRequest(f"max_nodes is {high}; use 1 to {_MOST_NODES}")
    if high < low:
        raise InvalidRequest(f"max_nodes ({high}) is below min_nodes ({low}); raise it")
    if not 0 <= idle_seconds <= _LONGEST_IDLE:
        raise InvalidRequest(
            f"idle_seconds_before_scaledown is {idle_seconds}; use 0 to {_LONGEST_IDLE}"
        )


def _counts(row: ComputeRow, body: ChangeCompute) -> tuple[int, int, int]:
    """The least and most nodes and the idle seconds that a cluster has after a change."""
    low = row.min_nodes if body.min_nodes is None else body.min_nodes
    high = row.max_nodes if body.max_nodes is None else body.max_nodes
    idle = row.idle_seconds if body.idle_seconds is None else body.idle_seconds
    _check_counts(low, high, idle)
    return low, high, idle


def _check_runs_fit(work: Work, row: ComputeRow, high: int) -> None:
    # It would wait for ever, and with it all behind it: runs are placed strictly in order.
    for run in runs.active_on(work.connection, row.workspace, row.name):
        if run.node_count > high:
            raise WrongState(
                f"run {run.id} has asked for {run.node_count} nodes of {row.name!r}: max_nodes "
                f"cannot be {high} before it has ended; cancel it or wait"
            )


def _check_unused(work: Work, row: ComputeRow) -> None:
    users = [run.id for run in runs.active_on(work.connection, row.workspace, row.name)]
    if users:
        more = f" and {len(users) - _NAMED} more" if len(users) > _NAMED else ""
        raise WrongState(
            f"compute target {row.name!r} is in use by {', '.join(users[:_NAMED])}{more}; "
            "cancel them or wait for their end, then delete it",
            {"runs": users},
        )


def _check_held(site: Site, vm_size: str, nodes: int) -> None:
    answer = site.backend.could_run(Need(nodes, resolve(vm_size)[0], apart=False))
    if answer.refusal:
        raise InvalidRequest(f"site {site.name!r} cannot hold the cluster: {answer.refusal}")


def _warnings(site: Site, vm_size: str) -> list[str]:
    size, warning = resolve(vm_size)
    answer = site.backend.could_run(Need(1, size))
    warnings = [warning] if warning and not answer.names_size else []
    if answer.refusal:
        warnings.append(answer.refusal)
    elif size.gpus and not answer.gpus:
        where = site.backend.capabilities().called
        warnings.append(f"{vm_size.strip()} has GPUs and {where} has none: runs use the CPU")
    return warnings


def _found(system: System, row: ComputeRow, present: Sequence[NodeRow]) -> ComputeRecord:
    site = system.sites.of(row.site)
    # Anew at each look: what a site has may be another than when the cluster was made.
    warnings = _warnings(site, row.vm_size) if row.kind == protocol.AML_COMPUTE else []
    return _record(row, present, site, warnings)


def _record(
    row: ComputeRow, present: Sequence[NodeRow], site: Site, warnings: list[str]
) -> ComputeRecord:
    size, _ = resolve(row.vm_size)
    if row.kind == protocol.VIRTUAL_MACHINE:
        has = site.backend.capabilities()
        size = VmSize("", has.cpus, has.memory_gb, has.gpus)
    states = Counter(node.state for node in present)
    return ComputeRecord(
        name=row.name,
        vm_size=row.vm_size,
        min_nodes=row.min_nodes,
        max_nodes=row.max_nodes,
        idle_seconds=row.idle_seconds,
        vm_priority=row.vm_priority,
        created_at=iso(row.created_at),
        modified_at=iso(row.modified_at),
        backend=site.kind,
        site=row.site,
        cpus=size.cpus,
        memory_gb=size.memory_gb,
        gpus=size.gpus,
        provisioning_state=row.provisioning_state,
        allocation_state=row.allocation_state,
        allocation_changed_at=iso(row.allocation_changed_at),
        current_nodes=len(present),
        target_nodes=row.target_nodes,
        idle_nodes=states[protocol.IDLE],
        preparing_nodes=states[protocol.PREPARING],
        running_nodes=states[protocol.RUNNING],
        leaving_nodes=states[protocol.LEAVING],
        description=row.description,
        location=row.location,
        tags=dict(row.tags),
        warnings=warnings,
        kind=row.kind,
    )
