"""Load files into tables: directly, or through a staging table if rows are updated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.data.table import find_table
from ahjo_tasks.data.upsert import Upsert
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.utils import load_object, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.table import Table
    from ahjo_tasks.data.table_file import TableFile
    from ahjo_tasks.data.writers import Writer
    from ahjo_tasks.database.connection import Connection


def load(files: Sequence[TableFile], connection: Connection) -> int:
    """Load the files into their tables, in this order, all or none; return the number of rows.

    An upsert is loaded alone, and outside of a `connection.transaction()`: it begins one for its last part.
    Tables whose rows are replaced are emptied before the first file, in the opposite order, so that parents come last.
    Raises DeployError with file, line and, if the server names it, column of the first row that it refuses.
    """
    writer = _writer_for(connection)
    tables = [find_table(file, connection, writer.catalog) for file in files]
    pairs = list(zip(files, tables, strict=True))
    for file, table in pairs:
        writer.check(file, table)
    transactional = all(file.options.mode != "upsert" for file in files)
    with writer.session_settings(), connection.transaction(transactional=transactional):
        for file, table in reversed(pairs):
            if file.options.mode == "replace":
                with _errors_of_file(file):
                    _empty(file, table, connection)
        return sum(_load(file, table, writer) for file, table in pairs)


def _load(file: TableFile, table: Table, writer: Writer) -> int:
    with _errors_of_file(file):
        count = Upsert(file, table, writer).run() if file.options.mode == "upsert" else _write(file, table, writer)
        writer.finalize(table)
    return count


def _empty(file: TableFile, table: Table, connection: Connection) -> None:
    """Delete all rows. Raises DeployError when some stay, as a rule or trigger can have it."""
    connection.execute(f"DELETE FROM {table.name}")
    left = connection.query(f"SELECT COUNT(*) FROM {table.name}")[0][0]
    if left:
        raise DeployError(
            f"{pluralize(left, 'row')} of {table.name} stayed after DELETE: a rule or trigger keeps them",
            path=file.path,
            hint="Load it with mode upsert, or empty the table in a script.",
        )


def _write(file: TableFile, table: Table, writer: Writer) -> int:
    count = counted = 0
    with writer.prepare_table(table), writer.rows_sent_to(table):
        for chunk in file.chunks():
            counted += writer.write(file, table, chunk)
            count += len(chunk.rows)
    if counted != count:
        writer.connection.report(
            f"{file.label}: the server counted {counted} of {pluralize(count, 'row')}; a trigger or rule of"
            f" {table.name} decided over the others."
        )
    return counted


@contextmanager
def _errors_of_file(file: TableFile) -> Iterator[None]:
    """Turn a StatementError into a DeployError with the path of the file."""
    try:
        yield
    except StatementError as error:
        raise DeployError(str(error.server), path=file.path, hint=error.hint) from error


def _writer_for(connection: Connection) -> Writer:
    """Create the writer that the connection's dialect names; those of other databases are not loaded."""
    writer: Writer = load_object(connection.dialect.writer)(connection)
    return writer
