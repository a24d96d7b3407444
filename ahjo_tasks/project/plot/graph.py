"""The dependency graph of the files, and the parts of it that a user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.object_index import ObjectIndex
from ahjo_tasks.topology import strongly_connected
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ahjo_tasks.project.sql_file import SqlFile

DIRECTIONS = ("both", "up", "down")
"""Around an object: everything connected, what it needs (up), or what needs it (down)."""


@dataclass(frozen=True)
class Node:
    """One file. `name` is the first object that it creates; `names` are all of them, normalized, for a search."""

    name: str
    kind: str
    file: str
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Graph:
    """Nodes, and for the index of each the indexes of those that it needs."""

    nodes: tuple[Node, ...]
    needs: Mapping[int, frozenset[int]]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """Pairs of node and needed node, in order."""
        return [(node, needed) for node in range(len(self.nodes)) for needed in sorted(self.needs[node])]

    @cached_property
    def needed_by(self) -> Mapping[int, frozenset[int]]:
        """For each node those that need it."""
        needed_by: dict[int, set[int]] = {node: set() for node in range(len(self.nodes))}
        for node, needed in self.edges:
            needed_by[needed].add(node)
        return {node: frozenset(others) for node, others in needed_by.items()}

    @cached_property
    def cycles(self) -> tuple[frozenset[int], ...]:
        """The groups of nodes that need each other."""
        return tuple(strongly_connected(self.needs))

    @cached_property
    def cycle_of(self) -> Mapping[int, int]:
        """The index of its cycle for each node that is in one."""
        return {node: index for index, cycle in enumerate(self.cycles) for node in cycle}

    def in_cycle(self, node: int, needed: int) -> bool:
        """Tell whether the edge between two nodes is part of a cycle."""
        return node in self.cycle_of and self.cycle_of[node] == self.cycle_of.get(needed)

    def only(self, kept: Iterable[int]) -> Graph:
        """Return the part of the graph with these nodes."""
        order = sorted(kept)
        index_of = {node: index for index, node in enumerate(order)}
        needs = {
            index_of[node]: frozenset(index_of[other] for other in self.needs[node] if other in index_of)
            for node in order
        }
        return Graph(tuple(self.nodes[node] for node in order), needs)

    def connected(self) -> Graph:
        """Return the graph without nodes that need nothing and that nothing needs."""
        return self.only(node for node in self.needs if self.needs[node] or self.needed_by[node])

    def around(self, nodes: Iterable[int], direction: str) -> Graph:
        """Return the part that is reached from some nodes in a direction of DIRECTIONS."""
        start = set(nodes)
        up = _reachable(start, self.needs) if direction != "down" else start
        down = _reachable(start, self.needed_by) if direction != "up" else start
        return self.only(up | down)


def graph_of(files: Sequence[SqlFile]) -> Graph:
    """Build the graph of files of one dialect."""
    needs = {index: frozenset(others) for index, others in ObjectIndex(files).edges().items()}
    return Graph(tuple(map(_node, files)), needs)


def find_nodes(graph: Graph, name: str, normalize: Callable[[str], str]) -> list[int]:
    """Find the nodes of an object by its name, with or without schema, or by its file.

    Raises UsageError, which suggests a similar name.
    """
    wanted = normalize(name)
    nodes = [index for index, node in enumerate(graph.nodes) if wanted in node.names or name == node.file]
    if nodes:
        return nodes
    known = {known for node in graph.nodes for known in node.names}
    raise UsageError(f"--object: no file creates {name!r}.", hint=did_you_mean(wanted, known) or None)


def _node(file: SqlFile) -> Node:
    normalize = file.dialect.normalize_name
    objects = [definition.name for definition in file.definitions]
    names = {normalize(text) for name in objects for text in (str(name), name.name)} | {normalize(file.name)}
    names |= {normalize(f"{file.dialect.default_schema}.{name.name}") for name in objects if not name.schema}
    return Node(str(objects[0]) if objects else file.name, file.kind, file.label, frozenset(names))


def _reachable(start: set[int], edges: Mapping[int, frozenset[int]]) -> set[int]:
    seen, waiting = set(start), list(start)
    while waiting:
        fresh = edges[waiting.pop()] - seen
        seen |= fresh
        waiting += fresh
    return seen
