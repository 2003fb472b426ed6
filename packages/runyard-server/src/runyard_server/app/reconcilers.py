"""The list of reconcilers that the loop drives: a new noun that is reconciled goes here."""

import uuid
from collections.abc import Mapping
from pathlib import Path

from runyard_server.compute.base import Backend
from runyard_server.core.machine import machine_cpus
from runyard_server.core.system import System
from runyard_server.scheduler.cleanup import Cleanup
from runyard_server.scheduler.clusters import ClusterReconciler
from runyard_server.scheduler.loop import Loop
from runyard_server.scheduler.preparation import Environments
from runyard_server.scheduler.runs import RunReconciler


def scheduler(
    system: System,
    environments: Environments,
    backends: Mapping[str, Backend],
    light: Path,
    places: int | None = None,
) -> Loop:
    """Make the loop with a reconciler for each kind of subject; it is not started.

    Args:
        system: The service's parts.
        environments: Makes environments.
        backends: Compute backends, by kind.
        light: The folder with the light half that jobs get.
        places: How many runs may be on this machine (`local`) at once; the CPUs by default.
    """
    token = uuid.uuid4().hex
    clusters = ClusterReconciler(system, backends)
    runs = RunReconciler(
        system,
        environments,
        backends,
        light,
        grant=clusters.grant,
        places=places or machine_cpus(),
        token=token,
    )
    return Loop(system, [runs, clusters, Cleanup(system, runs.sweep_folders)], token)
