"""The graph as an indented list, Mermaid, Graphviz's DOT and an HTML page."""

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
OTHER = SHAPES["view"]
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
        opening, closing, _ = SHAPES.get(node.kind, OTHER)
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
        shape = SHAPES.get(node.kind, OTHER)[2]
        yield f"    n{index} [label={_quoted(node.name)}, shape={shape}, tooltip={_quoted(node.file)}{mark}];"
    for node_index, needed in graph.edges:
        mark = f' [color="{RED}", style=dashed]' if graph.in_cycle(node_index, needed) else ""
        yield f"    n{node_index} -> n{needed}{mark};"
    yield "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
    return f'"{escaped}"'
