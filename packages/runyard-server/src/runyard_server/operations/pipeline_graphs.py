"""What a pipeline was asked for, as its turns need it: read once, for it never changes.

Of thousands of steps it is megabytes of JSON, and a turn has ten milliseconds. It is kept for the
pipelines that had a turn last, by the records that they are of.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import msgspec

from runyard.protocol.pipelines import PipelineSpec
from runyard_server.core.system import System
from runyard_server.core.work import Work
from runyard_server.operations import pipeline_specs
from runyard_server.store import pipelines as rows
from runyard_server.store.records import Records

_SPEC = msgspec.json.Decoder(PipelineSpec)
_KEPT = 4
_guard = threading.Lock()
_known: WeakKeyDictionary[Records, OrderedDict[int, "Graph"]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Graph:
    """A pipeline by the numbers of its nodes.

    Args:
        spec: What was asked for.
        before: For each node, those that it waits for.
        after: For each node, those that wait for it.
        sweeps: The nodes that are sweeps.
    """

    spec: PipelineSpec
    before: list[list[int]]
    after: list[list[int]]
    sweeps: list[int]

    def below(self, number: int) -> set[int]:
        """All nodes that need one, directly or by way of others."""
        waiting, found = [number], set[int]()
        while waiting:
            for each in self.after[waiting.pop()]:
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return found


def of(system: System, work: Work, key: int) -> Graph:
    """The graph of a pipeline run.

    Args:
        system: The service's parts.
        work: The unit of work.
        key: The run's key.
    """
    with _guard:
        mine = _known.setdefault(system.records, OrderedDict())
        found = mine.pop(key, None)
        if found is not None:
            mine[key] = found
            return found
    made = graph_of(_SPEC.decode(rows.spec(work.connection, key)))
    with _guard:
        mine[key] = made
        while len(mine) > _KEPT:
            mine.popitem(last=False)
    return made


def forget(system: System, key: int) -> None:
    """Drop what is kept of a pipeline run that has ended."""
    with _guard:
        mine = _known.get(system.records)
        if mine is not None:
            mine.pop(key, None)


def graph_of(spec: PipelineSpec) -> Graph:
    """A pipeline by the numbers of its nodes."""
    numbers = {node.id: number for number, node in enumerate(spec.nodes)}
    before: list[list[int]] = [[] for _ in spec.nodes]
    after: list[list[int]] = [[] for _ in spec.nodes]
    # Two nodes may be joined by several data; to their order that is one edge.
    for source, target in dict.fromkeys(pipeline_specs.pairs(spec)):
        before[numbers[target]].append(numbers[source])
        after[numbers[source]].append(numbers[target])
    sweeps = [number for number, node in enumerate(spec.nodes) if node.sweep is not None]
    return Graph(spec, before, after, sweeps)


def made_by(spec: PipelineSpec, nodes: Sequence[rows.NodeRow]) -> pipeline_specs.Made:
    """What nodes have made, by node and name."""
    return {(spec.nodes[n.number].id, each.name): each for n in nodes for each in n.outputs}
