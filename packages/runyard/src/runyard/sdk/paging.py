"""Lists of the service as one sequence: page after page, fetched when needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Optional, Union

from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.client.connection import Connection
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.route import Route


def items(
    service: Union[WorkspaceClient, Connection],
    route: Route[Any],
    *segments: str,
    query: Any = None,
) -> Iterator[Any]:
    """Give every item of a list route, in its order.

    Args:
        service: The workspace's client, or the connection for the list of workspaces.
        route: A route whose answer has `items` and perhaps `next_page_token`.
        segments: The route's further path segments.
        query: The query record; its `page_token` is filled in.
    """
    token: Optional[str] = None
    while True:
        with translated():
            page = service.call(route, *segments, query=_at(query, token))
        yield from page.items
        token = getattr(page, "next_page_token", None)
        if not token:
            return


def _at(query: Any, token: Optional[str]) -> Any:
    if token is None:
        return query
    from dataclasses import replace

    return replace(query, page_token=token)
