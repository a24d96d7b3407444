"""SQL Server: arrays of parameters with Microsoft's driver, INSERTs of many rows with the others."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.column_values import shaped
from ahjo_tasks.data.values import text
from ahjo_tasks.data.writers import Writer
from ahjo_tasks.database.dialects.mssql.drivers import MICROSOFT_FILE, driver_file
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.column_values import Shape
    from ahjo_tasks.data.table import Table
    from ahjo_tasks.data.table_file import Chunk, Row, TableFile

SQL_WVARCHAR, SQL_VARBINARY = -9, -3
LONGEST = {SQL_WVARCHAR: 4000, SQL_VARBINARY: 8000}
"""Characters of an nvarchar, bytes of a varbinary; a longer one has no length."""
AT_ONCE = 200
"""Rows of an INSERT without parameters: the server takes ever longer to plan a longer one."""

CONVERSIONS = (
    (re.compile(r"(small)?datetime\b"), "CONVERT(datetime2(7), {}, 121)"),
    (re.compile(r"datetimeoffset"), "CONVERT(datetimeoffset(7), {}, 121)"),
    (re.compile(r"(small)?money"), "CONVERT(money, {})"),
)
"""How a text becomes a value of a type, where the server does not do it by itself or looks at the login's language."""


class MSSQLWriter(Writer):
    """Every value is sent as a text, or as bytes, of the length that it has; nothing is asked of the server beforehand.

    So a long column needs no more memory than what stands in it, a NULL in the first row misleads nobody, and the way
    into a temporary table is the same.
    """

    catalog = (
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COALESCE(COLUMNPROPERTY(OBJECT_ID(QUOTENAME("
        "TABLE_SCHEMA) + '.' + QUOTENAME(TABLE_NAME)), COLUMN_NAME, 'IsComputed'), 0) FROM INFORMATION_SCHEMA.COLUMNS"
        " WHERE LOWER(TABLE_NAME) = LOWER({table}) AND LOWER(TABLE_SCHEMA) = LOWER(COALESCE({schema}, SCHEMA_NAME()))"
        " ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
    binary = frozenset({"binary", "varbinary", "image"})
    stage_name = "#ahjo_stage"
    drop_stage = "DROP TABLE #ahjo_stage"
    transaction_survives = False

    def shape(self, kind: str) -> Shape:
        """Texts of everything but bytes for a column of bytes."""
        shape = super().shape(kind)
        kept = {str, bytes, type(None)} if kind in self.binary else {str, type(None)}

        def as_text(value: Any) -> str | bytes | None:
            found = shape(value)
            return found if type(found) in kept else text(found)

        return as_text

    def create_stage(self, stage: Table, table: Table, keys: Sequence[str]) -> None:
        """SELECT INTO a temporary table; a join keeps the identity property out."""
        line, listed = stage.columns[0].quoted, ", ".join(f"t.{column.quoted}" for column in table.columns)
        self.connection.execute(
            f"SELECT 0 AS {line}, {listed} INTO {stage.name} FROM {table.name} t"
            " LEFT JOIN (SELECT 1 AS one) o ON 1 = 0 WHERE 1 = 0"
        )
        # Then a server that is not Microsoft's finds the table for parameters, too.
        self.connection.query(f"SELECT {line} FROM {stage.name}")

    @contextmanager
    def into(self, table: Table) -> Iterator[None]:
        """Allow values for the identity column while rows that have one are written."""
        name = self.connection.dialect.quote_literal(table.name)
        found = self.connection.query(f"SELECT name FROM sys.identity_columns WHERE object_id = OBJECT_ID({name})")
        given = bool({str(row[0]).lower() for row in found} & {column.name.lower() for column in table.columns})
        if given:
            self.connection.execute(f"SET IDENTITY_INSERT {table.name} ON")
        try:
            yield
        finally:
            if given and self.connection.usable:
                self.connection.try_execute(f"SET IDENTITY_INSERT {table.name} OFF")

    def write(self, file: TableFile, table: Table, chunk: Chunk) -> None:
        """A failed statement ends the transaction, so the bad row is sought in a second one that is undone."""
        fitting = shaped(chunk, file, table, self.shape)
        try:
            self.send(table, fitting.rows)
        except StatementError as error:
            if not self.connection.usable or (table.name == self.stage_name and self.connection.transactional):
                raise  # the stage went with the transaction
            with self._undone(), self.into(table):
                self.one_by_one(file, table, fitting)
            raise DeployError(error.message, path=file.path, line=fitting.lines[0]) from error

    @contextmanager
    def _undone(self) -> Iterator[None]:
        dialect = self.connection.dialect
        self.connection.try_execute(dialect.rollback)
        self.connection.try_execute(dialect.begin)
        try:
            yield
        finally:
            self.connection.try_execute(dialect.rollback)

    def send(self, table: Table, rows: list[Row]) -> None:
        """Arrays of parameters, where the driver is Microsoft's; FreeTDS does not survive them."""
        values = [_conversion(column.type) for column in table.columns]
        if not self._takes_arrays(table):
            for first in range(0, len(rows), AT_ONCE):
                self.connection.execute(self._in_words(table, values, rows[first : first + AT_ONCE]))
            return
        marks = ", ".join(value.format("?") for value in values)
        statement = f"INSERT INTO {table.name} ({table.listed}) VALUES ({marks})"
        with self.connection.cursor(statement) as cursor:
            cursor.fast_executemany = len(rows) > 1
            cursor.setinputsizes(
                [
                    _size(values, binary=column.type in self.binary)
                    for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)
                ]
            )
            cursor.executemany(statement, rows)

    def _takes_arrays(self, table: Table) -> bool:
        """A server that speaks SQL Server's protocol may not find a table that its open transaction has made."""
        if table.name == self.stage_name and self.connection.transactional:
            return False
        with self.connection.cursor("") as cursor:
            if not hasattr(cursor, "fast_executemany"):
                return False
            return MICROSOFT_FILE in driver_file(cursor.connection).lower()

    def _in_words(self, table: Table, values: Sequence[str], rows: Sequence[Row]) -> str:
        """One INSERT; a column of nothing but NULL would be one of numbers, which few types can be made of."""
        names = [f"c{number}" for number in range(len(values))]
        empty = [all(value is None for value in column) for column in zip(*rows, strict=True)]
        chosen = ", ".join(
            "NULL" if nothing else value.format(f"v.{name}")
            for value, name, nothing in zip(values, names, empty, strict=True)
        )
        written = ",\n".join(f"({', '.join(map(self._literal, row))})" for row in rows)
        derived = f"(VALUES\n{written}\n) v ({', '.join(names)})"
        return f"INSERT INTO {table.name} ({table.listed}) SELECT {chosen} FROM {derived}"

    def _literal(self, value: str | bytes | None) -> str:
        if value is None:
            return "NULL"
        return text(value) if type(value) is bytes else self.connection.dialect.quote_literal(str(value))


def _conversion(kind: str) -> str:
    return next((how for types, how in CONVERSIONS if types.match(kind)), "{}")


def _size(values: Sequence[str | bytes | None], *, binary: bool) -> tuple[int, int, int]:
    """Type and length of what the longest value takes; the length is 0 for one that is too long for any."""
    kind = SQL_VARBINARY if binary else SQL_WVARCHAR
    longest = max((len(_wide(value)) for value in values if value), default=2)
    length = longest if binary else longest // 2
    return kind, length if length <= LONGEST[kind] else 0, 0


def _wide(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-16-le")
