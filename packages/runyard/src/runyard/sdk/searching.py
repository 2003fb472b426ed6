"""Searches for runs from Python; see `runyard.protocol.filters` for the language of filters."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Iterator, Optional, Sequence, Union

from runyard.protocol.errors import InvalidRequest
from runyard.protocol.filters import ATTRIBUTE, Condition, Field, conditions, moved, written
from runyard.protocol.search import Search
from runyard.sdk import checks
from runyard.sdk.exceptions import translated
from runyard.sdk.run_frames import RunList
from runyard.sdk.runs import of_record
from runyard.sdk.workspaces import Workspace

if TYPE_CHECKING:
    from runyard.sdk.experiments import Experiment


def search_runs(
    filter: Optional[str] = "",  # noqa: A002 - MLflow's and the service's name for it
    order_by: Union[str, Sequence[str], None] = (),
    max_results: Optional[int] = None,
    experiment: Union[str, Experiment, None] = None,
    workspace: Optional[Workspace] = None,
) -> RunList:
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
        The runs, the newest first if no order is given: a list, which also has `to_pandas()` and
        `to_polars()`.

    Raises:
        UserErrorException: The filter makes no sense (the message points at the place), an argument
            is of a wrong type, or there is no such experiment.
    """
    text = checks.text("filter", filter, '"metrics.loss < 0.5"')
    orders = checks.texts("order_by", order_by, '["metrics.loss DESC"]')
    most = checks.count("max_results", max_results)
    name = checks.name_of("experiment", experiment)
    where = Workspace.from_config() if workspace is None else workspace
    checks.workspace(where)
    with translated():
        with as_given(text):
            asked: Search = Search(joined(text, name), orders)
            found = list(where.service.runs.search(asked, most))
        if not found and name is not None and most != 0:
            where.service.experiments.get(name)  # says that there is none, and which are near
    return RunList([of_record(where, record) for record in found], found)


def joined(text: str, experiment: Optional[str]) -> str:
    """The filter with the experiment behind it, so that places in the filter stay."""
    if experiment is None:
        return text
    # Read alone first, for what is joined to it would complete an open quote.
    given = conditions(text)
    only = written([Condition(Field(ATTRIBUTE, "experiment"), "=", (experiment,))])
    return f"{text} AND {only}" if given else only


@contextmanager
def as_given(text: str) -> Iterator[None]:
    """Show what is wrong with a search in the filter that was given."""
    try:
        yield
    except InvalidRequest as fault:
        raise _moved(fault, text) from None


def _moved(fault: InvalidRequest, text: str) -> InvalidRequest:
    start = fault.details.get("position", len(text))
    if fault.details.get("of") != "filter" or start >= len(text):
        return fault
    return moved(fault, text, (start, start + fault.details["length"]))
