"""Lists of the service as the SDK walks through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Iterator, TypeVar

from runyard.sdk.exceptions import translated

if TYPE_CHECKING:
    from runyard.client.paging import Listing

Item = TypeVar("Item")


def items(listing: Listing[Item]) -> Iterator[Item]:
    """Walk through a listing; the service's errors become those that users of the SDK expect."""
    with translated():
        yield from listing
