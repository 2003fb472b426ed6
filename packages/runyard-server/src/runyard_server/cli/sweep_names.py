"""Sweeps as people name them at a prompt: as runs, or by the name that they were opened with."""

from collections.abc import Callable
from typing import TypeVar

from runyard.client.run_names import CUT, RunNames
from runyard.protocol.errors import InvalidRequest, NotFound, RunNotFound
from runyard.protocol.suggestions import suggest
from runyard.protocol.sweeps import SweepQuery, SweepRecord
from runyard_server.cli import humane
from runyard_server.cli.target import WorkspaceClient

# Names are looked for among the newest: a workspace may have any number of sweeps.
LOOKED_AT = 1000
LISTED = 5

Answer = TypeVar("Answer")


def with_sweep(client: WorkspaceClient, given: str, ask: Callable[[str], Answer]) -> Answer:
    """Ask something of the sweep that is meant.

    Args:
        client: The workspace.
        given: Its id, a beginning of it that no other sweep has, EXPERIMENT/NUMBER, or the name it
            was opened with: the newest of that name.
        ask: What to ask, of a sweep's id.

    Returns:
        The answer.

    Raises:
        NotFound: Nothing is named so, or it is a run and no sweep.
        InvalidRequest: Several are; the message lists them.
    """
    numbered = given.rpartition("/")[2].isdecimal() and "/" in given
    if numbered:
        return ask(RunNames(client).find(given).id)
    if CUT not in given and "/" not in given:
        try:
            return ask(given)
        except RunNotFound:
            # The ids of trials begin with the sweep's, so runs are not searched.
            pass
    known = list(client.sweeps.list(limit=LOOKED_AT))
    # Lists leave archived ones out, names find them all the same.
    known += client.sweeps.list(SweepQuery(archived=True), LOOKED_AT)
    return ask(_found(given, known).id)


def _found(given: str, known: list[SweepRecord]) -> SweepRecord:
    experiment, _, name = given.rpartition("/")
    for each in known:
        if each.name == name and experiment in ("", each.spec.experiment):
            return each
    head, _, tail = given.partition(CUT)
    found = [each for each in known if each.id.startswith(head) and each.id.endswith(tail)]
    if len(found) == 1:
        return found[0]
    if found:
        raise _several(given, found)
    names = [each.name or each.id for each in known]
    near = suggest(given, names, "there is none yet").sentence
    raise NotFound(f"there is no sweep {given!r}; {near}")


def _several(given: str, found: list[SweepRecord]) -> InvalidRequest:
    lines = [
        f"  {each.id}  {each.status}, {humane.age(each.created_at)} old" for each in found[:LISTED]
    ]
    more = len(found) - LISTED
    lines += [f"  and {more} more"] if more > 0 else []
    return InvalidRequest(
        f"{given!r} is how the ids of {len(found)} sweeps begin; give more of it:\n"
        + "\n".join(lines),
        {"candidates": [each.id for each in found[:LISTED]]},
    )
