"""Lists are walked through page by page, and say where they go on."""

from __future__ import annotations

from runyard.client.paging import Listing
from runyard.protocol.models import ModelPage, ModelQuery


class Pages:
    """A list of numbers that is given in pages."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.asked: list[ModelQuery] = []

    def __call__(self, query: ModelQuery) -> ModelPage:
        self.asked.append(query)
        first = int(query.page_token or 0)
        last = min(self.count, first + query.page_size)
        items: list = list(range(first, last))
        return ModelPage(items, str(last) if last < self.count else None)


def test_all_entries_come_and_no_page_before_it_is_needed() -> None:
    """Whoever looks at the newest runs does not wait for thousands of others."""
    pages = Pages(250)
    entries = iter(Listing(pages, ModelQuery()))
    assert next(entries) == 0
    assert len(pages.asked) == 1
    assert list(entries) == list(range(1, 250))
    assert [query.page_token for query in pages.asked] == [None, "100", "200"]


def test_a_limit_asks_for_no_more_and_tells_where_the_list_goes_on() -> None:
    """Pages are as large as what is left, and the token is behind the last entry that was given."""
    pages = Pages(5000)
    listing = Listing(pages, ModelQuery(name="m"), limit=1050)
    assert len(list(listing)) == 1050
    assert [(query.page_size, query.name) for query in pages.asked] == [(1000, "m"), (50, "m")]
    assert listing.next_page_token == "1050"
    assert list(Listing(pages, ModelQuery(), limit=0)) == []


def test_a_listing_can_be_walked_through_again() -> None:
    """A second look shows what is there then."""
    pages = Pages(150)
    listing = Listing(pages, ModelQuery())
    assert list(listing) == list(listing)
    assert listing.next_page_token is None


def test_a_page_may_be_short_and_not_the_last_one() -> None:
    """Where few of many runs fit, pages come before they are full; ten are ten all the same."""
    asked: list[int] = []

    def every_fifth(query: ModelQuery) -> ModelPage:
        asked.append(query.page_size)
        first = int(query.page_token or 0)
        items: list = [first] if first % 5 == 0 else []
        return ModelPage(items, str(first + 1) if first < 99 else None, 1)

    assert list(Listing(every_fifth, ModelQuery(), limit=10)) == list(range(0, 50, 5))
    assert asked[:2] == [10, 9]
    assert list(Listing(every_fifth, ModelQuery())) == list(range(0, 100, 5))
