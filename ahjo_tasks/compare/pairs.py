"""Rows of both sides next to each other, whatever their number: SQLite sorts them in a temporary file."""

from __future__ import annotations

import pickle
import sqlite3
from functools import partial
from itertools import groupby, repeat, zip_longest
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ahjo_tasks.compare.side import Chunk

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


class Pairs:
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
