"""Metrics: series that are read, and the lines of a spool that become them."""

from __future__ import annotations

import sys
from array import array
from binascii import a2b_base64
from dataclasses import replace
from typing import TYPE_CHECKING, Optional

from runyard.client.workspace_connection import NounClient
from runyard.protocol import metrics as routes
from runyard.protocol import series as columns
from runyard.protocol.metrics import MetricQuery, MetricsOfRuns, SpoolQuery

if TYPE_CHECKING:
    from typing import Dict, List, Sequence

    from runyard.protocol.metrics import MetricSeries, SpoolMark
    from runyard.protocol.series import ReadSeries, SeriesColumns

# One answer holds all points of so many runs.
_RUNS_AT_ONCE = 100


class Metrics(NounClient):
    """The metrics of a workspace's runs."""

    def list(self, run: str, name: Optional[str] = None, points: int = 0) -> List[MetricSeries]:
        """Read a run's metrics, in order of first logging.

        Args:
            run: The run's id.
            name: Only this metric.
            points: Thin scalar series to so many values; 0 reads all.

        Raises:
            RunNotFound: There is no such run.
        """
        query = MetricQuery(name=name, points=points)
        return self._service.call(routes.METRICS_LIST, run, query=query).series

    def read_many(
        self,
        runs: Sequence[str],
        names: Sequence[str] = (),
        points: int = 0,
        kinds: Sequence[str] = (),
    ) -> Dict[str, List[MetricSeries]]:
        """Read metrics of many runs, in as few requests as possible.

        Args:
            runs: The runs' ids.
            names: Only these metrics; none: all.
            points: Thin scalar series to so many values; 0 reads all.
            kinds: Only metrics of these kinds, such as `image`; none: all.

        Returns:
            The series of each run, in order of first logging.

        Raises:
            RunNotFound: There is no such run.
        """
        found: Dict[str, List[MetricSeries]] = {}
        for first in range(0, len(runs), _RUNS_AT_ONCE):
            some = list(runs[first : first + _RUNS_AT_ONCE])
            asked = MetricsOfRuns(some, list(names), points, list(kinds))
            pages = self._service.call(routes.METRICS_READ_MANY, body=asked).items
            found.update((page.run, page.series) for page in pages)
        return found

    def columns(self, asked: ReadSeries) -> List[SeriesColumns]:
        """Read many series of numbers as columns, thinned to what a chart can show.

        Args:
            asked: Which series, and how.

        Raises:
            RunNotFound: There is no such run.
            InvalidRequest: They are more than one answer may hold.
        """
        found = self._service.call(columns.SERIES_READ, body=replace(asked, packed=True)).items
        return [_unpacked(one) if one.packed else one for one in found]

    def append(self, run: str, writer: str, data: bytes, first_line: int) -> SpoolMark:
        """Bring lines of a spool; those that are stored already are passed over.

        Args:
            run: The run's id.
            writer: Who wrote them, a name of its own for each process.
            data: Lines of JSON, as `protocol.metrics` says.
            first_line: The number of the first of them in what the writer has written.

        Returns:
            How many lines of the writer are stored now.

        Raises:
            InvalidRequest: A line has a kind that the service does not know.
            WrongState: Lines before `first_line` are missing.
        """
        query = SpoolQuery(first_line=first_line)
        return self._service.send(
            routes.METRICS_APPEND, run, writer, data=data, size=len(data), query=query
        )

    def mark(self, run: str, writer: str) -> SpoolMark:
        """Ask how many lines of a writer are stored."""
        return self._service.call(routes.METRICS_MARK, run, writer)


def _unpacked(found: SeriesColumns) -> SeriesColumns:
    """The same columns as lists."""
    numbers = array("d", a2b_base64(found.packed))
    if sys.byteorder == "big":
        numbers.byteswap()
    count = len(numbers) // 2
    y: List[Optional[float]] = [*numbers[count:]]
    return replace(found, x=numbers[:count].tolist(), y=y, packed="")
