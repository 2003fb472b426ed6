"""Runs as a table in a file: what a search finds, a run a row, for other programs to read.

Columns are attributes of runs, and what runs have by name under `metrics.loss`, `params.lr`,
`tags.team` and `properties.x`. The file is made while it is sent, page by page: each run is as it
is when its page is read, and what does not change meanwhile is in it exactly once.
"""

from dataclasses import field
from typing import List, Optional, Tuple

from runyard.protocol.records import dataclass
from runyard.protocol.route import IN_WORKSPACE, READS, Bytes, Route

CSV, JSON_LINES, PARQUET = "csv", "jsonl", "parquet"
FORMATS: Tuple[str, ...] = (CSV, JSON_LINES, PARQUET)
MOST_COLUMNS = 2000


@dataclass(frozen=True)
class ExportRuns:
    """Which runs, in which order, with what of each.

    Args:
        filter: Conditions that must all hold; "" for all there are.
        order_by: Fields, each with ASC or DESC behind it. None: the newest first.
        columns: Fields, in the order of the file's columns; `metrics`, `params`, `tags` or
            `properties` alone for all of the kind. None: all attributes and all names, of which
            there may be MOST_COLUMNS.
        format: One of FORMATS.
        limit: At most so many runs; None for all.
    """

    filter: str = ""
    order_by: List[str] = field(default_factory=list)
    columns: List[str] = field(default_factory=list)
    format: str = CSV
    limit: Optional[int] = None


RUNS_EXPORT: Route[Bytes] = Route(
    "runs.export",
    "GET",
    IN_WORKSPACE + "/run-export",
    Bytes,
    "Export runs as CSV, JSON lines or Parquet: filter, order, columns.",
    query=ExportRuns,
    scope=READS,
)
