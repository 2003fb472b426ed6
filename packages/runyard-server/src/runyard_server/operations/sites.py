"""Sites: where runs can be, as the service's settings say, and what each of them can do."""

from typing import Any

from runyard.protocol.sites import SiteMessage, SitePage, SiteRecord, SiteReply
from runyard.protocol.sizes import SIZES
from runyard_server.compute.base import holds
from runyard_server.core.awaiting import awaitable
from runyard_server.core.notices import site_topic
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.environments.mpi import origin


def list_(system: System) -> SitePage:
    """List the sites, the default first, then by name."""
    return SitePage([_record(site, default=system.sites.default) for site in system.sites])


def _is_news(_query: Any, answer: SiteReply) -> bool:
    return answer.news


@awaitable(topic=site_topic, is_news=_is_news)
def exchange(system: System, site: str, body: SiteMessage) -> SiteReply:
    """Hand what a program of a site says to the site's backend, and its answer back.

    Args:
        system: The service's parts.
        site: The site's name.
        body: What it says.

    Raises:
        InvalidRequest: There is no such site, or its backend does not understand it.
    """
    return SiteReply(*system.sites.named(site).backend.exchange(body.content))


def _record(site: Site, default: str) -> SiteRecord:
    can = site.backend.capabilities()
    sizes = sorted(
        (size for size in SIZES.values() if holds(can, size)), key=lambda size: size.cpus
    )
    return SiteRecord(
        name=site.name,
        backend=site.kind,
        default=site.name == default,
        cpus=can.cpus,
        memory_gb=can.memory_gb,
        gpus=can.gpus,
        max_nodes=can.max_nodes,
        sizes=[size.name for size in sizes],
        shares_nodes=can.shares_nodes,
        mpi=origin(site.environments.machine),
        interpreters=site.environments.pythons(),
        shares_files=can.shares_files,
        service_url=site.url(),
    )
