"""Write rows to a Parquet file whose columns have the narrowest type that holds all their values."""

from __future__ import annotations

import pickle
from contextlib import closing
from datetime import date, datetime, time
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from ahjo_tasks.data.values import to_text
from ahjo_tasks.errors import ConfigError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.database.connection import RowStream

INT64_LIMIT = 2**63
MAX_DECIMAL_DIGITS = 38
"""The most digits that a decimal of Parquet holds."""
NUMBERS = frozenset({bool, int, float, Decimal})
BINARY = frozenset({bytes, bytearray, memoryview})


class ColumnType:
    """The narrowest type for the values seen so far; values of several types make a column of text."""

    def __init__(self) -> None:
        self._types: set[type] = set()
        self._zoned: set[bool] = set()
        self._integer_digits = self._scale = 0
        self._fits_int64 = True

    def add(self, values: Sequence[Any]) -> None:
        """Widen the type for some more values."""
        self._types.update(map(type, values))
        self._types.discard(type(None))
        for value in values if self._types & {int, Decimal, datetime, time} else ():
            self._add_value(value)

    def _add_value(self, value: Any) -> None:
        if type(value) is int:
            self._fits_int64 = self._fits_int64 and -INT64_LIMIT <= value < INT64_LIMIT
            self._integer_digits = max(self._integer_digits, len(str(abs(value))))
        elif type(value) is Decimal:
            exponent = value.as_tuple().exponent
            if not isinstance(exponent, int):  # NaN and infinity
                self._types.add(str)
                return
            self._scale = max(self._scale, -exponent)
            self._integer_digits = max(self._integer_digits, value.adjusted() + 1)
        elif type(value) is datetime:
            self._zoned.add(value.tzinfo is not None)
        elif type(value) is time and value.tzinfo:
            self._types.add(str)  # a time of Parquet has no zone

    def arrow_type(self) -> Any:
        """Return the type of Arrow; a column without any value is text."""
        import pyarrow as pa

        kinds = self._types
        if not kinds:
            return pa.string()
        if kinds <= NUMBERS:
            return self._number(pa)
        if kinds <= BINARY:
            return pa.binary()
        if kinds == {datetime} and len(self._zoned) == 1:
            return pa.timestamp("us", "UTC" if True in self._zoned else None)
        return {frozenset({date}): pa.date32(), frozenset({time}): pa.time64("us")}.get(frozenset(kinds), pa.string())

    def convert(self, values: Sequence[Any]) -> Sequence[Any]:
        """Return the values as that type takes them."""
        import pyarrow as pa

        kind = self.arrow_type()
        if pa.types.is_string(kind):
            return [value if value is None or type(value) is str else to_text(value) for value in values]
        if pa.types.is_decimal(kind):
            return [None if value is None else Decimal(value) for value in values]
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            convert = int if pa.types.is_integer(kind) else float
            return [None if value is None else convert(value) for value in values]
        return [bytes(value) if type(value) in BINARY else value for value in values]

    def _number(self, pa: Any) -> Any:
        kinds = self._types
        if kinds == {bool}:
            return pa.bool_()
        if kinds <= {bool, int} and self._fits_int64:
            return pa.int64()
        if float in kinds:
            return pa.float64() if kinds <= {bool, int, float} else pa.string()
        return (
            pa.decimal128(MAX_DECIMAL_DIGITS, self._scale)
            if self._integer_digits + self._scale <= MAX_DECIMAL_DIGITS
            else pa.string()
        )


ROW_GROUP_ROWS = 100_000
"""The least number of rows in a row group."""


def check_installed() -> None:
    """Raise ConfigError if pyarrow is missing."""
    try:
        import pyarrow as pa  # noqa: F401 - only whether it is installed
    except ImportError:
        raise ConfigError("--format parquet needs pyarrow.", hint="pip install 'ahjo-tasks[parquet]'") from None


def write_parquet(rows: RowStream, path: Path) -> int:
    """Write the rows; return the number of rows.

    No driver describes its types well enough, so the rows are kept in a temporary file until all were seen.
    """
    if len(set(rows.columns)) < len(rows.columns):
        raise UsageError("The query gives several columns the same name.", hint="Parquet needs one for each: use AS.")
    types = [ColumnType() for _ in rows.columns]
    with TemporaryFile() as spool:
        count = 0
        for chunk in rows.chunks:
            columns = list(zip(*chunk, strict=True))
            for column_type, values in zip(types, columns, strict=True):
                column_type.add(values)
            pickle.dump(columns, spool, pickle.HIGHEST_PROTOCOL)
            count += len(chunk)
        spool.seek(0)
        _write(path, rows.columns, types, _spooled(spool))
    return count


def _spooled(spool: IO[bytes]) -> Iterator[list[Any]]:
    while True:
        try:
            yield pickle.load(spool)  # noqa: S301 - our own file, which has no name
        except EOFError:
            return


def _write(path: Path, names: Sequence[str], types: Sequence[ColumnType], chunks: Iterator[list[Any]]) -> None:
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    schema = pa.schema([(name, column_type.arrow_type()) for name, column_type in zip(names, types, strict=True)])
    waiting: list[Any] = []
    with closing(ParquetWriter(path, schema)) as writer:
        for columns in chunks:
            arrays = [
                pa.array(column_type.convert(values), field.type)
                for column_type, values, field in zip(types, columns, schema, strict=True)
            ]
            waiting.append(pa.record_batch(arrays, schema=schema))
            if sum(batch.num_rows for batch in waiting) >= ROW_GROUP_ROWS:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
        writer.write_table(pa.Table.from_batches(waiting, schema))
