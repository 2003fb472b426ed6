"""Lists of the service as one sequence, whose pages are fetched while it is iterated."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Callable, Generic, Iterator, Optional, TypeVar

LARGEST_PAGE = 1000
# A request for each thousand of many files takes longer than all their contents.
FILES_PAGE = 10_000

Item = TypeVar("Item")


class Listing(Generic[Item]):
    """The entries of a list route, in the service's order.

    Each iteration begins anew; no page is asked for before it is needed.

    Args:
        fetch: Answers one page of a query.
        query: The query record; it has `page_size` and `page_token`.
        limit: At most so many entries; None is all.

    Attributes:
        next_page_token: Where the list goes on behind the page that was read last; None at its end.
    """

    def __init__(
        self, fetch: Callable[[Any], Any], query: Any, limit: Optional[int] = None
    ) -> None:
        self._fetch = fetch
        self._query = query
        self._limit = limit
        self.next_page_token: Optional[str] = query.page_token

    def __iter__(self) -> Iterator[Item]:
        query, left = self._query, self._limit
        while left is None or left > 0:
            if left is not None:
                query = replace(query, page_size=min(LARGEST_PAGE, left))
            page = self._fetch(query)
            self.next_page_token = page.next_page_token
            if left is not None:
                # Not by what was asked for: a page may be short and yet not the last one.
                left -= len(page.items)
            yield from page.items
            if page.next_page_token is None:
                return
            query = replace(query, page_token=page.next_page_token)
