"""What a person has seen: up to when they have looked at the runs that failed.

It is each person's own, like their stars, and the same in every browser and at the prompt.
"""

from typing import Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READER, REPORTS, Route


@dataclass(frozen=True)
class Seen:
    """What one has seen in a workspace.

    Args:
        failures: The runs that had failed by this time; None for none.
    """

    failures: Optional[str] = None


SEEN_GET: Route[Seen] = Route(
    "seen.get",
    "GET",
    IN_WORKSPACE + "/seen",
    Seen,
    "Tell up to when one has looked at what failed.",
    role=READER,
)
SEEN_PUT: Route[Seen] = Route(
    "seen.put",
    "PUT",
    IN_WORKSPACE + "/seen",
    Seen,
    "Note up to when one has looked at what failed; an earlier time than before changes nothing.",
    body=Seen,
    role=READER,
    audit=REPORTS,
)
