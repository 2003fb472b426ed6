"""Who makes a change, as rules and the audit log see it.

A face gives operations the parts of the service with the `Actor` of the request in them
(`System.acting`), and each unit of work has it from there: `work.person` is the name that goes into
what is made. Reconcilers have none: what the service does by itself is nobody's change.
"""

from dataclasses import dataclass, field

from runyard_server.core.tokens import Caller


@dataclass
class Change:
    """What a request changes, for the audit log; one for each request that is to be told.

    Args:
        route: The row of the table of routes.
        workspace: Id of the workspace, "" outside of any.
        object: What the address names.
        address: Where the request came from.

    Attributes:
        detail: What a rule has to add.
        noted: Whether an entry is on disk.
    """

    route: str
    workspace: str
    object: str
    address: str
    detail: str = ""
    noted: bool = False


@dataclass(frozen=True)
class Actor:
    """Who a request is from.

    Args:
        caller: Who asks, as the token or the cookie has shown.
        change: What is told of the request in the audit log; None for what is not told.
    """

    caller: Caller = field(default_factory=Caller)
    change: Change | None = None
