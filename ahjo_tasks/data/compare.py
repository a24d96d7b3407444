"""Rows that differ, as CSV."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.data.row_matcher import Pair, RowMatcher, Side, cells_of, same
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ahjo_tasks.data.compare_options import Comparison
    from ahjo_tasks.database.connection import RowStream

    Opener = Callable[[], AbstractContextManager[RowStream]]
    from collections.abc import Callable
    from pathlib import Path

    from ahjo_tasks.data.csv import CsvFormat

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


BY_NUMBER = ("_row",)
"""The key where none is given: the number of the row, from 1."""


@contextmanager
def compared(asked: Comparison, open_a: Opener, open_b: Opener) -> Iterator[Compared]:
    """Read both sides, one after the other, and lend what came of it.

    Raises UsageError for columns that a side lacks or has twice, and for two sides without a column in common.
    """
    sides = Side("A"), Side("B")
    with RowMatcher(len(asked.keys) or 1) as pairs:
        for number, (side, opened) in enumerate(zip(sides, (open_a, open_b), strict=True)):
            with opened() as rows:
                pairs.add(number, side.read(rows, asked))
        yield Compared(asked, pairs, *sides)


class Compared:
    """The key, the compared columns, and the differences row by row; `tally` counts them as they are taken."""

    def __init__(self, asked: Comparison, pairs: RowMatcher, a: Side, b: Side) -> None:
        self.keys = asked.keys or BY_NUMBER
        self.columns = tuple(name for name in a.columns if name in b.columns)
        self.tally = Tally(rows=(a.rows, b.rows))
        self.notes = tuple(_left_out(asked, a, b))
        self._pairs = pairs
        self._alike = a.columns == b.columns
        self._places = [(a.columns.index(name), b.columns.index(name)) for name in self.columns]
        self._numeric = [one in a.numeric or other in b.numeric for one, other in self._places]
        if not self.columns and (a.columns or b.columns or asked.columns or not asked.keys):
            raise UsageError(
                "The two sides have no column in common to compare.",
                hint=f"A has {', '.join(a.columns) or 'none'}; B has {', '.join(b.columns) or 'none'}.",
            )

    def differences(self) -> Iterator[Difference]:
        """Every row that differs, in the order of its key."""
        for pair in self._pairs:
            for twice, duplicates in zip(pair.twice, self.tally.duplicates, strict=True):
                if twice:
                    duplicates.note(pair.key)
            if pair.identical and self._alike:
                continue
            difference = self._difference(pair)
            if difference.source != "both" or any(cell.verdict != "OK" for cell in difference.cells):
                self.tally.count(difference)
                yield difference

    def _difference(self, pair: Pair) -> Difference:
        if pair.a is None or pair.b is None:
            return self._missing(pair)
        one, other = cells_of(pair.a), cells_of(pair.b)
        cells = (
            _cell(one[a], other[b], numeric=numeric)
            for (a, b), numeric in zip(self._places, self._numeric, strict=True)
        )
        return Difference(pair.key, "both", tuple(cells))

    def _missing(self, pair: Pair) -> Difference:
        if pair.b is None:
            row = cells_of(pair.a or b"")
            return Difference(pair.key, "A_only", tuple(Cell(row[a], None, "Missing") for a, _ in self._places))
        row = cells_of(pair.b)
        return Difference(pair.key, "B_only", tuple(Cell(None, row[b], "Missing") for _, b in self._places))


def _cell(a: Any, b: Any, *, numeric: bool) -> Cell:
    return Cell(a, b, "OK" if same(a, b, numeric=numeric) else "Different")


def _left_out(asked: Comparison, a: Side, b: Side) -> Iterator[str]:
    """What was asked for, or is there, and is not compared."""
    for side, other in ((a, b), (b, a)):
        missing = [name for name in asked.columns if name not in side.columns and name not in asked.keys]
        upgrade_lock = [name for name in side.columns if name not in other.columns]
        if missing:
            yield f"{side.name} has no column {', '.join(missing)}: not compared."
        if upgrade_lock and not asked.columns:
            yield f"Only {side.name} has the column {', '.join(upgrade_lock)}: not compared."


def write_differences(
    found: Compared, path: Path, labels: tuple[str, str], form: CsvFormat, on_difference: Callable[[Difference], None]
) -> None:
    """Write the key, `_source`, and for each column both values and what is the matter with them."""
    head = [name for column in found.columns for name in (*(f"{label}_{column}" for label in labels), f"{column}_comp")]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(form.line((*found.keys, "_source", *head)))
        for difference in found.differences():
            cells = (value for cell in difference.cells for value in cell)
            file.write(form.line((*difference.key, difference.source, *cells)))
            on_difference(difference)
