"""The search: which entries of a list, in which order, with what of each; one record for all.

It is asked of runs, models and experiments alike (`runs.search`, `models.search` …), and answered
with a page of their records. See `runyard.protocol.filters` for the language.
"""

from dataclasses import field
from typing import List, Optional

from runyard.protocol.records import dataclass


@dataclass(frozen=True)
class Search:
    """What to look for.

    Args:
        filter: Conditions that must all hold; "" for all there are.
        order_by: Fields, each with ASC or DESC behind it; what lacks the field comes last, and
            equal ones by age, in the direction of the last order. None: the newest first, and
            experiments by name.
        columns: Which metrics, params, tags and properties come with each entry: `metrics.loss`
            for one, `metrics` for all; attributes always come. None: all.
        page_size: At most so many entries.
        page_token: From the page before; it fits only the same filter and order.
        short_pages: Whether a page may have fewer entries, or none, and yet a token: where few of
            many entries fit, it then comes within some ten milliseconds, and its `looked_at` says
            how many were looked at. Without it a page is looked for until it is full.
    """

    filter: str = ""
    order_by: List[str] = field(default_factory=list)
    columns: List[str] = field(default_factory=list)
    page_size: int = 100
    page_token: Optional[str] = None
    short_pages: bool = False
