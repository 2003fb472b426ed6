"""The studio's sign-in: a link that works once, and the browsers that are signed in.

Whoever holds the service's token gets a code, and opens `/enter#code=<code>` in a browser, which
is given a cookie for it. A fragment is in no log and no Referer, and nothing that only fetches the
link can spend it.
"""

from typing import List

from runyard.protocol.records import dataclass
from runyard.protocol.route import ALWAYS, PERSON, USER, Nothing, Route


@dataclass(frozen=True)
class StudioCode:
    """A code that signs one browser in, once.

    Args:
        code: The code.
        seconds: How long it is good.
        url: Where browsers of this machine find the studio, without a slash at its end.
    """

    code: str
    seconds: int
    url: str


@dataclass(frozen=True)
class StudioSession:
    """A browser that is signed in.

    Args:
        id: What names it.
        person: Who signed in.
        client: What the browser called itself.
        made_at: When it signed in.
        used_at: When it was seen last, to the hour.
        ends_at: When it has to sign in anew.
    """

    id: str
    person: str
    client: str
    made_at: str
    used_at: str
    ends_at: str


@dataclass(frozen=True)
class StudioSessions:
    """All browsers that are signed in, the last used first."""

    items: List[StudioSession]


STUDIO_CODES: Route[StudioCode] = Route(
    "studio.codes",
    "POST",
    "/studio/codes",
    StudioCode,
    "Make a code that signs a browser in, once.",
    scope=USER,
    role=PERSON,
    audit=ALWAYS,
)
STUDIO_SESSIONS: Route[StudioSessions] = Route(
    "studio.sessions",
    "GET",
    "/studio/sessions",
    StudioSessions,
    "List the browsers that are signed in.",
    scope=USER,
    role=PERSON,
)
STUDIO_LEAVE: Route[Nothing] = Route(
    "studio.leave",
    "DELETE",
    "/studio/sessions/{session}",
    Nothing,
    "Sign a browser out.",
    scope=USER,
    role=PERSON,
)
