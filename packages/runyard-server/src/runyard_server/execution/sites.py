"""Which site a run is on, and how its environment is there."""

from runyard.protocol.environments import LockRecord
from runyard.protocol.jobs import JobEnvironment
from runyard.protocol.runs import LOCAL_TARGET
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.store import compute, environments
from runyard_server.store.runs import RunRow


def site_of(system: System, row: RunRow) -> Site:
    """The site of a run's target; of a cluster that is gone the default, where nothing is left."""
    if row.target == LOCAL_TARGET:
        return system.sites.of(LOCAL_TARGET)
    cluster = system.read(lambda work: compute.find(work.connection, row.workspace, row.target))
    return system.sites.of(system.sites.default if cluster is None else cluster.site)


def environment_left(system: System, row: RunRow) -> JobEnvironment:
    """The environment of a run as it is on its site; without an interpreter where it is gone.

    It is not made again: whoever cleans up after a job does not need it.
    """
    digest = row.environment_lock or ""
    lock = system.read(lambda work: environments.find_lock(work.connection, digest))
    found = None
    if lock is not None:
        record = LockRecord(lock.digest, lock.python, lock.requirements)
        found = site_of(system, row).environments.realised(record)
    return found or JobEnvironment("", lock=digest)
