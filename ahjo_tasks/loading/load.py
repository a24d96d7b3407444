"""Loading one file: straight into the table, or by way of a staging table when rows are updated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.loading.table import find_table
from ahjo_tasks.loading.upsert import Upsert
from ahjo_tasks.loading.writers import writer_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.loading.table import Table
    from ahjo_tasks.loading.table_file import TableFile
    from ahjo_tasks.loading.writers import Writer


def load(files: Sequence[TableFile], door: Door) -> int:
    """Load the files into their tables, in this order, all or none; returns how many rows they have.

    One that updates rows is loaded alone, and outside of a `door.unit()`, for its transaction is only its last part.
    Tables whose rows are replaced are emptied before the first file, the last one first, so that parents come last.
    Raises DeployError with file, line and, where the server names it, column of the first row that it refuses.
    """
    writer = writer_for(door)
    tables = [find_table(file, door, writer.catalog) for file in files]
    pairs = list(zip(files, tables, strict=True))
    transactional = all(file.options.mode != "upsert" for file in files)
    with writer.session(), door.unit(transactional=transactional):
        for file, table in reversed(pairs):
            if file.options.mode == "replace":
                with _naming(file):
                    door.run(f"DELETE FROM {table.name}")
        return sum(_load(file, table, writer) for file, table in pairs)


def _load(file: TableFile, table: Table, writer: Writer) -> int:
    with _naming(file):
        count = Upsert(file, table, writer).run() if file.options.mode == "upsert" else _write(file, table, writer)
        writer.finish(table)
    return count


def _write(file: TableFile, table: Table, writer: Writer) -> int:
    count = 0
    with writer.into(table):
        for chunk in file.chunks():
            writer.write(file, table, chunk)
            count += len(chunk.rows)
    return count


@contextmanager
def _naming(file: TableFile) -> Iterator[None]:
    """Say of which file the server spoke."""
    try:
        yield
    except StatementError as error:
        raise DeployError(str(error.server), path=file.path) from error
