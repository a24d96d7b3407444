"""Comparing two sets of rows, in bounded memory."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ahjo_tasks.compare.equality import same
from ahjo_tasks.compare.pairs import Pair, Pairs, cells_of
from ahjo_tasks.compare.side import Side
from ahjo_tasks.compare.tally import Cell, Difference, Tally
from ahjo_tasks.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from ahjo_tasks.compare.comparison import Comparison
    from ahjo_tasks.door import RowStream

    Opener = Callable[[], AbstractContextManager[RowStream]]

BY_NUMBER = ("_row",)
"""The key where none is given: the number of the row, from 1."""


@contextmanager
def compared(asked: Comparison, open_a: Opener, open_b: Opener) -> Iterator[Compared]:
    """Read both sides, one after the other, and lend what came of it.

    Raises UsageError for columns that a side lacks or has twice, and for two sides without a column in common.
    """
    sides = Side("A"), Side("B")
    with Pairs(len(asked.keys) or 1) as pairs:
        for number, (side, opened) in enumerate(zip(sides, (open_a, open_b), strict=True)):
            with opened() as rows:
                pairs.add(number, side.read(rows, asked))
        yield Compared(asked, pairs, *sides)


class Compared:
    """The key, the compared columns, and the differences row by row; `tally` counts them as they are taken."""

    def __init__(self, asked: Comparison, pairs: Pairs, a: Side, b: Side) -> None:
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
        alone = [name for name in side.columns if name not in other.columns]
        if missing:
            yield f"{side.name} has no column {', '.join(missing)}: not compared."
        if alone and not asked.columns:
            yield f"Only {side.name} has the column {', '.join(alone)}: not compared."
