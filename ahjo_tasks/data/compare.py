"""Compare the rows of two inputs, and write the differences as CSV."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.data.row_matcher import CompareInput, Pair, RowMatcher, equal_values, load_cells
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from ahjo_tasks.data.compare_options import Comparison
    from ahjo_tasks.data.csv import CsvFormat
    from ahjo_tasks.database.connection import RowStream

    OpenRows = Callable[[], AbstractContextManager[RowStream]]

MAX_EXAMPLES = 5
"""Number of duplicate keys that are kept as examples."""

Key = tuple[Any, ...]


class Cell(NamedTuple):
    """One compared value in A and B; the verdict is OK, Different, or Missing if the row is in one of them only."""

    a: Any
    b: Any
    verdict: str


class Difference(NamedTuple):
    """A row that is in one input only, or whose cells differ. `source` is both, A_only or B_only."""

    key: Key
    source: str
    cells: tuple[Cell, ...]


@dataclass
class Duplicates:
    """The keys that occur more than once in an input."""

    count: int = 0
    examples: list[Key] = field(default_factory=list)
    _last: Key | None = None

    def add(self, key: Key) -> None:
        """Count a key once, though it is added for each of its rows."""
        if key == self._last:
            return
        self._last = key
        self.count += 1
        if self.count <= MAX_EXAMPLES:
            self.examples.append(key)


@dataclass
class Summary:
    """Counts of the differences taken so far. `rows` are the numbers of filtered rows in A and B."""

    rows: tuple[int, int]
    only_a: int = 0
    only_b: int = 0
    different: int = 0
    cells: int = 0
    duplicates: tuple[Duplicates, Duplicates] = field(default_factory=lambda: (Duplicates(), Duplicates()))

    @property
    def total(self) -> int:
        """Rows in one input only, and rows with different values."""
        return self.only_a + self.only_b + self.different

    def add(self, difference: Difference) -> None:
        """Count a row that differs."""
        self.only_a += difference.source == "A_only"
        self.only_b += difference.source == "B_only"
        self.different += difference.source == "both"
        self.cells += sum(cell.verdict == "Different" for cell in difference.cells)


ROW_NUMBER_KEY = ("_row",)
"""The key if none is configured: the number of the row, from 1."""


@contextmanager
def compare(options: Comparison, open_a: OpenRows, open_b: OpenRows) -> Iterator[ComparisonResult]:
    """Read both inputs, one after the other, and lend the result.

    Raises UsageError for missing or duplicate columns, and for two inputs without a column in common.
    """
    inputs = CompareInput("A"), CompareInput("B")
    with RowMatcher(len(options.keys) or 1) as matcher:
        for number, (side, open_rows) in enumerate(zip(inputs, (open_a, open_b), strict=True)):
            with open_rows() as rows:
                matcher.add(number, side.read(rows, options))
        yield ComparisonResult(options, matcher, *inputs)


class ComparisonResult:
    """The key, the compared columns, and the differences row by row; `summary` counts them as they are taken."""

    def __init__(self, options: Comparison, matcher: RowMatcher, a: CompareInput, b: CompareInput) -> None:
        self.keys = options.keys or ROW_NUMBER_KEY
        self.columns = tuple(name for name in a.columns if name in b.columns)
        self.summary = Summary(rows=(a.rows, b.rows))
        self.notes = tuple(_columns_not_compared(options, a, b))
        self._matcher = matcher
        self._same_columns = a.columns == b.columns
        self._indexes = [(a.columns.index(name), b.columns.index(name)) for name in self.columns]
        self._numeric = [one in a.numeric or other in b.numeric for one, other in self._indexes]
        if not self.columns and (a.columns or b.columns or options.columns or not options.keys):
            raise UsageError(
                "The two inputs have no column in common to compare.",
                hint=f"A has {', '.join(a.columns) or 'none'}; B has {', '.join(b.columns) or 'none'}.",
            )

    def differences(self) -> Iterator[Difference]:
        """Yield every row that differs, in the order of the keys."""
        for pair in self._matcher:
            for duplicate, duplicates in zip(pair.duplicate, self.summary.duplicates, strict=True):
                if duplicate:
                    duplicates.add(pair.key)
            if pair.identical and self._same_columns:
                continue
            difference = self._difference(pair)
            if difference.source != "both" or any(cell.verdict != "OK" for cell in difference.cells):
                self.summary.add(difference)
                yield difference

    def _difference(self, pair: Pair) -> Difference:
        if pair.a is None or pair.b is None:
            return self._missing(pair)
        cells_a, cells_b = load_cells(pair.a), load_cells(pair.b)
        cells = (
            _cell(cells_a[a], cells_b[b], numeric=numeric)
            for (a, b), numeric in zip(self._indexes, self._numeric, strict=True)
        )
        return Difference(pair.key, "both", tuple(cells))

    def _missing(self, pair: Pair) -> Difference:
        if pair.b is None:
            row = load_cells(pair.a or b"")
            return Difference(pair.key, "A_only", tuple(Cell(row[a], None, "Missing") for a, _ in self._indexes))
        row = load_cells(pair.b)
        return Difference(pair.key, "B_only", tuple(Cell(None, row[b], "Missing") for _, b in self._indexes))


def _cell(a: Any, b: Any, *, numeric: bool) -> Cell:
    return Cell(a, b, "OK" if equal_values(a, b, numeric=numeric) else "Different")


def _columns_not_compared(options: Comparison, a: CompareInput, b: CompareInput) -> Iterator[str]:
    """Name the columns that are in one input only, or in none of them."""
    for side, other in ((a, b), (b, a)):
        missing = [name for name in options.columns if name not in side.columns and name not in options.keys]
        unmatched = [name for name in side.columns if name not in other.columns]
        if missing:
            yield f"{side.name} has no column {', '.join(missing)}: not compared."
        if unmatched and not options.columns:
            yield f"Only {side.name} has the column {', '.join(unmatched)}: not compared."


def write_differences(
    result: ComparisonResult,
    path: Path,
    labels: tuple[str, str],
    csv_format: CsvFormat,
    on_difference: Callable[[Difference], None],
) -> None:
    """Write the key, `_source`, and for each column both values and the verdict."""
    head = [
        name for column in result.columns for name in (*(f"{label}_{column}" for label in labels), f"{column}_comp")
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_format.format_row((*result.keys, "_source", *head)))
        for difference in result.differences():
            cells = (value for cell in difference.cells for value in cell)
            file.write(csv_format.format_row((*difference.key, difference.source, *cells)))
            on_difference(difference)
