"""Sites: the places where runs can be, and what each of them can do."""

from dataclasses import field
from typing import Any, Dict, List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import PERSON, SITE, Route


@dataclass(frozen=True)
class SiteRecord:
    """A site: its backend, and what one node of it has.

    Args:
        name: Its name in the service's settings.
        backend: The kind of its backend, as backends are named.
        default: Whether clusters go there that name no site.
        cpus: CPUs of a node.
        memory_gb: Memory of a node in GiB, 0 where it is not known.
        gpus: GPUs of a node.
        max_nodes: How many nodes there can be at once; None: as many as are asked for.
        sizes: The VM sizes that a node can hold in full.
        shares_nodes: Whether larger sizes are taken too: nodes share what the machine has.
        mpi: Where MPI comes from: a package, or the path of a program; "" for nowhere.
        interpreters: Versions of the Pythons that are there, newest first.
        shares_files: Whether its nodes see the service's own files.
        service_url: Where its jobs reach the service.
    """

    name: str
    backend: str
    default: bool = False
    cpus: int = 0
    memory_gb: float = 0.0
    gpus: int = 0
    max_nodes: Optional[int] = None
    sizes: List[str] = field(default_factory=list)
    shares_nodes: bool = False
    mpi: str = ""
    interpreters: List[str] = field(default_factory=list)
    shares_files: bool = False
    service_url: str = ""


@dataclass(frozen=True)
class SitePage:
    """All sites of a service, the default first, then by name."""

    items: List[SiteRecord]


@dataclass(frozen=True)
class SiteMessage:
    """What a program of a site's backend, somewhere on the site, has to say; both know what."""

    content: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class SiteReply:
    """What the backend answers.

    Args:
        content: The answer.
        news: Whether it is worth giving to a program that would rather wait.
    """

    content: Dict[str, Any] = field(default_factory=dict)
    news: bool = True


SITES_LIST: Route[SitePage] = Route(
    "sites.list",
    "GET",
    "/sites",
    SitePage,
    "List where runs can be, and what each place can do.",
    role=PERSON,
)
SITES_EXCHANGE: Route[SiteReply] = Route(
    "sites.exchange",
    "POST",
    "/sites/{site}/exchange",
    SiteReply,
    "What a site's own program says to its backend; the answer may be waited for.",
    body=SiteMessage,
    scope=SITE,
    waits=True,
    passive=True,
)
