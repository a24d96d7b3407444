"""Markdown for the comment of a pull request and the summary of a job."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def plain(text: str) -> str:
    """Return a text that Markdown shows as it is, in one line."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace("\n", "<br>")
    return re.sub(r"([\\`*_\[\]|~])", r"\\\1", text)


def table(heads: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table whose cells are texts as they are."""
    cells = list(heads)
    return [_row(cells), "|---" * len(cells) + "|", *map(_row, rows)]


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(map(plain, cells))} |"


def fenced(text: str, language: str = "") -> list[str]:
    """Return the lines of a block of code, whose fence is longer than any in the text."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return [f"{fence}{language}", text, fence]


def folded(title: str, text: str, language: str) -> list[str]:
    """Return the lines of a block of code that a click on its title opens."""
    summary = f"<summary>{plain(title)}</summary>"
    return ["", f"<details>{summary}", "", *fenced(text, language), "", "</details>"]
