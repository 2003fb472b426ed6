"""Makes the parts of a service and wires them: which store, which backends, which builder."""

import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from runyard.protocol.errors import InvalidRequest
from runyard_server.app import contents, reconcilers
from runyard_server.app.sites import context_of, make_sites
from runyard_server.compute import light
from runyard_server.compute.base import Line
from runyard_server.core.clock import Clock
from runyard_server.core.gateway import Gateway
from runyard_server.core.notices import Notices, site_topic
from runyard_server.core.settings import Settings
from runyard_server.core.system import System
from runyard_server.core.tokens import site_token
from runyard_server.environments import tensorboard
from runyard_server.environments.boards import Boards
from runyard_server.environments.environments import Environments
from runyard_server.operations import workspaces
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home
from runyard_server.store.logs import LogStore
from runyard_server.store.records import Records, sqlite_url

if TYPE_CHECKING:
    from runyard_server.app.leadership import Leadership
    from runyard_server.scheduler.loop import Loop

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Service:
    """A service without its faces: its parts, and how its threads are started and ended."""

    system: System
    start: Callable[[], None]
    close: Callable[[], None]


def build(
    settings: Settings, home: Home, url: Callable[[], str], umask: int | None = None
) -> Service:
    """Make the parts and wire them; nothing runs before `start`.

    Args:
        settings: What was set.
        home: The state folder; made by `Home.create`, claimed by this process.
        url: Says where the service listens.
        umask: The umask of whoever started the service, for what jobs write.

    Raises:
        InvalidRequest: A site of the settings cannot be had.
    """
    if not settings.database_url:
        _sweep(home)
    jobs = light.install(home.light)
    environments = Environments(
        home.environments, home.packages, jobs.folder, settings, home.datastores
    )
    gateway, notices, secret = Gateway(), Notices(), home.secret()
    context = context_of(home, url, jobs, umask, lambda: gateway.far_port)

    def line(site: str) -> Line:
        return Line(site_token(secret, site), lambda: notices.changed(site_topic(site)))

    with _naming(home):
        sites = make_sites(settings, context, environments, line)
    blobs = contents.contents_of(settings, home, os.environ)
    contents.take(blobs, home)
    records = Records(settings.database_url or sqlite_url(home.database))
    system = System(
        home=home,
        records=records,
        blobs=blobs,
        logs=LogStore(home.run_logs),
        notices=notices,
        clock=Clock(),
        secret=secret,
        settings=settings,
        url=url,
        sites=sites,
        gateway=gateway,
        boards=Boards(home.root, lambda: tensorboard.make(environments, home.environments)),
    )
    leads = _scheduler(system, environments)
    moving = contents.Moving(blobs, lambda: system.leading.here)
    work = _Work(system, environments, leads, moving, jobs)
    return Service(system, work.start, work.close)


@contextmanager
def _naming(home: Home) -> Iterator[None]:
    """Have a setting that makes no sense told with the places where it may stand."""
    try:
        yield
    except InvalidRequest as error:
        given = f"the settings ({home.config}, variables, command line)"
        raise InvalidRequest(f"{given}: {error.message}") from None


@dataclass(frozen=True)
class _Work:
    """What goes on in a service beside the requests."""

    system: System
    environments: Environments
    leads: "Loop | Leadership"
    moving: contents.Moving
    jobs: light.Light

    def start(self) -> None:
        """Begin to decide, and to move what is to be kept elsewhere."""
        self.leads.start()
        self.moving.start()
        # Jobs can import it before: a file that has not been compiled yet costs time, no more.
        threading.Thread(
            target=light.compile_folder, args=(self.jobs,), name="compile-light", daemon=True
        ).start()

    def close(self) -> None:
        """End all of it."""
        # First who asks the others for something, last what all of them write to.
        self.leads.stop()
        self.moving.stop()
        self.system.boards.close()
        self.environments.close()
        for site in self.system.sites:
            site.backend.close()
        self.system.records.close()


def _scheduler(system: System, environments: Environments) -> "Loop | Leadership":
    """What decides; of a database that others may serve, only while it leads."""
    home = system.home

    def ready() -> None:
        _sweep(home, shared=True)
        workspaces.ensure_default(system, home.begun_us())

    if not system.records.is_shared:
        workspaces.ensure_default(system, home.begun_us())
        return reconcilers.scheduler(system, environments)
    from runyard_server.app.leadership import Leadership

    def reached() -> str:
        return system.settings.peer_url or system.url()

    make = partial(reconcilers.scheduler, system, environments)
    return Leadership(system, make, ready, reached)


def _sweep(home: Home, *, shared: bool = False) -> None:
    swept = home.sweep(shared=shared)
    if swept:
        _log.info("removed %d temporary files that an earlier service was killed with", swept)
    repaired = FolderBlobs(home.blobs).recover()
    if repaired:
        _log.warning("the machine stopped; %d batches of small files were checked", repaired)
