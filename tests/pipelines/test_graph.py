"""The graph of a pipeline: its order, what needs what, and where it is drawn."""

from itertools import pairwise

import pytest

from runyard_server.pipelines import graph
from runyard_server.pipelines.graph import CycleError

DIAMOND = [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d"), ("a", "b")]


def test_each_comes_after_what_it_needs() -> None:
    """Several data between two steps are one edge, and ties keep the order that was given."""
    assert graph.ordered(["d", "c", "b", "a"], DIAMOND) == ["a", "b", "c", "d"]
    assert graph.ordered(["x", "y"], []) == ["x", "y"]


def test_a_circle_is_named() -> None:
    """Only its members, in their order; what comes after it is not among them."""
    with pytest.raises(CycleError) as caught:
        graph.ordered(["z", "b", "a", "c"], [("a", "b"), ("b", "c"), ("c", "a"), ("c", "z")])
    assert caught.value.nodes == ["a", "b", "c"]


def test_every_edge_leads_downwards() -> None:
    """Layers are longest paths, so a box is never drawn above one that it needs."""
    places = graph.layout(["a", "b", "c", "d"], DIAMOND)
    assert {node: layer for node, (layer, _) in places.items()} == {"a": 0, "b": 1, "c": 1, "d": 2}


def test_crossings_are_fewer_than_in_the_given_order() -> None:
    """Neighbours stand below each other: here the picture needs no crossing at all."""
    edges = [("a", "z"), ("b", "y"), ("c", "x")]
    places = graph.layout(["a", "b", "c", "x", "y", "z"], edges)
    assert [places[name][1] for name in "abc"] == [places[name][1] for name in "zyx"]


def test_a_long_chain_is_no_depth() -> None:
    """Ten thousand steps one after the other are ordered and drawn without recursion."""
    nodes = [str(number) for number in range(10_000)]
    edges = list(pairwise(nodes))
    assert graph.layout(nodes[::-1], edges)["9999"] == (9999, 0)
