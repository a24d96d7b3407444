"""The graph as SVG, an HTML page, an indented list, Mermaid and Graphviz's DOT."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING

from ahjo_tasks.project.plot.layout import HEIGHT, layout

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.project.plot.graph import Graph
    from ahjo_tasks.project.plot.layout import Box


def as_html(graph: Graph, title: str) -> str:
    """Write the page: the drawing, and a script that searches it."""
    page = files("ahjo_tasks.project.plot").joinpath("page.html").read_text(encoding="utf-8")
    data = {
        "nodes": [[node.name, node.kind, node.file] for node in graph.nodes],
        "needs": [sorted(graph.needs[node]) for node in range(len(graph.nodes))],
        "cycles": [sorted(cycle) for cycle in graph.cycles],
    }
    script = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    parts = {"title": escape(title), "drawing": as_svg(graph), "data": script}
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], page)


SHAPES = {
    "table": ("[(", ")]", "cylinder"),
    "view": ("[", "]", "box"),
    "function": ("([", "])", "ellipse"),
    "procedure": ("[[", "]]", "component"),
    "trigger": ("{{", "}}", "hexagon"),
}
"""By kind: Mermaid's brackets and Graphviz's shape."""
OTHER_SHAPE = SHAPES["view"]
RED = "#c62828"


def as_text(graph: Graph) -> str:
    """List each object with what it needs below it; cycles are marked."""
    return "\n".join(_text_lines(graph)) + "\n"


def _text_lines(graph: Graph) -> Iterator[str]:
    for index, node in enumerate(graph.nodes):
        yield f"{node.kind} {node.name}  ({node.file})"
        for needed in sorted(graph.needs[index], key=lambda other: graph.nodes[other].name):
            mark = "  in a cycle" if graph.in_cycle(index, needed) else ""
            yield f"    needs {graph.nodes[needed].kind} {graph.nodes[needed].name}{mark}"
    for cycle in graph.cycles:
        yield f"circular dependency: {', '.join(sorted(graph.nodes[node].name for node in cycle))}"


def as_mermaid(graph: Graph) -> str:
    """Write a flowchart; arrows lead to what is needed."""
    return "\n".join(_mermaid_lines(graph)) + "\n"


def _mermaid_lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    for index, node in enumerate(graph.nodes):
        opening, closing, _ = SHAPES.get(node.kind, OTHER_SHAPE)
        yield f'    n{index}{opening}"{_mermaid_text(node.name)}"{closing}'
    for node_index, needed in graph.edges:
        yield f"    n{node_index} {'==>' if graph.in_cycle(node_index, needed) else '-->'} n{needed}"
    if graph.cycle_of:
        yield f"    classDef cycle stroke:{RED},stroke-width:3px"
        yield f"    class {','.join(f'n{index}' for index in sorted(graph.cycle_of))} cycle"


def _mermaid_text(text: str) -> str:
    """Escape all but letters, digits and common marks: Mermaid reads `#`, a number and `;` as a character."""
    return "".join(char if char.isalnum() or char in "_.-$ " else f"#{ord(char)};" for char in text)


def as_dot(graph: Graph) -> str:
    """Write a digraph; arrows lead to what is needed."""
    return "\n".join(_dot_lines(graph)) + "\n"


def _dot_lines(graph: Graph) -> Iterator[str]:
    yield "digraph dependencies {"
    yield "    rankdir=RL;"
    yield '    node [fontname="sans-serif", fontsize=11];'
    for index, node in enumerate(graph.nodes):
        mark = f', color="{RED}", penwidth=2' if index in graph.cycle_of else ""
        shape = SHAPES.get(node.kind, OTHER_SHAPE)[2]
        yield f"    n{index} [label={_quoted(node.name)}, shape={shape}, tooltip={_quoted(node.file)}{mark}];"
    for node_index, needed in graph.edges:
        mark = f' [color="{RED}", style=dashed]' if graph.in_cycle(node_index, needed) else ""
        yield f"    n{node_index} -> n{needed}{mark};"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'


COLORS = {
    "table": "#cfe3f7",
    "view": "#d9f0d5",
    "function": "#fdeccb",
    "procedure": "#ead9f5",
    "trigger": "#fbd9d3",
    "sequence": "#d5eef0",
    "type": "#e6e6e6",
}
OTHER_COLOR = "#eeeeee"
NOTHING = 0.05
STYLE = (
    "text{font:12px ui-monospace,Menlo,Consolas,monospace;fill:#1b1f24}"
    ".box{stroke:#57606a;rx:5}.line{fill:none;stroke:#8c959f;stroke-width:1.4}"
    ".cycle .box{stroke:#c62828;stroke-width:2.5}.line.cycle{stroke:#c62828;stroke-width:2;stroke-dasharray:6 3}"
)
MARK = (
    '<marker id="tip" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
    '<path d="M0 0 10 5 0 10z" fill="context-stroke"/></marker>'
)


def as_svg(graph: Graph) -> str:
    """Draw the graph on white, without anything from elsewhere."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    drawing = layout(graph)
    legend = list(dict.fromkeys(node.kind for node in graph.nodes))
    height = drawing.height + (HEIGHT if legend else 0)
    width = max(drawing.width, 24 + 110 * len(legend))
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}"'
        f' height="{height:.0f}" role="img" aria-label="Dependencies">'
    )
    yield f"<style>{STYLE}</style><defs>{MARK}</defs>"
    yield f'<rect class="ground" width="{width:.0f}" height="{height:.0f}" fill="#ffffff"/>'
    for (node, needed), path in drawing.paths.items():
        name = "line cycle" if graph.in_cycle(node, needed) else "line"
        yield f'<path class="{name}" data-from="{node}" data-to="{needed}" marker-end="url(#tip)" d="{_path(path)}"/>'
    for box in drawing.boxes:
        if box.node is not None:
            yield _box(graph, box.node, box)
    yield from (_legend(kind, 24 + 110 * position, drawing.height) for position, kind in enumerate(legend))
    yield "</svg>"


def _box(graph: Graph, index: int, box: Box) -> str:
    node = graph.nodes[index]
    cycle = " cycle" if index in graph.cycle_of else ""
    name, title = escape(node.name), escape(f"{node.kind} {node.name}: {node.file}")
    return (
        f'<g class="node{cycle}" data-node="{index}"><title>{title}</title>'
        f'<rect class="box" x="{box.x:.1f}" y="{box.y - box.height / 2:.1f}" width="{box.width:.1f}"'
        f' height="{box.height}" rx="5" fill="{COLORS.get(node.kind, OTHER_COLOR)}"/>'
        f'<text x="{box.x + box.width / 2:.1f}" y="{box.y + 4:.1f}" text-anchor="middle">{name}</text></g>'
    )


def _path(boxes: Sequence[Box]) -> str:
    """Lead from the side of the first box to that of the last, curved between columns and straight within them."""
    leftward = boxes[0].x > boxes[-1].x
    parts = [f"M{_sides(boxes[0], left=leftward)[0]:.1f} {boxes[0].y:.1f}"]
    for before, after in pairwise(boxes):
        (start, out), (end, into) = _sides(before, left=leftward), _sides(after, left=not leftward)
        bend = (out + into) / 2
        parts.append(_straight(start, out))
        parts.append(f"C{bend:.1f} {before.y:.1f} {bend:.1f} {after.y:.1f} {into:.1f} {after.y:.1f}")
        parts.append(_straight(into, end))
        if after.node is None:
            parts.append(_straight(end, _sides(after, left=leftward)[0]))
    return "".join(parts)


def _straight(start: float, end: float) -> str:
    """Draw a straight piece; none without length, which would turn the tip of the line."""
    return f"H{end:.1f}" if abs(start - end) > NOTHING else ""


def _sides(box: Box, *, left: bool) -> tuple[float, float]:
    """Return the side of the box, and of its column, where lines leave it."""
    return (box.x, box.x) if left else (box.x + box.width, box.x + box.column_width)


def _legend(kind: str, x: float, y: float) -> str:
    return (
        f'<g class="legend"><rect class="box" x="{x}" y="{y - 6:.1f}" width="14" height="14" rx="3"'
        f' fill="{COLORS.get(kind, OTHER_COLOR)}"/><text x="{x + 20}" y="{y + 5:.1f}">{escape(kind)}</text></g>'
    )
