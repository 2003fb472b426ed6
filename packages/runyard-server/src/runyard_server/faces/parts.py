"""What the requests of all faces share: the service's parts, its threads, and each one's share."""

from dataclasses import dataclass

from runyard_server.core.system import System
from runyard_server.faces.bodies import Intake
from runyard_server.faces.limits import Limits
from runyard_server.faces.shares import Shares
from runyard_server.faces.streams import Feed
from runyard_server.faces.threads import Threads


@dataclass(frozen=True)
class Parts:
    """What all requests share.

    Args:
        system: The service's parts.
        feed: Wakes streams and long polls.
        work: The threads of short requests.
        transfers: The threads that write large bodies down and put them in their place.
        intake: Takes bodies in.
        shares: What one run may have of all this.
    """

    system: System
    feed: Feed
    work: Threads
    transfers: Threads
    intake: Intake
    shares: Shares


def make_parts(system: System, limits: Limits) -> Parts:
    """Make what the requests of a service share.

    Args:
        system: The service's parts.
        limits: How much one client may take.
    """
    # Two pools: however many uploads there are, short requests have their threads.
    work, transfers = (Threads(system.settings.request_threads) for _ in range(2))
    intake = Intake(system, transfers, limits.stall_seconds)
    return Parts(system, Feed(system), work, transfers, intake, Shares(limits))
