"""Sites: where runs can be, as the service's settings say, and what each of them can do."""

from runyard.protocol.sites import SitePage, SiteRecord
from runyard.protocol.sizes import SIZES
from runyard_server.compute.base import holds
from runyard_server.core.sites import Site
from runyard_server.core.system import System
from runyard_server.environments.mpi import origin


def list_(system: System) -> SitePage:
    """List the sites, the default first, then by name."""
    return SitePage([_record(site, default=system.sites.default) for site in system.sites])


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
