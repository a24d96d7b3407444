"""A picture of figures: bars in groups, as SVG that is readable on a light and on a dark page."""

from __future__ import annotations

from html import escape
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

WIDTH, LABELS, ROW = 760, 190, 20
GREY, OURS, THEIRS = "#808080", "#2f7ed8", "#b0b0b0"


def bars(title: str, values: Iterable[tuple[str, str, float]]) -> str:
    """Return a picture of groups, ways and values; the bars of a group have its own scale."""
    pieces, y = [], 2 * ROW
    for group, entries in groupby(values, itemgetter(0)):
        pieces.append(_text(0, y, group, "bold"))
        y += ROW
        known = [(way, value) for _, way, value in entries]
        largest = max(value for _, value in known)
        for way, value in known:
            pieces += _bar(y, way, value, largest)
            y += ROW
        y += ROW // 2
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y}" font-family="sans-serif" font-size="13">'
    return "\n".join([head, f"<title>{escape(title)}</title>", _text(0, ROW, title, "normal"), *pieces, "</svg>\n"])


def _bar(y: int, way: str, value: float, largest: float) -> Iterator[str]:
    length = (WIDTH - LABELS - 60) * value / largest
    colour = OURS if way.startswith(("ahjo", "fleet", "coordinator")) else THEIRS
    yield _text(10, y, way, "normal")
    yield f'<rect x="{LABELS}" y="{y - 12}" width="{max(length, 1):.0f}" height="14" fill="{colour}"/>'
    yield _text(LABELS + length + 6, y, f"{value:.0f}", "normal")


def _text(x: float, y: int, text: str, weight: str) -> str:
    return f'<text x="{x:.0f}" y="{y}" fill="{GREY}" font-weight="{weight}">{escape(text)}</text>'
