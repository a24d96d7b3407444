"""The graph as one HTML page that needs no network: the drawing, a search, and each object's neighbours on a click."""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

from ahjo_tasks.project.plot.svg import as_svg

if TYPE_CHECKING:
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
