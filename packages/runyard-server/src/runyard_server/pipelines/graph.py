"""The graph of a pipeline: in which order its nodes come, which need which, and where to draw them.

Nodes are texts and edges pairs (before, after). Nothing recurses: a chain of ten thousand steps is
a graph, too. The layers of the picture are longest paths, so every edge leads downwards; places
within a layer follow the mean place of a node's neighbours, swept down and up twice, which is how
layered drawings lower the number of crossings (Sugiyama, Tagawa and Toda, 1981).
"""

from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Mapping, Sequence

Edge = tuple[str, str]
_SWEEPS = 2


class CycleError(ValueError):
    """Nodes that come after each other in a circle.

    Args:
        nodes: The nodes of the circle, in its order.
    """

    def __init__(self, nodes: Sequence[str]) -> None:
        super().__init__(" -> ".join([*nodes, nodes[0]]))
        self.nodes = list(nodes)


def ordered(nodes: Sequence[str], edges: Iterable[Edge]) -> list[str]:
    """The nodes so that each comes after all that it needs; of several orders the given one.

    Args:
        nodes: The nodes.
        edges: What comes before what.

    Raises:
        CycleError: There is no such order.
    """
    after = _after(edges)
    missing = dict.fromkeys(nodes, 0)
    for target in (each for targets in after.values() for each in targets):
        missing[target] += 1
    free = deque(node for node in nodes if not missing[node])
    found = []
    while free:
        node = free.popleft()
        found.append(node)
        for each in after[node]:
            missing[each] -= 1
            if not missing[each]:
                free.append(each)
    if len(found) < len(nodes):
        raise CycleError(_circle({node for node in nodes if missing[node]}, after))
    return found


def layout(nodes: Sequence[str], edges: Collection[Edge]) -> dict[str, tuple[int, int]]:
    """The layer and the place within the layer of each node, both from 0.

    Args:
        nodes: The nodes.
        edges: What comes before what.

    Raises:
        CycleError: There are no layers.
    """
    after = _after(edges)
    layer = dict.fromkeys(nodes, 0)
    for node in ordered(nodes, edges):
        for each in after[node]:
            layer[each] = max(layer[each], layer[node] + 1)
    layers: list[list[str]] = [[] for _ in range(max(layer.values(), default=-1) + 1)]
    for node in nodes:
        layers[layer[node]].append(node)
    _uncross(layers, edges)
    return {
        node: (depth, place)
        for depth, members in enumerate(layers)
        for place, node in enumerate(members)
    }


def _after(edges: Iterable[Edge]) -> defaultdict[str, list[str]]:
    found = defaultdict[str, list[str]](list)
    # Two nodes may be joined by several data; to their order that is one edge.
    for source, target in dict.fromkeys(edges):
        found[source].append(target)
    return found


def _circle(members: set[str], after: Mapping[str, list[str]]) -> list[str]:
    """A circle among nodes of which each is in one or comes after one."""
    before = {
        each: source for source in members for each in after.get(source, ()) if each in members
    }
    node = min(members)
    # Backwards from anywhere one comes into a circle: each of them waits for another.
    for _ in members:
        node = before[node]
    found, last = [node], before[node]
    while last != node:
        found.append(last)
        last = before[last]
    found.reverse()
    start = found.index(min(found))
    return found[start:] + found[:start]


def _uncross(layers: list[list[str]], edges: Collection[Edge]) -> None:
    """Sort the members of each layer by the mean place of their neighbours, down and up."""
    up, down = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for source, target in edges:
        up[target].append(source)
        down[source].append(target)
    for _ in range(_SWEEPS):
        for neighbours, way in ((up, layers), (down, layers[::-1])):
            place = {node: i for members in layers for i, node in enumerate(members)}
            for members in way:
                members.sort(key=lambda node: _mean(node, neighbours, place))
                place.update((node, i) for i, node in enumerate(members))


def _mean(node: str, neighbours: Mapping[str, list[str]], place: Mapping[str, int]) -> float:
    near = neighbours.get(node)
    return sum(place[each] for each in near) / len(near) if near else float(place[node])
