"""What a comparison found: rows that differ, and the counts of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple

EXAMPLES = 5
"""Duplicated keys that are kept to be shown."""

Key = tuple[Any, ...]


class Cell(NamedTuple):
    """One compared value on both sides, and whether it is OK, Different, or Missing with its whole row."""

    a: Any
    b: Any
    verdict: str


class Difference(NamedTuple):
    """A row that is on one side only, or whose cells differ. `source` is both, A_only or B_only."""

    key: Key
    source: str
    cells: tuple[Cell, ...]


@dataclass
class Duplicates:
    """The keys that one side has more than once."""

    count: int = 0
    examples: list[Key] = field(default_factory=list)
    _last: Key | None = None

    def note(self, key: Key) -> None:
        """Count a key, which comes again for each of its rows."""
        if key == self._last:
            return
        self._last = key
        self.count += 1
        if self.count <= EXAMPLES:
            self.examples.append(key)


@dataclass
class Tally:
    """Counts that grow with every difference taken. `rows` are those of A and B, filtered."""

    rows: tuple[int, int]
    only_a: int = 0
    only_b: int = 0
    different: int = 0
    cells: int = 0
    duplicates: tuple[Duplicates, Duplicates] = field(default_factory=lambda: (Duplicates(), Duplicates()))

    @property
    def total(self) -> int:
        """Rows on one side only, and rows with different values."""
        return self.only_a + self.only_b + self.different

    def count(self, difference: Difference) -> None:
        """Add a row that differs."""
        self.only_a += difference.source == "A_only"
        self.only_b += difference.source == "B_only"
        self.different += difference.source == "both"
        self.cells += sum(cell.verdict == "Different" for cell in difference.cells)
