"""What a row of the table of routes is; the table itself is `runyard.protocol.routes`."""

from typing import Any, Generic, Optional, Type, TypeVar

from runyard.protocol import PREFIX
from runyard.protocol.records import dataclass

Answer = TypeVar("Answer")

ANYONE, USER, JOB = "anyone", "user", "job"


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
        body: Record type of the body, Bytes, or None.
        query: Record type of the query, or None.
        who: ANYONE, USER or JOB.
        summary: One sentence for the OpenAPI document.
        creates: Takes an Idempotency-Key.
    """

    name: str
    method: str
    path: str
    answer: Type[Answer]
    summary: str
    body: Optional[Type[Any]] = None
    query: Optional[Type[Any]] = None
    who: str = USER
    creates: bool = False

    @property
    def url(self) -> str:
        """The template with the protocol's prefix."""
        return PREFIX + self.path
