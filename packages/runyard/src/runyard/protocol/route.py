"""What a row of the table of routes is; the table itself is `runyard.protocol.routes`.

All that a route needs stands in its row: what travels, how far a job's token reaches, whether its
answer may be waited for. The service looks there and nowhere else, so a new route is a row and the
operation behind it.
"""

from typing import Any, Generic, Optional, Type, TypeVar

from runyard.protocol import PREFIX
from runyard.protocol.records import dataclass

Answer = TypeVar("Answer")

IN_WORKSPACE = "/workspaces/{workspace}"
IN_RUN = IN_WORKSPACE + "/runs/{run}"

ANYONE, USER, SITE = "anyone", "user", "site"
READS, AGENT, FAMILY = "reads", "agent", "family"
ADDS, MAKES, WRITES = "adds", "makes", "writes"
REGISTERS, OWNS = "registers", "owns"
# Who may call. What is not for ANYONE or the USER opens to a run's token too, in the run's own
# workspace and only so far. USER is the default, so that a row whose scope nobody has thought
# about is closed to jobs.
SCOPES = {
    ANYONE: "without a token",
    USER: "people alone",
    SITE: "what a site's own programs say to its backend, with that site's token",
    READS: "reads what every job of the workspace may read",
    # A job tells the token of its run, so not even a parent may ask for it.
    AGENT: "what agents say and ask, of the token's run alone",
    FAMILY: "changes the token's run, or one below it",
    ADDS: "adds to the workspace and takes nothing from anybody",
    MAKES: "submits or starts a run, which is then below the token's",
    REGISTERS: "registers something as made by the token's run or one below it",
    OWNS: "changes what the token's run or one below it registered",
    WRITES: "writes files to a datastore, over nobody else's",
}
JOB_SCOPES = frozenset(SCOPES) - {ANYONE, USER, SITE}

# What people may do, each role all that those before it may. Below the roles is PERSON: whoever the
# service knows, for rows that tell each only what is theirs.
PERSON, READER, CONTRIBUTOR, OWNER = "person", "reader", "contributor", "owner"
ADMINISTRATOR = "administrator"
ROLES = (READER, CONTRIBUTOR, OWNER, ADMINISTRATOR)
# OWNER stands for what nobody has thought about, as USER does for jobs.
_ROLE_OF_SCOPE = {
    ANYONE: "",
    SITE: ADMINISTRATOR,
    AGENT: ADMINISTRATOR,
    READS: READER,
    **dict.fromkeys((FAMILY, ADDS, MAKES, REGISTERS, OWNS, WRITES), CONTRIBUTOR),
}

# What the audit log has of a row that is no question: the change, where something was written into
# the database; or each request, of those that change what is elsewhere; or nothing, of what a
# process tells of itself again and again.
CHANGES, ALWAYS, REPORTS = "changes", "always", "reports"

# As a preference of who asks for a raw answer: it follows an address of a store's own.
STRAIGHT = "straight"
LARGEST_JSON = 16 << 20


class Bytes:
    """Marks a raw body or answer."""


class Events:
    """Marks an answer of server-sent events, each an EventRecord."""


class Nothing:
    """Marks an answer without a body (204)."""


@dataclass(frozen=True)
class Route(Generic[Answer]):
    """One row.

    Args:
        name: `noun.verb`.
        method: The HTTP method.
        path: Template below `/api/v1`; `{x}` is one segment, `{x:path}` the rest.
        answer: Record type of the answer, or Bytes, Events, Nothing.
        summary: One sentence for the OpenAPI document.
        body: Record type of the body, Bytes, or None.
        query: Record type of the query, or None.
        scope: Who may call, and how far a run's token reaches: one of SCOPES.
        role: The least role that opens the row to people; "" where the scope tells it.
        audit: What the audit log has of it: one of CHANGES, ALWAYS, REPORTS.
        creates: Takes an Idempotency-Key.
        waits: A client may ask to wait for an answer that is news (`Prefer: wait=10`).
        passive: Does not count as use: an idle service ends although it is asked this.
        hashed: The store needs the SHA-256 of the raw body.
        largest: Bytes that a body with a record may have.
    """

    name: str
    method: str
    path: str
    answer: Type[Answer]
    summary: str
    body: Optional[Type[Any]] = None
    query: Optional[Type[Any]] = None
    scope: str = USER
    role: str = ""
    audit: str = CHANGES
    creates: bool = False
    waits: bool = False
    passive: bool = False
    hashed: bool = False
    largest: int = LARGEST_JSON

    @property
    def url(self) -> str:
        """The template with the protocol's prefix."""
        return PREFIX + self.path

    @property
    def for_jobs(self) -> bool:
        """Whether a run's token opens the row at all."""
        return self.scope in JOB_SCOPES

    @property
    def needs(self) -> str:
        """The least role that a person must have, in the row's workspace where it has one."""
        # Outside of workspaces an owner of one is nobody in particular.
        last = OWNER if "{workspace}" in self.path else ADMINISTRATOR
        return self.role or _ROLE_OF_SCOPE.get(self.scope, last)

    @property
    def audited(self) -> str:
        """What the audit log has of the row, "" for nothing."""
        asks = self.method == "GET" or self.scope in (ANYONE, SITE, AGENT, READS)
        return "" if asks or self.audit == REPORTS else self.audit
