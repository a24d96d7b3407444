from __future__ import annotations

from graphlib import CycleError
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.topology import closure, find_cycle, strongly_connected, topological_order

Needs = dict[int, set[int]]


@st.composite
def graphs(draw: st.DrawFn) -> Needs:
    size = draw(st.integers(1, 9))
    return {node: draw(st.sets(st.integers(0, size - 1), max_size=3)) for node in range(size)}


def test_each_node_follows_what_it_needs_and_else_the_smallest_key_comes_first() -> None:
    needs = {"b": ["d"], "a": [], "d": [], "c": []}
    assert topological_order(needs, str) == ["a", "c", "d", "b"]


def test_a_cycle_is_given_from_its_first_node_back_to_it() -> None:
    assert find_cycle({"a": ["b"], "b": ["c"], "c": ["a"]}) == ["a", "b", "c", "a"]
    assert find_cycle({"a": ["a"]}) == ["a", "a"]
    assert find_cycle({"a": ["b"], "b": []}) == []


@given(graphs())
def test_a_graph_has_an_order_or_a_cycle(needs: Needs) -> None:
    cycle = find_cycle(needs)
    if cycle:
        assert cycle[0] == cycle[-1]
        assert all(after in needs[before] for before, after in pairwise(cycle))
        with pytest.raises(CycleError):
            topological_order(needs, int)
    else:
        order = topological_order(needs, int)
        assert sorted(order) == sorted(needs)
        assert all(order.index(needed) < order.index(node) for node in needs for needed in needs[node])


def reached(needs: Needs, start: int) -> set[int]:
    """All that a node leads to; the node itself only where it is in a cycle."""
    seen: set[int] = set()
    stack = [start]
    while stack:
        fresh = needs[stack.pop()] - seen
        seen |= fresh
        stack += fresh
    return seen


@given(graphs())
def test_a_closure_has_its_start_and_all_that_this_leads_to(needs: Needs) -> None:
    for node in needs:
        assert closure([node], needs.__getitem__) == {node} | reached(needs, node)


@given(graphs())
def test_nodes_are_connected_when_each_leads_to_the_other(needs: Needs) -> None:
    reach = {node: reached(needs, node) for node in needs}
    groups = {frozenset(other for other in needs if other in reach[node] and node in reach[other]) for node in needs}
    assert set(strongly_connected(needs)) == {group for group in groups if len(group) > 1}
