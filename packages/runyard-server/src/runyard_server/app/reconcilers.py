"""The list of reconcilers that the loop drives: a new noun that is reconciled goes here."""

import uuid

from runyard_server.core.system import System
from runyard_server.scheduler.cleanup import Cleanup
from runyard_server.scheduler.clusters import ClusterReconciler
from runyard_server.scheduler.endpoints import EndpointReconciler
from runyard_server.scheduler.journals import JournalReconciler
from runyard_server.scheduler.loop import Loop
from runyard_server.scheduler.pipelines import PipelineReconciler
from runyard_server.scheduler.preparation import Locks
from runyard_server.scheduler.reconciler import Reconciler
from runyard_server.scheduler.runs import RunReconciler
from runyard_server.scheduler.schedules import ScheduleReconciler
from runyard_server.scheduler.sweeps import SweepReconciler


def scheduler(system: System, locks: Locks) -> Loop:
    """Make the loop with a reconciler for each kind of subject; it is not started.

    Args:
        system: The service's parts.
        locks: Makes locks.
    """
    token = uuid.uuid4().hex
    return Loop(system, made(system, locks, token), token)


def made(system: System, locks: Locks, token: str) -> list[Reconciler]:
    """Make a reconciler for each kind of subject.

    Args:
        system: The service's parts.
        locks: Makes locks.
        token: What they lease subjects with.
    """
    clusters = ClusterReconciler(system)
    runs = RunReconciler(system, locks, grant=clusters.grant, token=token)
    return [
        runs,
        clusters,
        SweepReconciler(system),
        PipelineReconciler(system, locks),
        ScheduleReconciler(system),
        EndpointReconciler(system),
        JournalReconciler(system),
        Cleanup(system, runs.sweep_folders),
    ]
