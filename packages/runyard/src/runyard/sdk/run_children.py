"""All runs below a run, read level by level: as many requests as there are levels, not runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Dict, Iterator, List

from runyard.client.paging import LARGEST_PAGE
from runyard.sdk import paging, run_queries

if TYPE_CHECKING:
    from runyard.client.workspace import WorkspaceClient
    from runyard.protocol.runs import RunRecord

# Ids have up to 255 characters, and a filter has a limit of its own.
_AT_ONCE = 60


def below(service: WorkspaceClient, run: str) -> Iterator[RunRecord]:
    """Read the children, the newest first, each followed by those below it.

    Args:
        service: The workspace.
        run: The run's id.
    """
    children: Dict[str, List[RunRecord]] = {}
    level = [run]
    while level:
        found = [one for part in _parts(level) for one in _of_parents(service, part)]
        for one in found:
            children.setdefault(str(one.parent), []).append(one)
        level = [one.id for one in found]
    left = children.get(run, [])[::-1]
    while left:
        one = left.pop()
        yield one
        left += children.get(one.id, [])[::-1]


def _of_parents(service: WorkspaceClient, parents: List[str]) -> Iterator[RunRecord]:
    search = run_queries.searched(run_queries.of_parents(parents), None, None, LARGEST_PAGE)
    return paging.items(service.runs.search(search))


def _parts(ids: List[str]) -> Iterator[List[str]]:
    return (ids[begin : begin + _AT_ONCE] for begin in range(0, len(ids), _AT_ONCE))
