"""What is known of the nodes of runs, found by run as quickly as by node.

With ten thousand agents, to look through all of them for those of one run took milliseconds for
each run that ended.
"""

from collections.abc import Iterator
from typing import Generic, TypeVar

from runyard_server.store.subjects import Subject

Value = TypeVar("Value")
# The subject that an agent works for, and its number there: a node of a run.
AgentKey = tuple[Subject, int]


class ByNode(Generic[Value]):
    """A value for each of some nodes; not for several threads at once."""

    def __init__(self) -> None:
        self._runs: dict[Subject, dict[int, Value]] = {}

    def __contains__(self, key: AgentKey) -> bool:
        return key[1] in self._runs.get(key[0], ())

    def __len__(self) -> int:
        return sum(len(nodes) for nodes in self._runs.values())

    def __iter__(self) -> Iterator[Value]:
        for nodes in self._runs.values():
            yield from nodes.values()

    def __setitem__(self, key: AgentKey, value: Value) -> None:
        self._runs.setdefault(key[0], {})[key[1]] = value

    def get(self, key: AgentKey) -> Value | None:
        """What is known of a node, None if nothing is."""
        return self._runs.get(key[0], {}).get(key[1])

    def drop(self, key: AgentKey) -> None:
        """Forget a node; one that is not known is passed over."""
        nodes = self._runs.get(key[0], {})
        nodes.pop(key[1], None)
        if not nodes:
            self._runs.pop(key[0], None)

    def of_run(self, run: Subject) -> list[Value]:
        """What is known of the nodes of a run."""
        return list(self._runs.get(run, {}).values())
