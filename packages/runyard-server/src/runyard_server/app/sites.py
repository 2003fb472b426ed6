"""Makes the sites of a service, as its settings name them."""

import hashlib
import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from runyard.protocol.errors import InvalidRequest, RunyardError
from runyard.protocol.jobs import JobProgram
from runyard.protocol.runs import LOCAL_TARGET
from runyard_server.compute import registry
from runyard_server.compute.base import Backend, Line, SiteContext
from runyard_server.compute.light import Light
from runyard_server.core.settings import Settings, SiteSettings
from runyard_server.core.sites import Site, SiteEnvironments, Sites
from runyard_server.environments import uv_program
from runyard_server.environments.failures import EnvironmentFailed
from runyard_server.environments.on_nodes import NodeEnvironments
from runyard_server.store.blobs import FolderBlobs
from runyard_server.store.home import Home

_LOCAL = SiteSettings(backend="local")
_GIGABYTE = 1 << 30
_log = logging.getLogger(__name__)


def _no_line(_site: str) -> Line:
    return Line()


def make_sites(
    settings: Settings,
    service: SiteContext,
    environments: SiteEnvironments,
    line: Callable[[str], Line] = _no_line,
) -> Sites:
    """Make all sites: those of the settings, and this machine as `local` unless they say otherwise.

    Args:
        settings: What was set.
        service: What backends are told of the service.
        environments: Makes environments for sites that share the service's files.
        line: Says how programs on the site of a name reach its backend.

    Raises:
        InvalidRequest: A site's backend or its options are not there, or make no sense; or the
            default site is none of them.
    """
    named: Mapping[str, SiteSettings] = {LOCAL_TARGET: _LOCAL, **settings.sites}
    if settings.default_site not in named:
        raise InvalidRequest(
            f"default_site (or RUNYARD_DEFAULT_SITE) is {settings.default_site!r}, which is no "
            f"site of the settings; there are {', '.join(map(repr, sorted(named)))}"
        )
    made = []
    for name, given in named.items():
        url = _always(given.service_url) if given.service_url else service.url
        context = replace(service, name=name, url=url, line=line(name))
        backend = registry.make(given.backend, context, given.options)
        made.append(make_site(given.backend, backend, context, environments, given.environments_gb))
    attached = AttachedSites(service, environments)
    made += attached.present(set(named))
    return Sites(made, settings.default_site, attached)


class AttachedSites:
    """Sites that were added while a service ran: a file for each in the state folder.

    Args:
        service: What backends are told of the service.
        environments: Makes environments for sites that share the service's files.
    """

    def __init__(self, service: SiteContext, environments: SiteEnvironments) -> None:
        self._service = service
        self._environments = environments

    def present(self, taken: set[str]) -> list[Site]:
        """Those that are kept; one that cannot be made is told in the log and left out.

        Args:
            taken: Names that the settings have taken since.
        """
        found = []
        for path in sorted(self._file("x").parent.parent.glob("*/attached.json")):
            name = path.parent.name
            try:
                kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
                found += [] if name in taken else [self._made(name, kept.kind, kept.options)]
            except (OSError, msgspec.DecodeError, RunyardError) as error:
                _log.warning("the attached site %s cannot be had: %s", name, error)
        return found

    def make(self, name: str, kind: str, options: Mapping[str, Any]) -> Site:
        """See `core.sites.Attaching`."""
        site = self._made(name, kind, options)
        try:
            site.backend.check()
        except RunyardError:
            site.backend.close()
            raise
        return site

    def keep(self, name: str, kind: str, options: Mapping[str, Any]) -> None:
        """See `core.sites.Attaching`."""
        file = self._file(name)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = file.with_suffix(".part")
        draft.write_bytes(msgspec.json.encode(_Kept(kind, dict(options))))
        draft.replace(file)

    def forget(self, name: str) -> None:
        """See `core.sites.Attaching`."""
        self._file(name).unlink(missing_ok=True)

    def _made(self, name: str, kind: str, options: Mapping[str, Any]) -> Site:
        context = replace(self._service, name=name)
        backend = registry.make(kind, context, options)
        return make_site(kind, backend, context, self._environments)

    def _file(self, name: str) -> Path:
        return replace(self._service, name=name).kept / "attached.json"


class _Kept(msgspec.Struct, frozen=True):
    """A site as its file has it."""

    kind: str
    options: dict[str, Any]


def make_site(
    kind: str,
    backend: Backend,
    context: SiteContext,
    environments: SiteEnvironments,
    keep_gb: float = SiteSettings.environments_gb,
) -> Site:
    """Make a site of its backend.

    Args:
        kind: The kind of the backend.
        backend: The backend.
        context: What it was told of the service.
        environments: Makes environments, where the site shares the service's files.
        keep_gb: The most that each node keeps of environments, where nodes make them.
    """
    if not backend.capabilities().shares_files:
        keep = int(keep_gb * _GIGABYTE)
        environments = NodeEnvironments(environments.machine, _uv(context.blobs), keep)
    return Site(context.name, kind, backend, environments, context.url)


def context_of(
    home: Home,
    url: Callable[[], str],
    light: Light,
    umask: int | None = None,
    gateway: Callable[[], int] = lambda: 0,
) -> SiteContext:
    """What the backend of this machine is told of a service.

    Args:
        home: The state folder.
        url: Says where the service listens.
        light: The light half.
        umask: The umask of whoever started the service.
        gateway: Says at which port replicas on other machines dial the gateway.
    """
    return SiteContext(
        LOCAL_TARGET, url, home.runs, home.blobs, home.connection_file, light, umask, gateway
    )


def _uv(blobs: Path) -> Callable[[], JobProgram | None]:
    """The service's own uv, stored as a content when a node first needs it."""

    @cache
    def stored() -> JobProgram | None:
        try:
            path = Path(uv_program.program())
        except EnvironmentFailed:
            return None
        with path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            contents = FolderBlobs(blobs)
            if not contents.has(digest):
                stream.seek(0)
                contents.write(digest, stream)
        system = os.uname()
        return JobProgram(digest, path.stat().st_size, f"{system.sysname}-{system.machine}")

    return stored


def _always(url: str) -> Callable[[], str]:
    # A lambda in the loop would give each site the address of the last one.
    return lambda: url
