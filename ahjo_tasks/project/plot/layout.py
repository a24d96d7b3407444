"""Where nodes stand: in columns, each to the right of all that it needs, with few lines crossing."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ahjo_tasks.project.plot.graph import Graph

SWEEPS = 6
"""How often the columns are sorted anew after their neighbours; more changes little."""
CHAR, PAD, HEIGHT, GAP, BETWEEN = 7.2, 24, 30, 14, 90
"""Pixels: of a character, around a name, of a box, between boxes, between columns."""
THIN = 8
"""The height of the place that a long line passes through."""


@dataclass
class Spot:
    """A box, or with `node` None a place that a line passes on its way.

    `x` is its left side, `y` its middle, `room` the width of its column.
    """

    column: int
    node: int | None
    width: float = 0
    height: float = THIN
    x: float = 0
    y: float = 0
    room: float = 0
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)


@dataclass
class Layout:
    """All spots, and the path of spots for each edge, from the node to what it needs."""

    spots: list[Spot]
    paths: dict[tuple[int, int], list[Spot]]
    width: float
    height: float


def layout(graph: Graph) -> Layout:
    """Place every node and edge."""
    return _Placing(graph).layout()


class _Placing:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        columns = _columns(graph)
        self.spots = [
            Spot(columns[number], number, len(node.name) * CHAR + PAD, HEIGHT)
            for number, node in enumerate(graph.nodes)
        ]
        self.paths = {edge: self._path(*edge) for edge in graph.edges}
        self.columns: list[list[int]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
        for number, spot in enumerate(self.spots):
            self.columns[spot.column].append(number)

    def layout(self) -> Layout:
        self._sort()
        self._place()
        right = max((spot.x + spot.width for spot in self.spots), default=0)
        low = max((spot.y + spot.height / 2 for spot in self.spots), default=0)
        paths = {edge: [self.spots[number] for number in path] for edge, path in self.paths.items()}
        return Layout(self.spots, paths, right + PAD, low + PAD)

    def _path(self, one: int, other: int) -> list[int]:
        """The spots of an edge, with new ones in the columns that it crosses."""
        path, last = [one], one
        step = -1 if self.spots[one].column > self.spots[other].column else 1
        for column in range(self.spots[one].column + step, self.spots[other].column, step):
            self.spots.append(Spot(column, None))
            path.append(len(self.spots) - 1)
        path.append(other)
        for last, here in pairwise(path):
            left, right = (here, last) if step < 0 else (last, here)
            self.spots[right].left.append(left)
            self.spots[left].right.append(right)
        return path

    def _sort(self) -> None:
        """Sort each column by the places of its neighbours, to the right and back again."""
        for column in self.columns:
            column.sort(key=self._name)
        place = {number: float(index) for column in self.columns for index, number in enumerate(column)}
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            for column in self.columns if forward else reversed(self.columns):
                column.sort(key=partial(self._middle, place=place, forward=forward))
                place.update((number, float(index)) for index, number in enumerate(column))

    def _name(self, number: int) -> tuple[str, str]:
        node = self.spots[number].node
        return (self.graph.nodes[node].kind, self.graph.nodes[node].name) if node is not None else ("~", "")

    def _middle(self, number: int, *, place: Mapping[int, float], forward: bool) -> float:
        near = self.spots[number].left if forward else self.spots[number].right
        return fmean(place[other] for other in near) if near else place[number]

    def _place(self) -> None:
        x = float(PAD)
        for column in self.columns:
            widest = max(self.spots[number].width for number in column)
            for number in column:
                spot = self.spots[number]
                spot.x, spot.room = x, widest
                spot.width = spot.width if spot.node is not None else widest
            x += widest + BETWEEN
            self._stack(column)
        place = {number: spot.y for number, spot in enumerate(self.spots)}
        for forward in (True, False, True):
            for column in self.columns if forward else reversed(self.columns):
                self._pull(column, place, forward=forward)
        top = min((spot.y - spot.height / 2 for spot in self.spots), default=0)
        for spot in self.spots:
            spot.y += PAD - top

    def _stack(self, column: Iterable[int]) -> None:
        y = 0.0
        for number in column:
            spot = self.spots[number]
            spot.y = y + spot.height / 2
            y += spot.height + GAP

    def _pull(self, column: list[int], place: dict[int, float], *, forward: bool) -> None:
        """Move the spots of a column towards their neighbours, as far as their order lets them."""
        wanted = [self._middle(number, place=place, forward=forward) for number in column]
        heights = [self.spots[number].height for number in column]
        for number, y in zip(column, _apart(wanted, heights), strict=True):
            self.spots[number].y = place[number] = y


def _apart(wanted: list[float], heights: list[float]) -> list[float]:
    """The wanted middles, moved as little as keeps the gaps: neighbours that clash settle around their mean."""
    blocks: list[tuple[float, list[float]]] = []  # the top of a block, and what each of its spots wants that top to be
    below = 0.0
    offsets = []
    for want, height in zip(wanted, heights, strict=True):
        offsets.append(below + height / 2)
        tops = [want - offsets[-1]]
        while blocks and blocks[-1][0] > fmean(tops):
            tops = blocks.pop()[1] + tops
        blocks.append((fmean(tops), tops))
        below += height + GAP
    shifts = [top for top, members in blocks for _ in members]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _columns(graph: Graph) -> dict[int, int]:
    """The column of each node: right of the furthest of those it needs. An edge that closes a circle does not count."""
    needs = {number: set(others) for number, others in graph.needs.items()}
    for one, other in _closing(graph):
        needs[one].discard(other)
    dependents = defaultdict(set)
    for number, others in needs.items():
        for other in others:
            dependents[other].add(number)
    columns = dict.fromkeys(needs, 0)
    ready = [number for number, others in needs.items() if not others]
    while ready:
        number = ready.pop()
        for dependent in dependents[number]:
            columns[dependent] = max(columns[dependent], columns[number] + 1)
            needs[dependent].discard(number)
            if not needs[dependent]:
                ready.append(dependent)
    return columns


def _closing(graph: Graph) -> list[tuple[int, int]]:
    """Edges without which there is no circle: those that lead back to a node of the walk they are met on."""
    found, done = [], set()
    for start in sorted(graph.circle_of):
        waiting, walk = [(start, iter(sorted(graph.needs[start])))], {start}
        while waiting and start not in done:
            number, others = waiting[-1]
            other = next((one for one in others if one not in done), None)
            if other is None:
                waiting.pop()
                walk.discard(number)
                done.add(number)
            elif other in walk:
                found.append((number, other))
            else:
                walk.add(other)
                waiting.append((other, iter(sorted(graph.needs[other]))))
    return found
