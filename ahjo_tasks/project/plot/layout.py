"""A layered drawing of the graph: columns, each node to the right of what it needs, with few crossing lines.

The four steps are those of K. Sugiyama, S. Tagawa and M. Toda, "Methods for Visual Understanding of Hierarchical System
Structures" (1981): leave out edges that close a cycle, give each node a layer, sort the layers by the mean position of
their neighbours, and set the coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from statistics import fmean
from typing import TYPE_CHECKING

from ahjo_tasks.topology import topological_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ahjo_tasks.project.plot.graph import Graph

SWEEPS = 6
"""Times that the columns are sorted by their neighbours; more changes little."""
CHAR, PAD, HEIGHT, GAP, BETWEEN = 7.2, 24, 30, 14, 90
"""Pixels: of a character, around a name, of a box, between boxes, between columns."""
THIN = 8
"""The height that a line takes in a column that it crosses."""


@dataclass
class Box:
    """The box of a node, or with `node` None a point where a line crosses a column.

    `x` is its left side, `y` its middle, `column_width` the width of its column; all are pixels.
    """

    column: int
    node: int | None
    width: float = 0
    height: float = THIN
    x: float = 0
    y: float = 0
    column_width: float = 0
    left: list[int] = field(default_factory=list)
    right: list[int] = field(default_factory=list)


@dataclass
class Layout:
    """All boxes, and for each edge the boxes that its line passes, from the node to what it needs."""

    boxes: list[Box]
    paths: dict[tuple[int, int], list[Box]]
    width: float
    height: float


def layout(graph: Graph) -> Layout:
    """Place every node and edge."""
    return _LayeredLayout(graph).layout()


class _LayeredLayout:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        columns = _layers(graph)
        self.boxes = [
            Box(columns[index], index, len(node.name) * CHAR + PAD, HEIGHT) for index, node in enumerate(graph.nodes)
        ]
        self.paths = {edge: self._path(*edge) for edge in graph.edges}
        self.columns: list[list[int]] = [[] for _ in range(max(columns.values(), default=-1) + 1)]
        for index, box in enumerate(self.boxes):
            self.columns[box.column].append(index)

    def layout(self) -> Layout:
        self._sort()
        self._set_coordinates()
        right = max((box.x + box.width for box in self.boxes), default=0)
        bottom = max((box.y + box.height / 2 for box in self.boxes), default=0)
        paths = {edge: [self.boxes[index] for index in path] for edge, path in self.paths.items()}
        return Layout(self.boxes, paths, right + PAD, bottom + PAD)

    def _path(self, start: int, end: int) -> list[int]:
        """Return the boxes of an edge, with new ones in the columns that it crosses."""
        step = -1 if self.boxes[start].column > self.boxes[end].column else 1
        path = [start]
        for column in range(self.boxes[start].column + step, self.boxes[end].column, step):
            self.boxes.append(Box(column, None))
            path.append(len(self.boxes) - 1)
        path.append(end)
        for before, after in pairwise(path):
            left, right = (after, before) if step < 0 else (before, after)
            self.boxes[right].left.append(left)
            self.boxes[left].right.append(right)
        return path

    def _sort(self) -> None:
        """Sort each column by the mean position of its neighbours, to the right and back again."""
        for column in self.columns:
            column.sort(key=self._name)
        positions = {index: float(position) for column in self.columns for position, index in enumerate(column)}
        for sweep in range(SWEEPS):
            forward = sweep % 2 == 0
            for column in self.columns if forward else reversed(self.columns):
                column.sort(key=partial(self._barycenter, positions=positions, forward=forward))
                positions.update((index, float(position)) for position, index in enumerate(column))

    def _name(self, index: int) -> tuple[str, str]:
        node = self.boxes[index].node
        return (self.graph.nodes[node].kind, self.graph.nodes[node].name) if node is not None else ("~", "")

    def _barycenter(self, index: int, *, positions: Mapping[int, float], forward: bool) -> float:
        neighbours = self.boxes[index].left if forward else self.boxes[index].right
        return fmean(positions[other] for other in neighbours) if neighbours else positions[index]

    def _set_coordinates(self) -> None:
        x = float(PAD)
        for column in self.columns:
            widest = max(self.boxes[index].width for index in column)
            for index in column:
                box = self.boxes[index]
                box.x, box.column_width = x, widest
                box.width = box.width if box.node is not None else widest
            x += widest + BETWEEN
            self._stack(column)
        middles = {index: box.y for index, box in enumerate(self.boxes)}
        for forward in (True, False, True):
            for column in self.columns if forward else reversed(self.columns):
                self._pull(column, middles, forward=forward)
        top = min((box.y - box.height / 2 for box in self.boxes), default=0)
        for box in self.boxes:
            box.y += PAD - top

    def _stack(self, column: Iterable[int]) -> None:
        y = 0.0
        for index in column:
            box = self.boxes[index]
            box.y = y + box.height / 2
            y += box.height + GAP

    def _pull(self, column: list[int], middles: dict[int, float], *, forward: bool) -> None:
        """Move the boxes of a column towards their neighbours, as far as their order lets them."""
        targets = [self._barycenter(index, positions=middles, forward=forward) for index in column]
        heights = [self.boxes[index].height for index in column]
        for index, y in zip(column, _spread(targets, heights), strict=True):
            self.boxes[index].y = middles[index] = y


def _spread(targets: list[float], heights: list[float]) -> list[float]:
    """Move the middles as little as keeps the gaps: boxes that overlap settle around their mean."""
    blocks: list[tuple[float, list[float]]] = []  # the top of a block, and the top that each of its boxes asks for
    below = 0.0
    offsets = []
    for target, height in zip(targets, heights, strict=True):
        offsets.append(below + height / 2)
        tops = [target - offsets[-1]]
        while blocks and blocks[-1][0] > fmean(tops):
            tops = blocks.pop()[1] + tops
        blocks.append((fmean(tops), tops))
        below += height + GAP
    shifts = [top for top, members in blocks for _ in members]
    return [shift + offset for shift, offset in zip(shifts, offsets, strict=True)]


def _layers(graph: Graph) -> dict[int, int]:
    """Return the column of each node: right of the rightmost that it needs, edges that close a cycle left aside."""
    needs = {node: set(others) for node, others in graph.needs.items()}
    for node, needed in _closing_edges(graph):
        needs[node].discard(needed)
    layers: dict[int, int] = {}
    for node in topological_order(needs, lambda node: node):
        layers[node] = max((layers[needed] + 1 for needed in needs[node]), default=0)
    return layers


def _closing_edges(graph: Graph) -> list[tuple[int, int]]:
    """Return edges without which there is no cycle: in a depth-first walk they lead back to a node on its path."""
    closing, done = [], set()
    for start in sorted(graph.cycle_of):
        stack, path = [(start, iter(sorted(graph.needs[start])))], {start}
        while stack and start not in done:
            node, others = stack[-1]
            needed = next((other for other in others if other not in done), None)
            if needed is None:
                stack.pop()
                path.discard(node)
                done.add(node)
            elif needed in path:
                closing.append((node, needed))
            else:
                path.add(needed)
                stack.append((needed, iter(sorted(graph.needs[needed]))))
    return closing
