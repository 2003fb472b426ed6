"""The table of routes: a function of the rows, written where the gateway reads it.

Whoever has changed rows publishes; the table is written when it differs from the last one. A
service that was killed between the two is followed by one that publishes at its start.
"""

import os
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from runyard.protocol.endpoints import DELETING, DeploymentSpec
from runyard.protocol.endpoints import KEY as KEY_AUTH
from runyard_server.core import endpoint_keys
from runyard_server.core.system import System
from runyard_server.core.tokens import run_token
from runyard_server.core.work import Work
from runyard_server.serving import asking, ports
from runyard_server.serving.asking import GatewayGone
from runyard_server.serving.table import (
    ROUTES_FILE,
    SERVING_FOLDER,
    Deployment,
    Endpoint,
    Replica,
    Revision,
    Table,
    digest,
)
from runyard_server.store import endpoints, runs
from runyard_server.store.endpoints import DeploymentRow, EndpointRow, ReplicaRow
from runyard_server.store.folders import full_disk

_FIRST_MODEL_VERSION = "1"
_WHOLE = 100
_PATIENCE_SECONDS = 1.0


def folder(system: System) -> Path:
    """The folder of the gateway's files."""
    return system.home.root / SERVING_FOLDER


def publish(system: System, *, within: float = 0.0) -> int:
    """Write the table if the rows have changed; give the version that tells of them.

    Args:
        system: The service's parts.
        within: Wait so many seconds until the gateway has it in force; 0 only tells it. A gateway
            that is away reads the table when it starts.

    Raises:
        StorageFull: No space is left for the table.
    """
    gateway = system.gateway
    # Reading and writing are one: of two threads the slower would bring back what was before.
    with gateway.publishing:
        found = tuple(system.read(lambda work: _endpoints(system, work)))
        if gateway.published is None:
            _remember(system)
        changed = found != gateway.published
        if changed:
            _write(system, found, gateway.version + 1)
            gateway.published, gateway.version = found, gateway.version + 1
        version = gateway.version
    # Another thread may have written it just now: who waits waits for that. And a gateway that did
    # not answer in time may not have heard of it: it goes on with the table before.
    if changed or gateway.in_force < version:
        with suppress(GatewayGone):
            loaded = asking.load(folder(system), version, within or _PATIENCE_SECONDS)
            gateway.in_force = max(gateway.in_force, loaded)
    return version


def refresh(system: System) -> None:
    """Ask the gateway how things are now: counters change without waking anybody.

    One that is not known to live is not asked; who keeps it going finds it.
    """
    if system.gateway.status is not None:
        with suppress(GatewayGone):
            system.gateway.freshen(asking.status(folder(system)))


def remote_host(system: System) -> str:
    """The address at which replicas of other machines reach the gateway."""
    return urlsplit(system.url()).hostname or system.settings.host


def _remember(system: System) -> None:
    """Take up the table that a service before has written."""
    try:
        text = (folder(system) / ROUTES_FILE).read_bytes()
        table = msgspec.json.decode(text, type=Table)
    except (OSError, msgspec.DecodeError):
        return
    system.gateway.version, system.gateway.published = table.version, table.endpoints
    system.gateway.far_port = table.port


def _write(system: System, found: tuple[Endpoint, ...], version: int) -> None:
    place = folder(system)
    remote = _remote(system)
    table = Table(version, found, *remote)
    with full_disk("the gateway's table"):
        place.mkdir(mode=0o700, exist_ok=True)
        temporary = place / f".{ROUTES_FILE}.part"
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(table))
            file.flush()
            # Before it has its name: after a loss of power an empty table would end all endpoints.
            os.fsync(file.fileno())
        temporary.replace(place / ROUTES_FILE)


def _remote(system: System) -> tuple[str, int]:
    """Where replicas of other machines dial, if there are other sites."""
    # Not whether they share files: the socket in a shared folder is of one machine.
    if all(site.backend.capabilities().on_this_machine for site in system.sites):
        return "", 0
    gateway, host = system.gateway, system.settings.host
    # One port for the service's life: replicas that redial know it.
    gateway.far_port = gateway.far_port or ports.free_port(host, ())
    return host, gateway.far_port


def _endpoints(system: System, work: Work) -> list[Endpoint]:
    rows = [row for row in endpoints.everywhere(work.connection) if row.state != DELETING]
    deployments = endpoints.deployments_of(work.connection, [row.key for row in rows])
    return [
        _endpoint(system, work, row, [d for d in deployments if d.endpoint_key == row.key])
        for row in rows
    ]


def _endpoint(system: System, work: Work, row: EndpointRow, every: list[DeploymentRow]) -> Endpoint:
    secret, access = system.secret, row.access
    keys = tuple(
        digest(endpoint_keys.key_of(secret, row.id, which, row.keys[which]))
        for which in endpoint_keys.WHICH
    )
    return Endpoint(
        workspace=row.workspace,
        name=row.name,
        host=system.settings.serving_host,
        port=row.port,
        auth=access.auth,
        # As digests: who reads the file has no key.
        keys=keys if access.auth == KEY_AUTH else (),
        token_key=endpoint_keys.token_key(secret, row.id),
        default=row.default_deployment,
        deployments=_shared(row, [_deployment(system, work, row, each) for each in every]),
        protocols=tuple(access.protocols),
        origins=tuple(access.origins),
        log_requests=access.log_requests,
        legacy_status=access.legacy_status,
    )


def _shared(row: EndpointRow, found: list[Deployment]) -> tuple[Deployment, ...]:
    """Deployments with their shares: what does not serve yet gets none, the default the rest."""
    others = sum(
        each.weight for each in found if each.serving and each.name != row.default_deployment
    )
    return tuple(
        replace(each, weight=_WHOLE - others)
        if each.name == row.default_deployment
        else replace(each, weight=each.weight if each.serving else 0)
        for each in found
    )


def _deployment(system: System, work: Work, row: EndpointRow, each: DeploymentRow) -> Deployment:
    replicas = endpoints.replicas_of(work.connection, [each.key])
    numbers = [n for n in (each.revision, each.coming) if n]
    specs = {
        found.number: found.spec
        for found in endpoints.revisions_of(work.connection, each.key, numbers)
    }
    shown = specs.get(each.revision or each.coming or 0, DeploymentSpec())
    serving = _revision(system, work, row, each.revision, specs, replicas)
    warming = _revision(system, work, row, each.coming or 0, specs, replicas)
    # Also where one that ended is being replaced: requests wait for the next, and are not refused.
    waits = shown.scaling.min_replicas == 0 or (serving is not None and not serving.replicas)
    return Deployment(
        name=each.name,
        weight=0 if each.leaving else each.percent,
        mirror=0 if each.leaving else each.mirror,
        serving=serving,
        warming=warming,
        limits=shown.limits,
        batching=shown.batching,
        liveness=shown.liveness,
        on_demand=waits,
    )


def _revision(
    system: System,
    work: Work,
    row: EndpointRow,
    number: int,
    specs: dict[int, DeploymentSpec],
    replicas: list[ReplicaRow],
) -> Revision | None:
    """A revision as the gateway needs it, with the replicas that are not retired.

    Args:
        system: The service's parts.
        work: The unit of work.
        row: The endpoint.
        number: The revision's number, 0 for none.
        specs: What revisions run, by number.
        replicas: All replicas of the deployment.
    """
    if number not in specs:
        return None
    mine = [each.run_key for each in replicas if _belongs(each, number)]
    found = Revision(
        number,
        tuple(
            Replica(run.id, digest(run_token(system.secret, row.workspace, run.id)))
            for run in runs.find_many(work.connection, mine)
        ),
    )
    name, _, version = next(iter(specs[number].models), row.name).partition(":")
    return replace(found, model_name=name, model_version=version or _FIRST_MODEL_VERSION)


def _belongs(replica: ReplicaRow, number: int) -> bool:
    return replica.revision == number and replica.retired_at is None
