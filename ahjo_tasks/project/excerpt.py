"""A few lines of a file around a place, with a caret."""

from __future__ import annotations

import re

AROUND = 1
LONGEST = 160
LINE = re.compile(r"\r\n?|\n")


def excerpt(text: str, line: int, column: int | None = None) -> tuple[str, ...]:
    """The line and its neighbours, numbered, and a caret under the column where it is known.

    Of lines that are too long the part around the column is shown.
    """
    lines = LINE.split(text)
    first = max(0, (column or 0) - LONGEST // 2) if column and column > LONGEST else 0
    shown = []
    for number in range(max(1, line - AROUND), min(len(lines), line + AROUND) + 1):
        shown.append(f"{number:>5} | {_part(lines[number - 1], first)}".rstrip())
        if number == line and column:
            before = _part(lines[number - 1][: column - 1], first)
            shown.append(f"      | {' ' * len(before)}^")
    return tuple(shown)


def _part(text: str, first: int) -> str:
    return "".join(char if char.isprintable() else " " for char in text[first : first + LONGEST].expandtabs(4))
