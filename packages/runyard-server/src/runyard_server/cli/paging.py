"""Collects as many entries of a list as were asked for, page by page."""

from dataclasses import dataclass, replace
from typing import Any

from runyard.protocol.route import Route
from runyard_server.cli.target import WorkspaceClient

LARGEST_PAGE = 1000


@dataclass(frozen=True)
class Entries:
    """Entries of a list in the wire's shape; with a token there are more."""

    items: list[Any]
    next_page_token: str | None = None


def collect(
    client: WorkspaceClient, route: Route[Any], *segments: str, query: Any, limit: int
) -> Entries:
    """Give up to `limit` entries.

    Args:
        client: The workspace.
        route: A list route whose query has `page_size` and `page_token`.
        segments: The route's path segments.
        query: Which entries.
        limit: At most so many.
    """
    items: list[Any] = []
    token: str | None = None
    while len(items) < limit:
        size = min(LARGEST_PAGE, limit - len(items))
        asked = replace(query, page_size=size, page_token=token)
        page = client.call(route, *segments, query=asked)
        items += page.items
        token = page.next_page_token
        if token is None:
            break
    return Entries(items, token)
