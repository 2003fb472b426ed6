"""Stars: what a person wants to have at hand. Nobody sees another's.

A run is named by its id and stays at the top of its tables, a saved view by its id and stands on
the first page.
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READER, REPORTS, Nothing, Route

STARRED_RUN, STARRED_VIEW = "run", "view"
STARRED = (STARRED_RUN, STARRED_VIEW)
MOST_STARS = 1000


@dataclass(frozen=True)
class StarRecord:
    """What has a star: its kind (`run` or `view`), its id, and since when it has."""

    kind: str
    name: str
    made_at: str


@dataclass(frozen=True)
class StarQuery:
    """Of which kind; None for all."""

    kind: Optional[str] = None


@dataclass(frozen=True)
class StarPage:
    """One's own stars in a workspace, the newest first."""

    items: List[StarRecord] = field(default_factory=list)


STARS_LIST: Route[StarPage] = Route(
    "stars.list",
    "GET",
    IN_WORKSPACE + "/stars",
    StarPage,
    "List what one has given a star.",
    query=StarQuery,
    role=READER,
)
STARS_ADD: Route[StarRecord] = Route(
    "stars.add",
    "PUT",
    IN_WORKSPACE + "/stars/{kind}/{name}",
    StarRecord,
    "Put a star on a run or a saved view, which only oneself sees.",
    role=READER,
    audit=REPORTS,
)
STARS_REMOVE: Route[Nothing] = Route(
    "stars.remove",
    "DELETE",
    IN_WORKSPACE + "/stars/{kind}/{name}",
    Nothing,
    "Take a star away; without one nothing happens.",
    role=READER,
    audit=REPORTS,
)
