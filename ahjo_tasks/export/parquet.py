"""Rows to a Parquet file, whose columns have the narrowest type that holds all their values."""

from __future__ import annotations

import pickle
from contextlib import closing
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from ahjo_tasks.errors import ConfigError, UsageError
from ahjo_tasks.export.column_type import ColumnType

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ahjo_tasks.door import RowStream

GROUP = 100_000
"""Rows of a row group, at least."""


def check_installed() -> None:
    """Raise ConfigError without pyarrow."""
    try:
        import pyarrow as pa  # noqa: F401 - whether it can be
    except ImportError:
        raise ConfigError("--format parquet needs pyarrow.", hint="pip install 'ahjo-tasks[parquet]'") from None


def write_parquet(rows: RowStream, path: Path) -> int:
    """Write the rows; returns how many there were.

    No database tells enough of its types beforehand, so the rows are kept in a temporary file until all were seen.
    """
    if len(set(rows.columns)) < len(rows.columns):
        raise UsageError("The query gives several columns the same name.", hint="Parquet needs one for each: use AS.")
    types = [ColumnType() for _ in rows.columns]
    with TemporaryFile() as spool:
        count = 0
        for chunk in rows.chunks:
            columns = list(zip(*chunk, strict=True))
            for kind, values in zip(types, columns, strict=True):
                kind.see(values)
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

    schema = pa.schema([(name, kind.arrow()) for name, kind in zip(names, types, strict=True)])
    waiting: list[Any] = []
    with closing(ParquetWriter(path, schema)) as writer:
        for columns in chunks:
            arrays = [
                pa.array(kind.fitted(values), field.type)
                for kind, values, field in zip(types, columns, schema, strict=True)
            ]
            waiting.append(pa.record_batch(arrays, schema=schema))
            if sum(batch.num_rows for batch in waiting) >= GROUP:
                writer.write_table(pa.Table.from_batches(waiting))
                waiting.clear()
        writer.write_table(pa.Table.from_batches(waiting, schema))
