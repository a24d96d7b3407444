"""Text in the room that a terminal has."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def shortened(text: str, room: int) -> str:
    """The text with its middle left out where it does not fit; the end of a path tells most."""
    if len(text) <= room:
        return text
    head = max(0, room - 1) * 2 // 5
    return f"{text[:head]}…{text[len(text) - (room - 1 - head) :]}" if room > 1 else "…"


def columns(rows: Sequence[Sequence[Any]], headers: Sequence[str], room: int | None) -> Iterator[str]:
    """The lines of a table: its headers, a rule, and each row in as many lines as it needs in the room."""
    cells = [[_cell(value) for value in row] for row in rows]
    numbers = [bool(rows) and all(isinstance(row[at], int) for row in rows) for at in range(len(headers))]
    widths = [max(map(len, column)) for column in zip(headers, *cells, strict=True)]
    if room is not None:
        _narrow(widths, room - 2 * len(widths))
    yield _aligned(headers, widths, numbers)
    yield "  ".join("─" * width for width in widths)
    for row in cells:
        for part in _folded(row, widths):
            yield _aligned(part, widths, numbers)


def _cell(value: object) -> str:
    return "" if value is None else " ".join(str(value).split("\n"))


def _narrow(widths: list[int], room: int) -> None:
    """Take from the widest columns what does not fit."""
    while sum(widths) > room and max(widths) > 1:
        widths[widths.index(max(widths))] -= 1


def _folded(row: Sequence[str], widths: Sequence[int]) -> list[list[str]]:
    """The row in as many lines as its longest cell needs."""
    columns = [
        textwrap.wrap(cell, width) or [""] if len(cell) > width else [cell]
        for cell, width in zip(row, widths, strict=True)
    ]
    height = max(map(len, columns))
    return [[column[line] if line < len(column) else "" for column in columns] for line in range(height)]


def _aligned(cells: Sequence[str], widths: Sequence[int], numbers: Sequence[bool]) -> str:
    padded = [
        cell.rjust(width) if right else cell.ljust(width)
        for cell, width, right in zip(cells, widths, numbers, strict=True)
    ]
    return "  ".join(padded).rstrip()
