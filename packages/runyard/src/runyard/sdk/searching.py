"""Searches for runs from Python; see `runyard.protocol.filters` for the language of filters."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional, Sequence, Union

from runyard.protocol.filters import ATTRIBUTE, Condition, Field, conditions, written
from runyard.protocol.search import Search
from runyard.sdk import paging
from runyard.sdk.exceptions import translated
from runyard.sdk.runs import of_record
from runyard.sdk.workspaces import Workspace

if TYPE_CHECKING:
    from runyard.sdk.runs import Run


def search_runs(
    filter: str = "",  # noqa: A002 - MLflow's and the service's name for it
    order_by: Union[str, Sequence[str]] = (),
    max_results: Optional[int] = None,
    experiment: Optional[str] = None,
    workspace: Optional[Workspace] = None,
) -> List[Run]:
    """Find runs by metrics, parameters, tags and attributes.

        search_runs("metrics.loss < 0.5 and params.lr = '0.1'", "metrics.loss", max_results=10)

    Args:
        filter: Conditions joined by `and`; "" finds all runs.
        order_by: Fields, each perhaps with DESC behind it; what lacks the field comes last.
        max_results: At most so many; None is all.
        experiment: Only runs of this experiment.
        workspace: Where to look; None is the workspace of the config file, of the job, or the
            embedded default one.

    Returns:
        The runs, the newest first if no order is given.

    Raises:
        UserErrorException: The filter makes no sense; the message points at the place.
    """
    where = workspace or Workspace.from_config()
    parts = [filter] if filter.strip() else []
    if experiment is not None:
        with translated():
            # Read alone first, for what is joined to it would complete an open quote.
            conditions(filter)
        only = Condition(Field(ATTRIBUTE, "experiment"), "=", (experiment,))
        parts.append(written([only]))
    orders = [order_by] if isinstance(order_by, str) else list(order_by)
    asked: Search = Search(" AND ".join(parts), orders)
    found = paging.items(where.service.runs.search(asked, max_results))
    return [of_record(where, record) for record in found]
