"""One of the two sets of rows: what its rows are told apart by, and what of them is compared."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.compare.equality import Numeric
from ahjo_tasks.errors import UsageError
from ahjo_tasks.export.text import text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.compare.comparison import Comparison
    from ahjo_tasks.door import RowStream


class Chunk(NamedTuple):
    """Some rows: each part of their keys as a column, and what is compared of each row."""

    keys: Sequence[Sequence[Any]]
    cells: Sequence[tuple[Any, ...]]


@dataclass
class Side:
    """A or B, as `name` says. `columns` are those that may be compared; `numeric` is known when all rows were read."""

    name: str
    columns: tuple[str, ...] = ()
    numeric: Numeric = field(default_factory=lambda: Numeric(0))
    rows: int = 0

    def read(self, rows: RowStream, asked: Comparison) -> Iterator[Chunk]:
        """The rows, some at a time. Without keys a row's number from 1 is its key.

        Raises UsageError for columns that are missing, or there twice.
        """
        keys = self._places(rows.columns, asked.keys)
        wanted = self._places(rows.columns, [asked.filter_column] if asked.filter_column else [])
        self.columns = tuple(name for name in rows.columns if name not in asked.keys and asked.compares(name))
        cells = self._places(rows.columns, self.columns)
        self.numeric = Numeric(len(cells))
        for chunk in rows.chunks:
            kept = [row for row in chunk if _says(row[wanted[0]], asked.filter_value)] if wanted else chunk
            columns = list(zip(*kept, strict=True))
            if not columns:
                continue
            compared = [columns[place] for place in cells]
            self.numeric.see(compared)
            numbers = range(self.rows + 1, self.rows + len(kept) + 1)
            self.rows += len(kept)
            yield Chunk(
                [list(map(_key, columns[place])) for place in keys] or [numbers],
                list(zip(*compared, strict=True)) or [()] * len(kept),
            )

    def _places(self, columns: Sequence[str], names: Sequence[str]) -> list[int]:
        twice = [name for name, count in Counter(columns).items() if count > 1]
        if twice:
            raise UsageError(f"{self.name} has the column {twice[0]!r} twice.", hint="Name each column once, with AS.")
        missing = [name for name in names if name not in columns]
        if missing:
            raise UsageError(f"{self.name} has no column {', '.join(missing)}.", hint=f"It has: {', '.join(columns)}.")
        return [columns.index(name) for name in names]


def _key(value: Any) -> str | None:
    return value if value is None or type(value) is str else text(value)


def _says(value: Any, wanted: str) -> bool:
    return value is not None and text(value) == wanted
