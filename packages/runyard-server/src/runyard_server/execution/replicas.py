"""Replicas: hidden runs of the service's own, each with a row that says what it serves.

Run and row are one transaction, so no kill loses or doubles one. A replica of this machine takes no
place of the queue, and whole GPUs by index; on a cluster it takes a node like any run.
"""

import secrets
from dataclasses import dataclass

from runyard.protocol import runs as states
from runyard.protocol.endpoints import (
    REPLICA_RUN,
    REPLICAS_EXPERIMENT,
    STARTING,
    DeploymentSpec,
)
from runyard.protocol.runs import RunSpec
from runyard_server.core import specs
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.execution import new_runs
from runyard_server.execution.new_runs import Named, new_row
from runyard_server.store import endpoints, experiments, runs
from runyard_server.store.endpoints import DeploymentRow, EndpointRow, ReplicaRow, RevisionRow

# The supervisor, under the model's own interpreter.
COMMAND = ("$RUNYARD_INTERPRETER", "-m", "runyard.runtime.model")
ENDPOINT_VARIABLE = "RUNYARD_ENDPOINT"
DEPLOYMENT_VARIABLE = "RUNYARD_DEPLOYMENT"
REVISION_VARIABLE = "RUNYARD_REVISION"
DEVICES_VARIABLE = "CUDA_VISIBLE_DEVICES"


@dataclass(frozen=True)
class Devices:
    """The GPUs that a replica gets; a reason where it has to wait for them.

    `indexes` is as `0,1`, "" for none; None while there are not enough.
    """

    indexes: str | None = ""
    reason: str = ""


def replica_id(endpoint: str, deployment: str, revision: int) -> str:
    """A new id of a replica's run.

    Args:
        endpoint: Name of the endpoint, which has no underscore in it.
        deployment: Name of the deployment.
        revision: Number of the revision.
    """
    return f"{endpoint}_{deployment}_{revision}_{secrets.token_hex(4)}"


def run_spec(row: EndpointRow, deployment: str, revision: RevisionRow, devices: str) -> RunSpec:
    """What the run of a replica is given.

    Args:
        row: The endpoint.
        deployment: Name of the deployment.
        revision: What it runs.
        devices: The GPUs that it has.
    """
    spec = revision.spec
    variables = {
        **spec.environment_variables,
        ENDPOINT_VARIABLE: row.name,
        DEPLOYMENT_VARIABLE: deployment,
        REVISION_VARIABLE: str(revision.number),
    }
    if devices:
        variables[DEVICES_VARIABLE] = devices
    return RunSpec(
        experiment=REPLICAS_EXPERIMENT,
        snapshot=revision.snapshot,
        script="",
        command=list(COMMAND),
        target=spec.target,
        environment=spec.environment,
        environment_variables=variables,
    )


def begin(
    system: System, work: Work, row: EndpointRow, deployment: DeploymentRow, revision: RevisionRow
) -> ReplicaRow | str:
    """Begin a replica; returns its row, or what has to be waited for.

    Args:
        system: The service's parts.
        work: The unit of work.
        row: The endpoint.
        deployment: The deployment.
        revision: What the replica runs.
    """
    devices = devices_for(system, work, revision.spec)
    if devices.indexes is None:
        return devices.reason
    spec = run_spec(row, deployment.name, revision, devices.indexes)
    run = new_row(
        row.workspace,
        replica_id(row.name, deployment.name, revision.number),
        REPLICAS_EXPERIMENT,
        status=states.STARTING,
        target=spec.target,
        run_type=REPLICA_RUN,
        name=f"{row.name}/{deployment.name}",
        snapshot=revision.snapshot,
        submitted_by=row.created_by,
    )
    experiment = experiments.ensure(work.connection, row.workspace, REPLICAS_EXPERIMENT, work.now)
    added = new_runs.add(work, run, experiment, specs.text_of(spec), Named({}, {}, {}))
    replica = ReplicaRow(
        added.key, deployment.key, revision.number, STARTING, work.now, gpus=devices.indexes
    )
    endpoints.add_replica(work.connection, replica)
    return replica


def devices_for(system: System, work: Work, spec: DeploymentSpec) -> Devices:
    """The GPUs of this machine that a replica can have now.

    Args:
        system: The service's parts.
        work: The unit of work.
        spec: What the replica runs.
    """
    if spec.target != states.LOCAL_TARGET or spec.resources.gpus < 1:
        return Devices()
    there = system.sites.of(spec.target).backend.capabilities().gpus
    if not there:
        # It uses the CPU, as was said when it was deployed.
        return Devices()
    # Retired ones have theirs, too: the memory of a device is free when the process has ended.
    held = {
        int(index): replica.run_key
        for replica in endpoints.with_gpus(work.connection)
        for index in replica.gpus.split(",")
    }
    free = [index for index in range(there) if index not in held]
    if len(free) >= spec.resources.gpus:
        return Devices(",".join(str(index) for index in free[: spec.resources.gpus]))
    holders = {run.key: run.name for run in runs.find_many(work.connection, set(held.values()))}
    told = ", ".join(
        f"GPU {index} is held by {holders.get(key, 'another')}"
        for index, key in sorted(held.items())
    )
    return Devices(None, f"waiting for {spec.resources.gpus} GPU(s) of {there}: {told}")
