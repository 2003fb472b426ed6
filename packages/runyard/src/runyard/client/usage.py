"""System metrics of runs: what their processes, nodes and GPUs used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runyard.client.workspace_connection import NounClient
from runyard.protocol import usage as routes
from runyard.protocol.usage import UsageQuery

if TYPE_CHECKING:
    from typing import List

    from runyard.protocol.usage import UsageSeries


class Usage(NounClient):
    """What the runs of a workspace used."""

    def series(self, run: str, points: int = 300, scope: str = "") -> List[UsageSeries]:
        """Read a run's system metrics, by node and scope.

        Args:
            run: The run's id.
            points: At most so many points of each series; 0 tells sums only.
            scope: Only `job`, `node`, `rank` or `gpu`; "" is all.

        Raises:
            RunNotFound: There is no such run.
            InvalidRequest: There is no such scope.
        """
        query = UsageQuery(points=points, scope=scope)
        return self._service.call(routes.USAGE_SERIES, run, query=query).items
