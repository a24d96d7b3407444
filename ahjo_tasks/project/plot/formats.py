"""The graph as text: an indented list, Mermaid, and Graphviz's DOT."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from ahjo_tasks.project.plot.svg import as_svg

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.project.plot.graph import Graph


def as_html(graph: Graph, title: str) -> str:
    """The page."""
    page = files("ahjo_tasks.project.plot").joinpath("page.html").read_text(encoding="utf-8")
    data = {
        "nodes": [[node.name, node.kind, node.file] for node in graph.nodes],
        "needs": [sorted(graph.needs[number]) for number in range(len(graph.nodes))],
        "circles": [sorted(circle) for circle in graph.cycles],
    }
    script = json.dumps(data, ensure_ascii=False).replace("<", "\\u003c")
    parts = {"title": escape(title), "drawing": as_svg(graph), "data": script}
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: parts[mark[1]], page)


SHAPES = {
    "table": ("[(", ")]", "cylinder"),
    "view": ("[", "]", "box"),
    "function": ("([", "])", "ellipse"),
    "procedure": ("[[", "]]", "component"),
    "trigger": ("{{", "}}", "hexagon"),
}
"""By kind: Mermaid's brackets and Graphviz's shape."""
OTHER = SHAPES["view"]
RED = "#c62828"


def as_text(graph: Graph) -> str:
    """Each object with what it needs below it; a circle is marked."""
    return "\n".join(_text_lines(graph)) + "\n"


def _text_lines(graph: Graph) -> Iterator[str]:
    for number, node in enumerate(graph.nodes):
        yield f"{node.kind} {node.name}  ({node.file})"
        for other in sorted(graph.needs[number], key=lambda one: graph.nodes[one].name):
            mark = "  in a circle" if graph.in_circle(number, other) else ""
            yield f"    needs {graph.nodes[other].kind} {graph.nodes[other].name}{mark}"
    for circle in graph.cycles:
        yield f"circle: {', '.join(sorted(graph.nodes[number].name for number in circle))}"


def as_mermaid(graph: Graph) -> str:
    """A flowchart; arrows lead to what is needed."""
    return "\n".join(_mermaid_lines(graph)) + "\n"


def _mermaid_lines(graph: Graph) -> Iterator[str]:
    yield "flowchart LR"
    for number, node in enumerate(graph.nodes):
        opening, closing, _ = SHAPES.get(node.kind, OTHER)
        yield f'    n{number}{opening}"{_mermaid_text(node.name)}"{closing}'
    for one, other in graph.edges:
        yield f"    n{one} {'==>' if graph.in_circle(one, other) else '-->'} n{other}"
    if graph.circle_of:
        yield f"    classDef circle stroke:{RED},stroke-width:3px"
        yield f"    class {','.join(f'n{number}' for number in sorted(graph.circle_of))} circle"


def _mermaid_text(text: str) -> str:
    """Mermaid reads `#` and a number as a character; what is no letter, digit or common mark is written so."""
    return "".join(char if char.isalnum() or char in "_.-$ " else f"#{ord(char)};" for char in text)


def as_dot(graph: Graph) -> str:
    """A digraph; arrows lead to what is needed."""
    return "\n".join(_dot_lines(graph)) + "\n"


def _dot_lines(graph: Graph) -> Iterator[str]:
    yield "digraph dependencies {"
    yield "    rankdir=RL;"
    yield '    node [fontname="sans-serif", fontsize=11];'
    for number, node in enumerate(graph.nodes):
        mark = f', color="{RED}", penwidth=2' if number in graph.circle_of else ""
        shape = SHAPES.get(node.kind, OTHER)[2]
        yield f"    n{number} [label={_quoted(node.name)}, shape={shape}, tooltip={_quoted(node.file)}{mark}];"
    for one, other in graph.edges:
        mark = f' [color="{RED}", style=dashed]' if graph.in_circle(one, other) else ""
        yield f"    n{one} -> n{other}{mark};"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
