"""The audit log: who changed what, when and from where, and who was refused.

What processes report of their own runs (metrics, logs, beats, files) is not in it.
"""

from typing import List, Optional

from runyard.protocol.records import dataclass
from runyard.protocol.route import ADMINISTRATOR, IN_WORKSPACE, OWNER, Route

DONE = "done"


@dataclass(frozen=True)
class AuditEntry:
    """One change, or one refusal.

    Args:
        number: Grows with each entry.
        time: When.
        user: The person; "" where nobody has shown who they are.
        via: What has shown it: `owner's token`, `token ID`, `studio`, or `run ID` for a job, which
            acts for the person who submitted it.
        address: Where the request came from.
        route: What was asked for: a row of the table of routes.
        workspace: Id of the workspace; "" for what is outside of any.
        object: What it was about, such as a run's id or `model:version`.
        outcome: `done`, or the code of the error.
        detail: More, where there is more: a role, a token's name, the reason of a refusal.
        count: How many like this within a minute were put together, for refusals.
    """

    number: int
    time: str
    user: str
    via: str
    address: str
    route: str
    workspace: str
    object: str
    outcome: str
    detail: str = ""
    count: int = 1


@dataclass(frozen=True)
class AuditQuery:
    """Which entries; what is None matches all.

    Args:
        user: Of this person.
        object: About this.
        route: Of this row.
        outcome: With this outcome: `done`, or the code of an error.
        since: Not before this time (ISO 8601).
        until: Before this time (ISO 8601).
        page_size: How many a page has.
        page_token: Where the page begins.
    """

    user: Optional[str] = None
    object: Optional[str] = None
    route: Optional[str] = None
    outcome: Optional[str] = None
    since: Optional[str] = None
    until: Optional[str] = None
    page_size: int = 100
    page_token: Optional[str] = None


@dataclass(frozen=True)
class AuditPage:
    """One page of entries, the newest first; it may be short, or empty, and not be the last."""

    items: List[AuditEntry]
    next_page_token: Optional[str] = None


AUDIT_LIST: Route[AuditPage] = Route(
    "audit.list",
    "GET",
    "/audit",
    AuditPage,
    "Read the audit log of the service.",
    query=AuditQuery,
    role=ADMINISTRATOR,
)
AUDIT_OF_WORKSPACE: Route[AuditPage] = Route(
    "audit.of_workspace",
    "GET",
    IN_WORKSPACE + "/audit",
    AuditPage,
    "Read the audit log of a workspace.",
    query=AuditQuery,
    role=OWNER,
)
