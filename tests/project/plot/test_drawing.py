from __future__ import annotations

import json
import re
import shutil
import subprocess
import time
from itertools import combinations
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ahjo_tasks.project.plot.formats import as_dot, as_html, as_mermaid, as_svg, as_text
from ahjo_tasks.project.plot.graph import Graph, Node
from ahjo_tasks.project.plot.layout import GAP, layout

if TYPE_CHECKING:
    from pathlib import Path

NASTY = "dbo.a<b>&\"c'</script>\\{{data}}"
SHOP = Graph(
    (
        Node("dbo.item", "table", "tables/item.sql"),
        Node("dbo.stock", "view", "views/stock.sql"),
        Node(NASTY, "procedure", "procedures/nasty.sql"),
        Node("dbo.other", "procedure", "procedures/other.sql"),
    ),
    {0: frozenset(), 1: frozenset({0}), 2: frozenset({1, 3}), 3: frozenset({2})},
)
SVG = "{http://www.w3.org/2000/svg}"


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    size = draw(st.integers(0, 12))
    some = st.sets(st.integers(0, size - 1), max_size=4) if size else st.just(set())
    needs = {number: frozenset(draw(some) - {number}) for number in range(size)}
    names = [draw(st.text("abc", min_size=1, max_size=12)) for _ in range(size)]
    return Graph(tuple(Node(name, "view", name) for name in names), needs)


@given(graphs())
def test_no_two_boxes_touch(some: Graph) -> None:
    boxes = layout(some).boxes
    for one, other in combinations(boxes, 2):
        side_by_side = one.x + one.column_width <= other.x or other.x + other.column_width <= one.x
        apart = abs(one.y - other.y) - (one.height + other.height) / 2
        assert side_by_side or apart >= GAP - 0.001


@given(graphs())
def test_everything_lies_in_the_picture(some: Graph) -> None:
    placed = layout(some)
    for box in placed.boxes:
        assert box.x > 0
        assert box.x + box.width < placed.width
        assert box.y - box.height / 2 > 0
        assert box.y + box.height / 2 < placed.height


@given(graphs())
def test_an_object_stands_right_of_what_it_needs_unless_in_a_cycle(some: Graph) -> None:
    for (one, other), path in layout(some).paths.items():
        columns = [box.column for box in path]
        assert some.in_cycle(one, other) or columns[0] > columns[-1]
        assert columns == list(range(columns[0], columns[-1], -1 if columns[0] > columns[-1] else 1)) + columns[-1:]


def test_a_long_chain_is_drawn_quickly() -> None:
    nodes = tuple(Node(f"v{number}", "view", "") for number in range(3000))
    needs = {number: frozenset({number - 1} if number else ()) for number in range(3000)}
    started = time.process_time()
    layout(Graph(nodes, needs))
    assert time.process_time() - started < 2


def test_a_chain_is_drawn_in_one_line() -> None:
    chain = Graph(tuple(Node(str(n), "view", "") for n in range(4)), {n: frozenset({n - 1} - {-1}) for n in range(4)})
    assert len({box.y for box in layout(chain).boxes}) == 1


@given(graphs())
def test_an_svg_is_well_formed_and_has_every_object_and_line(some: Graph) -> None:
    root = ET.fromstring(as_svg(some))
    assert len(root.findall(f"{SVG}g[@data-node]")) == len(some.nodes)
    assert len(root.findall(f"{SVG}path")) == len(some.edges)


def test_names_in_an_svg_are_as_they_are_and_cycles_are_marked() -> None:
    root = ET.fromstring(as_svg(SHOP))
    boxes = {box.findtext(f"{SVG}text"): box.get("class") for box in root.findall(f"{SVG}g[@data-node]")}
    assert boxes == {"dbo.item": "node", "dbo.stock": "node", NASTY: "node cycle", "dbo.other": "node cycle"}
    lines = {(line.get("data-from"), line.get("data-to")): line.get("class") for line in root.findall(f"{SVG}path")}
    assert lines == {("1", "0"): "line", ("2", "1"): "line", ("2", "3"): "line cycle", ("3", "2"): "line cycle"}


def test_a_page_asks_nobody_for_anything_and_holds_the_graph() -> None:
    page = as_html(SHOP, "A <title>")
    assert re.findall(r'(?:src|href)\s*=|url\((?!#)|@import|fetch\(|https?://(?!www\.w3\.org/2000/svg")', page) == []
    assert "<title>A &lt;title&gt;</title>" in page
    (data,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert json.loads(data) == {
        "nodes": [[node.name, node.kind, node.file] for node in SHOP.nodes],
        "needs": [[], [0], [1, 3], [2]],
        "cycles": [[2, 3]],
    }


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
)


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
@pytest.mark.parametrize(
    ("place", "message"),
    [
        ("", ["4 objects", "1 circular dependency", "dbo.other"]),
        ("#stock", ["1 of 4 objects", "<h2>dbo.stock</h2>", "Needs (1)", "Needed by (1)", "2 in all that need it"]),
        ("#nasty", ["1 of 4 objects", "in a cycle", "procedures/nasty.sql"]),
    ],
)
def test_a_browser_shows_the_page(tmp_path: Path, place: str, message: list[str]) -> None:
    page = tmp_path / "page.html"
    page.write_text(as_html(SHOP, "Shop"), encoding="utf-8")
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri() + place]
    result = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=120, check=True)
    shown = result.stdout.partition("<aside")[2].partition("</aside>")[0] + result.stdout.partition("</header>")[0]
    assert [word for word in message if word not in shown] == []


def test_mermaid_has_every_edge_and_marks_cycles() -> None:
    assert as_mermaid(SHOP).splitlines() == [
        "flowchart LR",
        '    n0[("dbo.item")]',
        '    n1["dbo.stock"]',
        '    n2[["dbo.a#60;b#62;#38;#34;c#39;#60;#47;script#62;#92;#123;#123;data#125;#125;"]]',
        '    n3[["dbo.other"]]',
        "    n1 --> n0",
        "    n2 --> n1",
        "    n2 ==> n3",
        "    n3 ==> n2",
        "    classDef cycle stroke:#c62828,stroke-width:3px",
        "    class n2,n3 cycle",
    ]


def test_dot_quotes_names_and_marks_cycles() -> None:
    text = as_dot(SHOP)
    assert text.startswith("digraph dependencies {\n")
    assert '    n0 [label="dbo.item", shape=cylinder, tooltip="tables/item.sql"];' in text
    assert r'label="dbo.a<b>&\"c' in text
    assert "</script>\\\\{{data}}" in text
    assert "    n1 -> n0;\n" in text
    assert '    n2 -> n3 [color="#c62828", style=dashed];\n' in text
    assert text.endswith("}\n")


def test_text_lists_what_each_needs() -> None:
    lines = as_text(SHOP).splitlines()
    assert lines[:3] == [
        "table dbo.item  (tables/item.sql)",
        "view dbo.stock  (views/stock.sql)",
        "    needs table dbo.item",
    ]
    assert "    needs procedure dbo.other  in a cycle" in lines
    assert lines[-1] == f"circular dependency: {NASTY}, dbo.other"
