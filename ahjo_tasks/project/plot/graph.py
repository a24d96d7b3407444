"""Which file needs which: the graph that is drawn, and the parts of it that a user asks for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.project.dependencies import ObjectIndex
from ahjo_tasks.utils import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ahjo_tasks.project.sql_file import SqlFile

DIRECTIONS = ("both", "up", "down")
"""Of an object: all that is connected, what it needs, or what needs it."""


@dataclass(frozen=True)
class Node:
    """One file. `name` is the object it creates first; `names` are all of them, folded, to be found by."""

    name: str
    kind: str
    file: str
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Graph:
    """Nodes, and for each by its number the numbers of those that it needs."""

    nodes: tuple[Node, ...]
    needs: Mapping[int, frozenset[int]]

    @property
    def edges(self) -> list[tuple[int, int]]:
        """(node, what it needs), in order."""
        return [(one, other) for one in range(len(self.nodes)) for other in sorted(self.needs[one])]

    @cached_property
    def needed_by(self) -> Mapping[int, frozenset[int]]:
        """For each node those that need it."""
        found: dict[int, set[int]] = {number: set() for number in range(len(self.nodes))}
        for one, other in self.edges:
            found[other].add(one)
        return {number: frozenset(others) for number, others in found.items()}

    @cached_property
    def cycles(self) -> tuple[frozenset[int], ...]:
        """The groups of nodes that need each other in a circle."""
        return tuple(_circles(self.needs))

    @cached_property
    def circle_of(self) -> Mapping[int, int]:
        """The number of its circle for each node that is in one."""
        return {node: number for number, circle in enumerate(self.cycles) for node in circle}

    def in_circle(self, one: int, other: int) -> bool:
        """Whether the edge between two nodes is part of a circle."""
        return one in self.circle_of and self.circle_of[one] == self.circle_of.get(other)

    def only(self, kept: Iterable[int]) -> Graph:
        """The part of the graph with these nodes."""
        order = sorted(kept)
        place = {number: new for new, number in enumerate(order)}
        needs = {
            place[number]: frozenset(place[other] for other in self.needs[number] if other in place) for number in order
        }
        return Graph(tuple(self.nodes[number] for number in order), needs)

    def connected(self) -> Graph:
        """The graph without nodes that need nothing and that nothing needs."""
        return self.only(number for number in self.needs if self.needs[number] or self.needed_by[number])

    def around(self, numbers: Iterable[int], direction: str) -> Graph:
        """The part that is reached from some nodes in a direction of DIRECTIONS."""
        start = set(numbers)
        up = _reached(start, self.needs) if direction != "down" else start
        down = _reached(start, self.needed_by) if direction != "up" else start
        return self.only(up | down)


def graph_of(files: Sequence[SqlFile]) -> Graph:
    """The graph of some files, which speak one dialect."""
    needs = {number: frozenset(others) for number, others in ObjectIndex(files).edges().items()}
    return Graph(tuple(map(_node, files)), needs)


def found(graph: Graph, name: str, fold: Callable[[str], str]) -> list[int]:
    """The nodes of an object by its name, with or without schema, or by its file. Raises UsageError with near ones."""
    numbers = [number for number, node in enumerate(graph.nodes) if fold(name) in node.names or name == node.file]
    if numbers:
        return numbers
    names = {known for node in graph.nodes for known in node.names}
    raise UsageError(f"--object: no file creates {name!r}.", hint=did_you_mean(fold(name), names) or None)


def _node(file: SqlFile) -> Node:
    fold = file.dialect.normalize_name
    made = [definition.name for definition in file.definitions]
    names = {fold(text) for name in made for text in (str(name), name.name)} | {fold(file.name)}
    names |= {fold(f"{file.dialect.default_schema}.{name.name}") for name in made if not name.schema}
    return Node(str(made[0]) if made else file.name, file.kind, file.label, frozenset(names))


def _reached(start: set[int], edges: Mapping[int, frozenset[int]]) -> set[int]:
    seen, waiting = set(start), list(start)
    while waiting:
        fresh = edges[waiting.pop()] - seen
        seen |= fresh
        waiting += fresh
    return seen


def _circles(needs: Mapping[int, frozenset[int]]) -> list[frozenset[int]]:
    """Strongly connected nodes: those of one walk against the edges, begun in the order that a walk along them ends."""
    ended = [number for walk in _walks(needs, needs) for number in walk]
    against: dict[int, set[int]] = {number: set() for number in needs}
    for number, others in needs.items():
        for other in others:
            against[other].add(number)
    return [frozenset(walk) for walk in _walks(reversed(ended), against) if len(walk) > 1]


def _walks(starts: Iterable[int], edges: Mapping[int, Iterable[int]]) -> Iterator[list[int]]:
    """From each start what no walk before has reached, each node behind all that it leads to."""
    begun: set[int] = set()
    for start in starts:
        walk, waiting = [], [(start, False)]
        while waiting:
            number, done = waiting.pop()
            if done:
                walk.append(number)
            elif number not in begun:
                begun.add(number)
                waiting.append((number, True))
                waiting += [(other, False) for other in edges[number]]
        yield walk
