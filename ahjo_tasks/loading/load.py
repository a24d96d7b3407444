"""Loading one file: straight into the table, or by way of a staging table when rows are updated."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.loading.writers import writer_for

if TYPE_CHECKING:
    from ahjo_tasks.door import Door
    from ahjo_tasks.loading.table_file import TableFile
    from ahjo_tasks.loading.writers import Writer


def load(file: TableFile, door: Door) -> int:
    """Load the file into its table; returns how many rows the file has. Call it inside of `door.unit()`.

    Raises DeployError with file, line and, where the server names it, column of the first row that it refuses.
    """
    writer = writer_for(door)
    try:
        if file.options.mode == "upsert":
            return _upsert(file, door, writer)
        if file.options.mode == "replace":
            door.run(f"DELETE FROM {door.dialect.quote(*file.table)}")
        return _write(file, writer, door.dialect.quote(*file.table))
    except StatementError as error:
        raise DeployError(f"{error.server.number}: {error.message}".lstrip(": "), path=file.path) from error


def _write(file: TableFile, writer: Writer, table: str) -> int:
    count = 0
    with writer.into(table, file.columns):
        for chunk in file.chunks():
            writer.write(file, table, chunk)
            count += len(chunk.rows)
    return count


def _upsert(file: TableFile, door: Door, writer: Writer) -> int:
    table, stage = door.dialect.quote(*file.table), writer.stage_name
    columns = [door.dialect.quote(column) for column in file.columns]
    keys = [door.dialect.quote(column) for column in file.options.key]
    door.run(writer.create_stage(table, columns))
    try:
        count = _write(file, writer, stage)
        _refuse_duplicates(file, door, stage, keys)
        for statement in upsert_statements(table, stage, columns, keys):
            with writer.into(table, file.columns):
                door.run(statement)
    finally:
        if door.usable:
            door.attempt(f"DROP TABLE {stage}")
    return count


def _refuse_duplicates(file: TableFile, door: Door, stage: str, keys: list[str]) -> None:
    listed = ", ".join(keys)
    twice = door.query(f"SELECT {listed} FROM {stage} GROUP BY {listed} HAVING COUNT(*) > 1")
    if twice:
        shown = "; ".join(", ".join(str(value) for value in row) for row in twice[:3])
        raise DeployError(f"{len(twice)} keys stand more than once in the file: {shown}", path=file.path)


def upsert_statements(table: str, stage: str, columns: list[str], keys: list[str]) -> list[str]:
    """UPDATE of the rows that are there, INSERT of the others, in the SQL that all four databases share."""
    same = " AND ".join(f"{stage}.{key} = {table}.{key}" for key in keys)
    others = [column for column in columns if column not in keys]
    values = ", ".join(f"{column} = (SELECT {stage}.{column} FROM {stage} WHERE {same})" for column in others)
    update = [f"UPDATE {table} SET {values} WHERE EXISTS (SELECT 1 FROM {stage} WHERE {same})"] if others else []
    listed = ", ".join(columns)
    chosen = ", ".join(f"{stage}.{column}" for column in columns)
    insert = (
        f"INSERT INTO {table} ({listed}) SELECT {chosen} FROM {stage}"
        f" WHERE NOT EXISTS (SELECT 1 FROM {table} WHERE {same})"
    )
    return [*update, insert]
