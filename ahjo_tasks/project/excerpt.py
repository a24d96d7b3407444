"""A few lines of a file around a place, with a caret."""

from __future__ import annotations

AROUND = 1
LONGEST = 160


def excerpt(text: str, line: int, column: int | None = None) -> tuple[str, ...]:
    """The line and its neighbours, numbered, and a caret under the column where it is known."""
    lines = text.splitlines()
    shown = []
    for number in range(max(1, line - AROUND), min(len(lines), line + AROUND) + 1):
        shown.append(f"{number:>5} | {lines[number - 1].expandtabs(4)[:LONGEST]}")
        if number == line and column:
            before = lines[number - 1][: column - 1].expandtabs(4)
            shown.append(f"      | {' ' * len(before)}^")
    return tuple(shown)
