"""What is read by its name, of a run, of a cluster and of the service; see `scan_reads`.

Each entry asks for several things, for making a history takes longer than asking. People and their
tokens are not among them: they are few, and kept in memory from the first request on.
"""

from collections.abc import Callable
from contextlib import suppress

from runyard.protocol.compute import OccupancyQuery
from runyard.protocol.endpoints import EndpointLogQuery
from runyard.protocol.environments import LockQuery
from runyard.protocol.errors import RunyardError
from runyard.protocol.files import ArchiveQuery, BlobList
from runyard.protocol.jobs import OrdersQuery
from runyard.protocol.models import VerifyQuery
from runyard.protocol.run_export import ExportRuns
from runyard.protocol.run_keys import RunKeysQuery, RunValuesQuery
from runyard.protocol.sweeps import TableQuery
from runyard_server.core.system import System
from runyard_server.operations import (
    blobs,
    commands,
    compute,
    datastores,
    endpoints,
    environments,
    files,
    gangs,
    images,
    jobs,
    models,
    parameters,
    runs,
    service,
    sites,
    snapshots,
    studio,
    sweeps,
    tensorboard,
    workspaces,
)

W = "default"
_DIGEST = "0" * 64
Read = Callable[[System, str], object]


def _each(*reads: Read) -> Read:
    """Ask for one thing after the other; what this history lacks is refused after it was asked."""

    def read(system: System, run: str) -> None:
        for one in reads:
            with suppress(RunyardError):
                one(system, run)

    return read


def _exported(system: System, _run: str) -> object:
    return list(runs.export(system, W, ExportRuns(limit=10)).chunks)


GETS: dict[str, Read] = {
    "what has a name": _each(
        lambda s, _: compute.get(s, W, "cpus"),
        lambda s, _: compute.nodes(s, W, "cpus"),
        lambda s, _: compute.occupancy(s, W, "cpus", OccupancyQuery()),
        lambda s, _: datastores.get(s, W, "workspaceblobstore"),
        lambda s, _: endpoints.get(s, W, "mnist"),
        lambda s, _: endpoints.keys(s, W, "mnist"),
        lambda s, _: endpoints.logs(s, W, "mnist", EndpointLogQuery()),
        lambda s, _: environments.lock(s, W, _DIGEST),
        lambda s, _: environments.build_log(s, W, _DIGEST),
        lambda s, _: images.get(s, W, "mnist"),
        lambda s, _: snapshots.get(s, W, _DIGEST),
        lambda s, _: tensorboard.get(s, W, "1"),
        lambda s, _: models.verify(s, W, "m:1", VerifyQuery()),
        lambda s, _: blobs.missing(s, W, BlobList([_DIGEST])),
    ),
    "what a run has": _each(
        lambda s, run: parameters.list_(s, W, run),
        lambda s, run: runs.explain(s, W, run),
        lambda s, run: gangs.ranks(s, W, run),
        lambda s, run: gangs.orders(s, W, run, "0", OrdersQuery()),
        lambda s, run: jobs.get(s, W, run, "0"),
        lambda s, run: commands.get(s, W, run, "0", "1"),
        lambda s, run: files.archive(s, W, run, ArchiveQuery()),
        lambda s, run: sweeps.get(s, W, run),
        lambda s, run: sweeps.importance(s, W, run),
        lambda s, run: sweeps.table(s, W, run, TableQuery()),
    ),
    "names and values of runs": _each(
        lambda s, _: runs.keys(s, W, RunKeysQuery("a")),
        lambda s, _: runs.values(s, W, RunValuesQuery("params.lr", "c1")),
        lambda s, _: runs.values(s, W, RunValuesQuery("tags.a", "c1")),
        lambda s, _: runs.values(s, W, RunValuesQuery("user", "m")),
    ),
    "an export": _exported,
    "what a service has": _each(
        lambda s, _: compute.list_(s, W),
        lambda s, _: endpoints.gateway(s, W),
        lambda s, _: environments.locks(s, W, LockQuery()),
        lambda s, _: service.status(s),
        lambda s, _: sites.list_(s),
        lambda s, _: studio.sessions(s),
        lambda s, _: tensorboard.list_(s, W),
        lambda s, _: workspaces.deleted(s),
    ),
}
