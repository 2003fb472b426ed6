"""How much, and for how long, one client may take of the service.

Whoever reaches the port can open connections, begin requests and never end them; whoever has a
token can begin bodies. Each of these has its bound here, three of them settings. Where a client is
slow it is given time by what it moves, so that a slow line is served and a stalled one is not.
"""

import resource
from dataclasses import dataclass

from runyard_server.core.settings import Settings

# A request line with headers, the trailers of a body, or what stands between two of its chunks.
HEAD_BYTES = 64 << 10
# A body that comes, or an answer that goes, moves so much within `stall_seconds`.
STEP_BYTES = 64 << 10
# Bodies up to this size are kept in memory while they come, as long as all together are below the
# second figure; others are files. A batch of small contents fits.
MEMORY_BYTES = 9 << 20
MEMORY_BYTES_OF_ALL = 128 << 20
# What files of the service's own, the database and the programs it starts need of open files.
RESERVED_FILES = 128
# Beyond this, programs that close every number there could be take noticeably long to start.
MOST_FILES = 65536


@dataclass(frozen=True)
class Limits:
    """The bounds of one service.

    Args:
        connections: Open at once.
        head_seconds: Within which the head of a request must have come, from the connection's
            begin or the request's first byte.
        stall_seconds: Within which STEP_BYTES must have moved.
        run_threads: Threads that the requests of one run may have at once.
        run_requests: Requests of one run that may be open at once.
    """

    connections: int
    head_seconds: float
    stall_seconds: float
    run_threads: int
    run_requests: int


def of(settings: Settings, files: int) -> Limits:
    """Make the bounds of a service.

    Args:
        settings: What was set.
        files: How many files it may have open: a connection may need two.
    """
    connections = max(1, min(settings.max_connections, (files - RESERVED_FILES) // 2))
    return Limits(
        connections=connections,
        head_seconds=settings.head_seconds,
        stall_seconds=settings.stall_seconds,
        run_threads=max(1, settings.request_threads // 4),
        run_requests=max(1, connections // 2),
    )


def raise_open_files() -> int:
    """Raise the soft limit of open files towards the hard one; return what it is now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        soft = wanted
    return MOST_FILES if soft == resource.RLIM_INFINITY else soft
