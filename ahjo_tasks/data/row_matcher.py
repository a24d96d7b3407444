"""Rows of both sides next to each other, whatever their number: SQLite sorts them in a temporary file."""

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

from ahjo_tasks.data.values import text
from ahjo_tasks.errors import AhjoError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ahjo_tasks.data.compare_options import Comparison
    from ahjo_tasks.database.connection import RowStream

NUMBERS = frozenset({bool, int, float, Decimal})
_PLAIN = re.compile(r"[+-]?(?:(?:0|[1-9]\d*)(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_NUMERAL = re.compile(r"\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


class Numeric:
    """Which columns of one side hold nothing but numbers, or numerals without leading zeros."""

    def __init__(self, width: int) -> None:
        self._still = set(range(width))

    def see(self, columns: Sequence[Sequence[Any]]) -> None:
        """Take note of some rows, column by column."""
        self._still -= {number for number in self._still if not all(map(_is_number, columns[number]))}

    def __contains__(self, column: int) -> bool:
        return column in self._still


def same(one: Any, other: Any, *, numeric: bool) -> bool:
    """Whether two values are equal: as numbers where the column is one of numbers and both are, else as texts.

    NULL equals nothing but NULL.
    """
    if one is None or other is None:
        return one is other
    if text(one) == text(other):
        return True
    return numeric and _same_number(_number(one), _number(other))


def _is_number(value: Any) -> bool:
    if value is None or type(value) in NUMBERS:
        return True
    return type(value) is str and _PLAIN.fullmatch(value) is not None


def _number(value: Any) -> Any:
    """The value as a number, None when it is none."""
    if type(value) is str:
        return Decimal(value.strip()) if _NUMERAL.fullmatch(value) else None
    return value if type(value) in NUMBERS else None


def _same_number(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return False
    if float in {type(one), type(other)}:
        return float(one) == float(other)
    return bool(one == other)


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


CACHE = 32_000
"""KiB that SQLite holds in memory."""
SETTINGS = ("journal_mode = OFF", "synchronous = OFF", "temp_store = FILE", f"cache_size = -{CACHE}")
MOST_OF_A_KEY = 10_000
"""Rows of one key; more of them do not fit into memory for sure, and the columns are no key then."""

Key = tuple[Any, ...]
Cells = bytes


class Pair(NamedTuple):
    """The rows of one key, as far as they are there. `twice` says on which sides the key stands more than once."""

    key: Key
    a: Cells | None
    b: Cells | None
    twice: tuple[bool, bool] = (False, False)

    @property
    def identical(self) -> bool:
        """Whether both rows were stored as the same bytes; equal values of different types are not."""
        return self.a is not None and self.a == self.b


class RowMatcher:
    """Takes the rows of both sides, then gives them back side by side."""

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

    def add(self, side: int, chunks: Iterable[Chunk]) -> None:
        """Store the rows of side 0 or 1."""
        insert = f"INSERT INTO rows VALUES (?, {', '.join('?' * len(self._names))}, ?)"
        self._database.execute("BEGIN")
        for keys, cells in chunks:
            self._database.executemany(insert, zip(repeat(side), *keys, map(_packed, cells)))
        self._database.execute("COMMIT")

    def __iter__(self) -> Iterator[Pair]:
        """Every row once, numerals in the order of their values. Raises AhjoError for a key of too many rows."""
        order = ", ".join(f"{name} + 0, {name}" for name in self._names)
        columns = ", ".join(self._names)
        found = self._database.execute(f"SELECT {columns}, side, cells FROM rows ORDER BY {order}, side, rowid")
        for key, rows in groupby(found, itemgetter(slice(-2))):
            sides: tuple[list[Cells], list[Cells]] = ([], [])
            for number, row in enumerate(rows):
                if number > MOST_OF_A_KEY:
                    raise AhjoError(f"The key {shown(key)} has more than {MOST_OF_A_KEY} rows: it is none.")
                sides[row[-2]].append(row[-1])
            yield from _paired(key, *sides)


def shown(key: Key) -> str:
    """A key for people."""
    return ", ".join("NULL" if part is None else str(part) for part in key)


_packed = partial(pickle.dumps, protocol=pickle.HIGHEST_PROTOCOL)


def cells_of(stored: Cells) -> tuple[Any, ...]:
    """The values of a stored row."""
    cells: tuple[Any, ...] = pickle.loads(stored)  # noqa: S301 - stored above, in a file without a name
    return cells


def _paired(key: Key, a: list[Cells], b: list[Cells]) -> Iterator[Pair]:
    """Identical rows of a key first, then the rest in the order they came."""
    if len(a) == len(b) == 1:
        yield Pair(key, a[0], b[0])
        return
    twice = (len(a) > 1, len(b) > 1)
    left = list(a)
    for row in b.copy():
        if row in left:
            left.remove(row)
            b.remove(row)
            yield Pair(key, row, row, twice)
    yield from (Pair(key, one, other, twice) for one, other in zip_longest(left, b))
