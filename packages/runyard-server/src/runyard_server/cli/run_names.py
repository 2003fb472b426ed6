"""Which run is meant: by its id, by a beginning of it that no other has, or `experiment/number`.

The whole id is tried first and costs nothing more. An id that a narrow table has shortened with `…`
names its run too, so that it can be copied from there.
"""

from collections.abc import Callable
from typing import TypeVar

from runyard.protocol import routes
from runyard.protocol.errors import InvalidRequest, RunNotFound
from runyard.protocol.runs import RunQuery, RunRecord
from runyard_server.cli import humane
from runyard_server.cli.target import WorkspaceClient

LISTED = 5
LOOKED_AT = 1000
CUT = "…"
Answer = TypeVar("Answer")


def with_run(client: WorkspaceClient, given: str, ask: Callable[[str], Answer]) -> Answer:
    """Ask something of the run that is meant.

    Args:
        client: The workspace.
        given: How the run is named.
        ask: What to ask, of a run's id.

    Returns:
        The answer.

    Raises:
        RunNotFound: Nothing is named so.
        InvalidRequest: Several are.
    """
    if "/" in given or CUT in given:
        return ask(meant(client, given).id)
    try:
        return ask(given)
    except RunNotFound as error:
        missing = error
    return ask(meant(client, given, missing).id)


def meant(client: WorkspaceClient, given: str, missing: RunNotFound | None = None) -> RunRecord:
    """Find the run that is meant, when it is not named by its whole id.

    Args:
        client: The workspace.
        given: How the run is named.
        missing: What to raise when there is none.

    Raises:
        RunNotFound: Nothing is named so.
        InvalidRequest: Several are, and the message lists them.
    """
    experiment, _, number = given.rpartition("/")
    if experiment:
        return _numbered(client, experiment, number)
    head, _, tail = given.partition(CUT)
    query = RunQuery(id_prefix=head, include_children=True, page_size=LOOKED_AT)
    page = client.call(routes.RUNS_LIST, query=query)
    found = [run for run in page.items if run.id.startswith(head) and run.id.endswith(tail)]
    if len(found) == 1:
        return found[0]
    if found:
        raise _several(given, found)
    raise missing or RunNotFound(f"there is no run {given!r}; `runyard runs list` shows the runs")


def _numbered(client: WorkspaceClient, experiment: str, number: str) -> RunRecord:
    record = client.call(routes.EXPERIMENTS_GET, experiment)
    if not number.isdecimal():
        raise InvalidRequest(
            f"{experiment}/{number} names no run: behind the slash stands its number, such as "
            f"{experiment}/{record.run_count or 1}"
        )
    query = RunQuery(experiment=experiment, number=int(number), include_children=True)
    for run in client.call(routes.RUNS_LIST, query=query).items:
        if run.number == int(number):
            return run
    count = f"{record.run_count} run{'' if record.run_count == 1 else 's'}"
    raise RunNotFound(f"experiment {experiment!r} has no run number {number}; it has {count}")


def _several(given: str, found: list[RunRecord]) -> InvalidRequest:
    lines = [
        f"  {run.id}  {run.status}, {humane.age(run.created_at)} old" for run in found[:LISTED]
    ]
    more = len(found) - LISTED
    lines += [f"  and {more} more"] if more > 0 else []
    return InvalidRequest(
        f"{given!r} is how the ids of {len(found)} runs begin; give more of it:\n"
        + "\n".join(lines),
        {"candidates": [run.id for run in found[:LISTED]]},
    )
