"""Lists of the service as commands print them: so many entries, and where they go on."""

from dataclasses import dataclass
from typing import Any

from runyard.client.paging import Listing


@dataclass(frozen=True)
class Entries:
    """Entries of a list in the wire's shape; with a token there are more."""

    items: list[Any]
    next_page_token: str | None = None


def collect(listing: Listing[Any]) -> Entries:
    """Read a listing up to its limit."""
    items = list(listing)
    return Entries(items, listing.next_page_token)
