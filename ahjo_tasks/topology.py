"""Topological order and cycles of a dependency graph: for each node the nodes that it needs."""

from __future__ import annotations

import heapq
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

N = TypeVar("N")


def topological_order(needs: Mapping[N, Iterable[N]], key: Callable[[N], Any]) -> list[N]:
    """Sort the nodes so that each follows those it needs; among those that could be next, the smallest `key` is.

    Keys are distinct. Raises graphlib.CycleError; `find_cycle` has the nodes of a cycle.
    """
    sorter = TopologicalSorter(needs)
    sorter.prepare()
    ready: list[tuple[Any, N]] = []
    order: list[N] = []
    while sorter.is_active():
        for node in sorter.get_ready():
            heapq.heappush(ready, (key(node), node))
        node = heapq.heappop(ready)[1]
        order.append(node)
        sorter.done(node)
    return order


def find_cycle(needs: Mapping[N, Iterable[N]]) -> list[N]:
    """Return nodes of which each needs the next, from the first one in `needs` back to it; empty without a cycle."""
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        nodes: list[N] = error.args[1][:0:-1]  # graphlib gives them the other way round, with the first one twice
        ranks = {node: rank for rank, node in enumerate(needs)}
        first = min(range(len(nodes)), key=lambda index: ranks[nodes[index]])
        return [*nodes[first:], *nodes[: first + 1]]
    return []


def closure(start: Iterable[N], following: Callable[[N], set[N]]) -> set[N]:
    """Return the start and all that follows from its members, directly or through others."""
    members = set(start)
    waiting = [*members]
    while waiting:
        more = following(waiting.pop()) - members
        members |= more
        waiting += more
    return members


def strongly_connected(needs: Mapping[N, Iterable[N]]) -> list[frozenset[N]]:
    """Return the groups of two or more nodes that all need each other, directly or not (Kosaraju's algorithm)."""
    finished = [node for walk in _walks(needs, needs) for node in walk]
    needed_by: dict[N, list[N]] = {node: [] for node in needs}
    for node, others in needs.items():
        for other in others:
            needed_by[other].append(node)
    return [frozenset(walk) for walk in _walks(reversed(finished), needed_by) if len(walk) > 1]


def _walks(starts: Iterable[N], edges: Mapping[N, Iterable[N]]) -> Iterator[list[N]]:
    """From each start yield the nodes that no walk before has reached, each after all that it leads to."""
    seen: set[N] = set()
    for start in starts:
        walk: list[N] = []
        stack = [(start, False)]
        while stack:
            node, left = stack.pop()
            if left:
                walk.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack += [(other, False) for other in edges[node]]
        yield walk
