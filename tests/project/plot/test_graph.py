from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.plot.graph import Graph, Node, find_nodes


def graph(**needs: str) -> Graph:
    """`graph(a="bc", b="", c="")`: a needs b and c."""
    names = list(needs)
    nodes = tuple(Node(name, "view", f"{name}.sql", frozenset({name, f"dbo.{name}"})) for name in names)
    return Graph(nodes, {names.index(one): frozenset(map(names.index, others)) for one, others in needs.items()})


def names(some: Graph) -> str:
    return "".join(node.name for node in some.nodes)


CHAIN = graph(a="b", b="c", c="", d="b", e="")


@pytest.mark.parametrize(("direction", "expected"), [("up", "bc"), ("down", "abd"), ("both", "abcd")])
def test_what_an_object_needs_and_what_needs_it_is_find_nodes(direction: str, expected: str) -> None:
    part = CHAIN.around(find_nodes(CHAIN, "DBO.B", str.lower), direction)
    assert names(part) == expected


def test_edges_stay_with_their_nodes_in_a_part() -> None:
    part = CHAIN.only([1, 2, 3])
    assert names(part) == "bcd"
    assert part.edges == [(0, 1), (2, 0)]
    assert part.needed_by == {0: {2}, 1: {0}, 2: set()}


def test_objects_without_dependency_are_left_out() -> None:
    assert names(CHAIN.connected()) == "abcd"


def test_an_object_is_found_by_its_file_too() -> None:
    assert find_nodes(CHAIN, "e.sql", str.lower) == [4]


def test_a_name_that_nobody_creates_is_refused_with_near_ones() -> None:
    with pytest.raises(UsageError, match="nobody") as caught:
        find_nodes(graph(alpha="", beta=""), "nobody", str)
    assert caught.value.hint is None
    with pytest.raises(UsageError) as caught:
        find_nodes(graph(alpha="", beta=""), "alhpa", str)
    assert "alpha" in str(caught.value.hint)


@pytest.mark.parametrize(
    ("some", "cycles"),
    [
        (CHAIN, []),
        (graph(a="b", b="a"), ["ab"]),
        (graph(a="b", b="c", c="ad", d="e", e="d", f="a"), ["abc", "de"]),
        (graph(a="bc", b="d", c="d", d=""), []),
    ],
)
def test_objects_that_need_each_other_are_a_cycle(some: Graph, cycles: list[str]) -> None:
    assert sorted("".join(some.nodes[one].name for one in sorted(cycle)) for cycle in some.cycles) == cycles


def test_an_edge_between_two_cycles_is_in_none() -> None:
    some = graph(a="b", b="ac", c="d", d="c")
    assert [edge for edge in some.edges if some.in_cycle(*edge)] == [(0, 1), (1, 0), (2, 3), (3, 2)]


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(0, 9))
    some = st.sets(st.integers(0, size - 1)) if size else st.just(set())
    needs = {number: frozenset(draw(some) - {number}) for number in range(size)}
    return Graph(tuple(Node(f"dbo.n{number}", "view", f"{number}.sql") for number in range(size)), needs)


@given(graphs())
def test_two_objects_are_in_a_cycle_when_each_leads_to_the_other(some: Graph) -> None:
    reach = {one: some.around([one], "up").nodes for one in some.needs}
    for one in some.needs:
        for other in some.needs:
            both = some.nodes[other] in reach[one] and some.nodes[one] in reach[other]
            assert (one == other or some.in_cycle(one, other)) == both or one == other
