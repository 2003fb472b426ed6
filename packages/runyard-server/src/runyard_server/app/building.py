"""Makes the parts of a service and wires them: which store, which backends, which builder."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from runyard_server.app import reconcilers
from runyard_server.compute import light
from runyard_server.compute.local import LocalBackend
from runyard_server.core.clock import Clock
from runyard_server.core.notices import Notices
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.environments.environments import Environments
from runyard_server.operations import workspaces
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records, sqlite_url

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """A service without its faces: its parts, and how its threads are started and ended."""

    system: System
    start: Callable[[], None]
    close: Callable[[], None]


def this_machine(light_folder: Path, umask: int | None = None) -> LocalBackend:
    """Make the backend for this machine, given the light half that its agents run from."""
    return LocalBackend(light=light_folder, umask=umask)


def build(
    settings: Settings,
    home: Home,
    url: Callable[[], str],
    backend: Callable[[Path], LocalBackend] = this_machine,
) -> Service:
    """Make the parts and wire them; nothing runs before `start`.

    Args:
        settings: What was set.
        home: The state folder; made by `Home.create`, claimed by this process.
        url: Says where the service listens.
        backend: Makes the backend of local compute.
    """
    swept = home.sweep()
    if swept:
        _log.info("removed %d temporary files that an earlier service was killed with", swept)
    records = Records(sqlite_url(home.database))
    system = System(
        home=home,
        records=records,
        blobs=FolderBlobs(home.blobs),
        logs=LogStore(home.run_logs),
        notices=Notices(),
        clock=Clock(),
        secret=home.secret(),
        settings=settings,
        url=url,
    )
    workspaces.ensure_default(system, home.begun_us())
    jobs = light.install(home.light)
    environments = Environments(
        home.environments, home.packages, jobs.folder, settings, home.datastores
    )
    local = backend(jobs.folder)
    loop = reconcilers.scheduler(system, environments, {local.kind: local}, jobs.folder)

    def start() -> None:
        loop.start()
        threading.Thread(
            target=light.compile_folder, args=(jobs,), name="compile-light", daemon=True
        ).start()

    def close() -> None:
        loop.stop()
        environments.close()
        local.close()
        records.close()

    return Service(system, start, close)
