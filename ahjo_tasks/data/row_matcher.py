"""Match the rows of two inputs by their keys, in bounded memory: SQLite sorts them in a temporary file."""

from __future__ import annotations

import pickle
import re
import sqlite3
from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from itertools import groupby, repeat, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ahjo_tasks.data.values import to_text
from ahjo_tasks.errors import AhjoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.data.compare_options import Comparison
    from ahjo_tasks.database.connection import RowStream

NUMBERS = frozenset({bool, int, float, Decimal})
_PLAIN = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NUMERAL = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


class NumericColumns:
    """The columns of an input that contain only numbers, or numerals without leading zeros."""

    def __init__(self, width: int) -> None:
        self._columns = set(range(width))

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Check some more rows, column by column."""
        self._columns -= {number for number in self._columns if not all(map(_is_number, columns[number]))}

    def __contains__(self, column: int) -> bool:
        return column in self._columns


def equal_values(one: Any, other: Any, *, numeric: bool) -> bool:
    """Tell whether two values are equal: as numbers if the column is `numeric` and both are numbers, else as text.

    NULL equals nothing but NULL.
    """
    if one is None or other is None:
        return one is other
    if to_text(one) == to_text(other):
        return True
    return numeric and _equal_numbers(_number(one), _number(other))


def _is_number(value: Any) -> bool:
    if value is None or type(value) in NUMBERS:
        return True
    return type(value) is str and _PLAIN.fullmatch(value) is not None


def _number(value: Any) -> Any:
    """Return the value as a number, or None."""
    if type(value) is str:
        return Decimal(value.strip()) if _NUMERAL.fullmatch(value) else None
    return value if type(value) in NUMBERS else None


def _equal_numbers(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if float in {type(one), type(other)}:
        return float(one) == float(other)
    return bool(one == other)


class KeyedRows(NamedTuple):
    """Some rows: each part of their keys as a column, and the compared values of each row."""

    keys: Sequence[Sequence[Any]]
    cells: Sequence[tuple[Any, ...]]


@dataclass
class CompareInput:
    """Input A or B, by its `name`. `columns` are those that can be compared; `numeric` is complete after reading."""

    name: str
    columns: tuple[str, ...] = ()
    numeric: NumericColumns = field(default_factory=lambda: NumericColumns(0))
    rows: int = 0

    def read(self, rows: RowStream, options: Comparison) -> Iterator[KeyedRows]:
        """Yield the rows in chunks. Without keys, the number of a row, from 1, is its key.

        Raises UsageError for missing and for duplicate columns.
        """
        keys = self._indexes(rows.columns, options.keys)
        filter_index = self._indexes(rows.columns, [options.filter_column] if options.filter_column else [])
        self.columns = tuple(name for name in rows.columns if name not in options.keys and options.compares(name))
        cells = self._indexes(rows.columns, self.columns)
        self.numeric = NumericColumns(len(cells))
        for chunk in rows.chunks:
            kept = (
                [row for row in chunk if _equals_text(row[filter_index[0]], options.filter_value)]
                if filter_index
                else chunk
            )
            columns = list(zip(*kept, strict=True))
            if not columns:
                continue
            compared = [columns[index] for index in cells]
            self.numeric.add(compared)
            numbers = range(self.rows + 1, self.rows + len(kept) + 1)
            self.rows += len(kept)
            yield KeyedRows(
                [list(map(_key, columns[index])) for index in keys] or [numbers],
                list(zip(*compared, strict=True)) or [()] * len(kept),
            )

    def _indexes(self, columns: Sequence[str], names: Sequence[str]) -> list[int]:
        duplicates = [name for name, count in Counter(columns).items() if count > 1]
        if duplicates:
            raise UsageError(
                f"{self.name} has the column {duplicates[0]!r} twice.", hint="Name each column once, with AS."
            )
        missing = [name for name in names if name not in columns]
        if missing:
            raise UsageError(f"{self.name} has no column {', '.join(missing)}.", hint=f"It has: {', '.join(columns)}.")
        return [columns.index(name) for name in names]


def _key(value: Any) -> str | None:
    return value if value is None or type(value) is str else to_text(value)


def _equals_text(value: Any, expected: str) -> bool:
    return value is not None and to_text(value) == expected


CACHE_KIB = 32_000
"""KiB that SQLite keeps in memory."""
SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{CACHE_KIB}")
MAX_ROWS_OF_A_KEY = 10_000
"""Rows of one key, which are held in memory; with more of them the columns are not a key."""

Key = tuple[Any, ...]
PickledCells = bytes


class Pair(NamedTuple):
    """The rows of one key in A and B, or None. `duplicate` tells in which input the key occurs more than once."""

    key: Key
    a: PickledCells | None
    b: PickledCells | None
    duplicate: tuple[bool, bool] = (False, False)

    @property
    def identical(self) -> bool:
        """True if both rows were stored as the same bytes, which equal values of different types are not."""
        return self.a is not None and self.a == self.b


class RowMatcher:
    """Takes the rows of both inputs, then yields them in pairs."""

    def __init__(self, width: int) -> None:
        self._names = [f"k{number}" for number in range(width)]
        self._database = sqlite3.connect("", isolation_level=None)  # a file without a name, deleted when it is closed
        for setting in SETTINGS:
            self._database.execute(f"PRAGMA {setting}")
        self._database.execute(f"CREATE TABLE rows (side, {', '.join(self._names)}, cells)")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close()

    def add(self, side: int, chunks: Iterable[KeyedRows]) -> None:
        """Store the rows of input 0 or 1."""
        insert = f"INSERT INTO rows VALUES (?, {', '.join('?' * len(self._names))}, ?)"
        self._database.execute("BEGIN")
        for keys, cells in chunks:
            self._database.executemany(insert, zip(repeat(side), *keys, map(_dump_cells, cells)))
        self._database.execute("COMMIT")

    def __iter__(self) -> Iterator[Pair]:
        """Yield every row once, ordered by keys, numerals by value. Raises AhjoError for a key of too many rows."""
        order = ", ".join(f"{name} + 0, {name}" for name in self._names)
        columns = ", ".join(self._names)
        result = self._database.execute(f"SELECT {columns}, side, cells FROM rows ORDER BY {order}, side, rowid")
        for key, rows in groupby(result, itemgetter(slice(-2))):
            sides: tuple[list[PickledCells], list[PickledCells]] = ([], [])
            for number, row in enumerate(rows):
                if number > MAX_ROWS_OF_A_KEY:
                    raise AhjoError(f"The key {format_key(key)} has more than {MAX_ROWS_OF_A_KEY} rows: it is none.")
                sides[row[-2]].append(row[-1])
            yield from _pair_rows(key, *sides)


def format_key(key: Key) -> str:
    """Return a key as text for messages."""
    return ", ".join("NULL" if part is None else str(part) for part in key)


_dump_cells = partial(pickle.dumps, protocol=pickle.HIGHEST_PROTOCOL)


def load_cells(stored: PickledCells) -> tuple[Any, ...]:
    """Return the values of a stored row."""
    cells: tuple[Any, ...] = pickle.loads(stored)  # noqa: S301 - stored above, in a file without a name
    return cells


def _pair_rows(key: Key, a: list[PickledCells], b: list[PickledCells]) -> Iterator[Pair]:
    """Pair identical rows of a key first, then the rest in the order of reading."""
    if len(a) == len(b) == 1:
        yield Pair(key, a[0], b[0])
        return
    duplicate = (len(a) > 1, len(b) > 1)
    left = list(a)
    for row in b.copy():
        if row in left:
            left.remove(row)
            b.remove(row)
            yield Pair(key, row, row, duplicate)
    yield from (Pair(key, one, other, duplicate) for one, other in zip_longest(left, b))
