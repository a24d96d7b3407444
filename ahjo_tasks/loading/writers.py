"""The quick way to write many rows, one for each driver."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.door import Door
    from ahjo_tasks.loading.table_file import Chunk, Row, TableFile


SQL_DRIVER_NAME = 6
"""ODBC's number for asking a connection for the file name of its driver."""

MICROSOFT = "msodbcsql"


class Writer:
    """`executemany` of an INSERT, and row by row where that fails, so that the bad row is named."""

    mark: ClassVar[str] = "?"
    stage_name: ClassVar[str] = "ahjo_stage"

    def __init__(self, door: Door) -> None:
        self.door = door
        self.columns: tuple[str, ...] = ()

    def create_stage(self, table: str, columns: Sequence[str]) -> str:
        """The statement that makes an empty table of these columns, seen by this connection alone."""
        return f"CREATE TEMPORARY TABLE {self.stage_name} AS SELECT {', '.join(columns)} FROM {table} WHERE 1 = 0"

    @contextmanager
    def into(self, table: str, columns: tuple[str, ...]) -> Iterator[None]:
        """Prepare the table for rows of these columns."""
        self.columns = columns
        yield

    def write(self, file: TableFile, table: str, chunk: Chunk) -> None:
        """Write a chunk. Raises DeployError that names file and line of the first bad row."""
        self.door.run("SAVEPOINT ahjo_chunk")
        try:
            self.send(self.statement(table), chunk.rows)
        except StatementError:
            self.door.run("ROLLBACK TO SAVEPOINT ahjo_chunk")
            self.one_by_one(file, table, chunk)

    def one_by_one(self, file: TableFile, table: str, chunk: Chunk) -> None:
        """Write the rows singly until one is refused."""
        statement = self.statement(table)
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            try:
                self.send(statement, [row])
            except StatementError as error:
                raise DeployError(self.complaint(error, row), path=file.path, line=line) from error

    def complaint(self, error: StatementError, row: Row) -> str:
        """What the server said, with the column that it speaks of where one can be told."""
        named = [
            column
            for column, value in zip(self.columns, row, strict=True)
            if re.search(rf"\b{re.escape(column)}\b", error.message, re.IGNORECASE)
            or (value is not None and f"'{value}'" in error.message)
        ]
        return f"column {named[0]}: {error.message}" if named else error.message

    def statement(self, table: str) -> str:
        """The INSERT with a mark for each column."""
        listed = ", ".join(self.door.dialect.quote(column) for column in self.columns)
        return f"INSERT INTO {table} ({listed}) VALUES ({', '.join([self.mark] * len(self.columns))})"

    def send(self, statement: str, rows: list[Row]) -> None:
        """Hand the rows to the driver. Raises StatementError."""
        with self.door.cursor(statement) as cursor:
            cursor.executemany(statement, rows)


class PostgreSQLWriter(Writer):
    """COPY."""

    mark = "%s"

    def send(self, statement: str, rows: list[Row]) -> None:
        """COPY the rows; the server says line and column of a bad value."""
        target = statement[len("INSERT INTO ") : statement.index(" VALUES")]
        with self.door.cursor(statement) as cursor, cursor.copy(f"COPY {target} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def complaint(self, error: StatementError, row: Row) -> str:
        """COPY names the column in the context of the error."""
        column = re.search(r"column ([^:]+):", error.server.procedure)
        return f"column {column[1]}: {error.message}" if column else super().complaint(error, row)


class MySQLWriter(Writer):
    """INSERTs of many rows, which PyMySQL makes of `executemany`."""

    mark = "%s"


class MSSQLWriter(Writer):
    """`fast_executemany`, which sends the rows as arrays of parameters."""

    stage_name = "#ahjo_stage"

    def create_stage(self, table: str, columns: Sequence[str]) -> str:
        """SELECT INTO a temporary table; a join keeps the identity property out."""
        listed = ", ".join(f"t.{column}" for column in columns)
        return (
            f"SELECT {listed} INTO {self.stage_name} FROM {table} t LEFT JOIN (SELECT 1 AS one) o ON 1 = 0 WHERE 1 = 0"
        )

    @contextmanager
    def into(self, table: str, columns: tuple[str, ...]) -> Iterator[None]:
        """Allow values for the identity column while rows that have one are written."""
        self.columns = columns
        name = self.door.dialect.literal(table)
        found = self.door.query(f"SELECT name FROM sys.identity_columns WHERE object_id = OBJECT_ID({name})")
        given = bool({str(row[0]).lower() for row in found} & {column.lower() for column in columns})
        if given:
            self.door.run(f"SET IDENTITY_INSERT {table} ON")
        try:
            yield
        finally:
            if given:
                self.door.attempt(f"SET IDENTITY_INSERT {table} OFF")

    def write(self, file: TableFile, table: str, chunk: Chunk) -> None:
        """A failed statement ends the transaction here, so the bad row is sought in a second one that is undone."""
        try:
            self.send(self.statement(table), chunk.rows)
        except StatementError as error:
            if table != self.stage_name:  # the stage went with the transaction
                self.seek(file, table, chunk)
            raise DeployError(error.message, path=file.path, line=chunk.lines[0]) from error

    def seek(self, file: TableFile, table: str, chunk: Chunk) -> None:
        """Write the rows singly in a transaction of their own, until one is refused; then undo all."""
        dialect = self.door.dialect
        self.door.attempt(dialect.rollback)
        self.door.attempt(dialect.begin)
        try:
            with self.into(table, self.columns):
                self.one_by_one(file, table, chunk)
        finally:
            self.door.attempt(dialect.rollback)

    def send(self, statement: str, rows: list[Row]) -> None:
        """Arrays of parameters, where the driver is Microsoft's; FreeTDS does not survive them.

        Into the stage the rows go one by one: the driver asks the server for the types of an array, which it does not
        tell of a temporary table.
        """
        with self.door.cursor(statement) as cursor:
            if len(rows) > 1 and hasattr(cursor, "fast_executemany") and self.stage_name not in statement:
                cursor.fast_executemany = MICROSOFT in str(cursor.connection.getinfo(SQL_DRIVER_NAME)).lower()
            cursor.executemany(statement, rows)


WRITERS: dict[str, type[Writer]] = {
    "postgresql": PostgreSQLWriter,
    "mysql": MySQLWriter,
    "mssql": MSSQLWriter,
}


def writer_for(door: Door) -> Writer:
    """The writer of the door's database."""
    return WRITERS.get(door.dialect.name, Writer)(door)
