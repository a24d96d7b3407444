"""The graph as SVG: boxes in columns, lines to what each needs, circles in red."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.project.plot.layout import HEIGHT, layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.project.plot.graph import Graph
    from ahjo_tasks.project.plot.layout import Spot

COLORS = {
    "table": "#cfe3f7",
    "view": "#d9f0d5",
    "function": "#fdeccb",
    "procedure": "#ead9f5",
    "trigger": "#fbd9d3",
    "sequence": "#d5eef0",
    "type": "#e6e6e6",
}
OTHER = "#eeeeee"
NOTHING = 0.05
STYLE = (
    "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1b1f24}"
    ".box{stroke:#57606a;rx:5}.line{fill:none;stroke:#8c959f;stroke-width:1.4}"
    ".circle .box{stroke:#c62828;stroke-width:2.5}.line.circle{stroke:#c62828;stroke-width:2;stroke-dasharray:6 3}"
)
MARK = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 10 5 0 10z" fill="context-stroke"/></marker>'
)


def as_svg(graph: Graph) -> str:
    """A drawing that stands by itself, on white."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    placed = layout(graph)
    legend = list(dict.fromkeys(node.kind for node in graph.nodes))
    height = placed.height + (HEIGHT if legend else 0)
    width = max(placed.width, 24 + 110 * len(legend))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="Dependencies">'
    )
    yield f"<style>{STYLE}</style><defs>{MARK}</defs>"
    yield f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    for (one, other), path in placed.paths.items():
        name = "line circle" if graph.in_circle(one, other) else "line"
        yield f'<path class="{name}" data-from="{one}" data-to="{other}" marker-end="url(#tip)" d="{_path(path)}"/>'
    for spot in placed.spots:
        if spot.node is not None:
            yield _box(graph, spot.node, spot)
    yield from (_legend(kind, 24 + 110 * number, placed.height) for number, kind in enumerate(legend))
    yield "</svg>"


def _box(graph: Graph, number: int, spot: Spot) -> str:
    node = graph.nodes[number]
    circle = " circle" if number in graph.circle_of else ""
    name, title = escape(node.name), escape(f"{node.kind} {node.name}: {node.file}")
    return (
        f'<g class="node{circle}" data-node="{number}"><title>{title}</title>'
        f'<rect class="box" x="{spot.x:.1f}" y="{spot.y - spot.height / 2:.1f}" width="{spot.width:.1f}"'
        f' height="{spot.height}" rx="5" fill="{COLORS.get(node.kind, OTHER)}"/>'
        f'<text x="{spot.x + spot.width / 2:.1f}" y="{spot.y + 4:.1f}" text-anchor="middle">{name}</text></g>'
    )


def _path(spots: Sequence[Spot]) -> str:
    """From the side of the first box to the side of the last one, curved between columns and straight within them."""
    leftward = spots[0].x > spots[-1].x
    parts = [f"M{_sides(spots[0], left=leftward)[0]:.1f} {spots[0].y:.1f}"]
    for one, other in pairwise(spots):
        (start, out), (end, into) = _sides(one, left=leftward), _sides(other, left=not leftward)
        bend = (out + into) / 2
        parts.append(_across(start, out))
        parts.append(f"C{bend:.1f} {one.y:.1f} {bend:.1f} {other.y:.1f} {into:.1f} {other.y:.1f}")
        parts.append(_across(into, end))
        if other.node is None:
            parts.append(_across(end, _sides(other, left=leftward)[0]))
    return "".join(parts)


def _across(start: float, end: float) -> str:
    """A straight piece; none of no length, which would turn the tip of the line."""
    return f"H{end:.1f}" if abs(start - end) > NOTHING else ""


def _sides(spot: Spot, *, left: bool) -> tuple[float, float]:
    """The side of the box, and of its column, where lines leave it."""
    return (spot.x, spot.x) if left else (spot.x + spot.width, spot.x + spot.room)


def _legend(kind: str, x: float, y: float) -> str:
    return (
        f'<g class="legend"><rect class="box" x="{x}" y="{y - 6:.1f}" width="14" height="14" rx="3"'
        f' fill="{COLORS.get(kind, OTHER)}"/><text x="{x + 20}" y="{y + 5:.1f}">{escape(kind)}</text></g>'
    )
