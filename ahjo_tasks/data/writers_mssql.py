"""Write many rows to SQL Server: arrays of parameters with Microsoft's driver, long INSERTs with the others."""

from __future__ import annotations

import codecs
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.column_values import boolean, convert_chunk
from ahjo_tasks.data.values import to_text
from ahjo_tasks.data.writers import Writer
from ahjo_tasks.database.dialects.mssql.drivers import MICROSOFT_FILE, driver_file
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.column_values import Converter
    from ahjo_tasks.data.table import Column, Table
    from ahjo_tasks.data.table_file import Row, RowChunk, TableFile

SQL_WVARCHAR, SQL_VARBINARY = -9, -3
MAX_LENGTHS = {SQL_WVARCHAR: 4000, SQL_VARBINARY: 8000}
"""Characters of an nvarchar, bytes of a varbinary; longer ones are sent as max."""
INSERT_ROWS = 200
"""Rows of an INSERT without parameters: the server plans longer ones more slowly."""

CONVERSIONS = (
    (re.compile(r"(small)?datetime\b"), "CONVERT(datetime2(7), {}, 121)"),
    (re.compile(r"datetimeoffset"), "CONVERT(datetimeoffset(7), {}, 121)"),
    (re.compile(r"(small)?money"), "CONVERT(money, {})"),
)
"""Conversions of text to types which the server does not do implicitly, or does by the language of the login."""

NEXT_VALUE = re.compile(r"\(*NEXT VALUE FOR ([^()]+)\)*", re.IGNORECASE)
"""A column's default that is the next value of a sequence."""


class MSSQLWriter(Writer):
    """Sends every value as text, or as bytes, of its own length, without asking the server for parameter types.

    So a long column needs no more memory than its values, a NULL in the first row does not set the type, and temporary
    tables can be written as well.
    """

    catalog = (
        "SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COALESCE(COLUMNPROPERTY(OBJECT_ID(QUOTENAME("
        "TABLE_SCHEMA) + '.' + QUOTENAME(TABLE_NAME)), COLUMN_NAME, 'IsComputed'), 0), NULL, COALESCE(COLUMNPROPERTY("
        "OBJECT_ID(QUOTENAME(TABLE_SCHEMA) + '.' + QUOTENAME(TABLE_NAME)), COLUMN_NAME, 'IsIdentity'), 0),"
        " CASE WHEN DATA_TYPE IN ('char', 'varchar', 'text') THEN"
        " CAST(COLLATIONPROPERTY(COLLATION_NAME, 'CodePage') AS int) END"
        " FROM INFORMATION_SCHEMA.COLUMNS"
        " WHERE LOWER(TABLE_NAME) = LOWER({table}) AND LOWER(TABLE_SCHEMA) = LOWER(COALESCE({schema}, SCHEMA_NAME()))"
        " ORDER BY TABLE_NAME, ORDINAL_POSITION"
    )
    acting_keys = (
        "SELECT SCHEMA_NAME(c.schema_id), c.name, k.name, REPLACE(k.delete_referential_action_desc, '_', ' '),"
        " COL_NAME(f.parent_object_id, f.parent_column_id) FROM sys.foreign_keys k"
        " JOIN sys.foreign_key_columns f ON f.constraint_object_id = k.object_id"
        " JOIN sys.tables c ON c.object_id = k.parent_object_id"
        " WHERE k.delete_referential_action > 0 AND k.is_disabled = 0"
        " AND k.referenced_object_id = OBJECT_ID(QUOTENAME({schema}) + '.' + QUOTENAME({table}))"
    )
    binary_types = frozenset({"binary", "varbinary", "image"})
    stage_name = "#ahjo_stage"
    drop_stage = "DROP TABLE #ahjo_stage"
    transaction_survives = False

    def converter(self, column: Column) -> Converter:
        """Return a converter to text, or to bytes for a binary column."""
        convert = boolean if column.type == "bit" else super().converter(column)
        sent_types = {str, bytes, type(None)} if column.type in self.binary_types else {str, type(None)}
        codec = _codec(column.code_page)

        def to_sent_value(value: Any) -> str | bytes | None:
            converted = convert(value)
            sent: str | bytes | None = converted if type(converted) in sent_types else to_text(converted)
            if codec and type(sent) is str and not sent.isascii():
                _check_letters(sent, codec)
            return sent

        return to_sent_value

    def create_stage(self, stage: Table, table: Table, keys: Sequence[str]) -> None:
        """SELECT INTO a temporary table; the join drops the identity property."""
        line, columns = stage.columns[0].quoted, ", ".join(f"t.{column.quoted}" for column in table.columns)
        self.connection.execute(
            f"SELECT 0 AS {line}, {columns} INTO {stage.name} FROM {table.name} t"
            " LEFT JOIN (SELECT 1 AS one) o ON 1 = 0 WHERE 1 = 0"
        )
        # After a query, servers other than Microsoft's find the table for parameters, too.
        self.connection.query(f"SELECT {line} FROM {stage.name}")

    @contextmanager
    def prepare_table(self, table: Table) -> Iterator[None]:
        """Set IDENTITY_INSERT while rows with a value for the identity column are written."""
        name = self.connection.dialect.quote_literal(table.name)
        rows = self.connection.query(f"SELECT name FROM sys.identity_columns WHERE object_id = OBJECT_ID({name})")
        has_identity = bool({str(row[0]).lower() for row in rows} & {column.name.lower() for column in table.columns})
        if has_identity:
            self.connection.execute(f"SET IDENTITY_INSERT {table.name} ON")
        try:
            yield
        finally:
            if has_identity and self.connection.usable:
                self.connection.try_execute(f"SET IDENTITY_INSERT {table.name} OFF")

    def write(self, file: TableFile, table: Table, chunk: RowChunk) -> int:
        """Write a chunk. A failure ends the transaction, so the bad row is found in a second, rolled back one."""
        converted = convert_chunk(chunk, file, table, self.converter)
        try:
            return self.send(table, converted.rows)
        except StatementError as error:
            if not self.connection.usable or (table.name == self.stage_name and self.connection.transactional):
                raise  # the stage was rolled back with the transaction
            with self._rolled_back():
                refused = self.refuses_statement(table, error)
            if refused:
                raise
            with self._rolled_back(), self.prepare_table(table):
                self.write_one_by_one(file, table, converted)
            raise DeployError(error.message, path=file.path, line=converted.lines[0]) from error

    def finalize(self, table: Table) -> None:
        """Move sequences that are defaults of columns past the loaded numbers; the server moves identities itself."""
        literal = self.connection.dialect.quote_literal
        defaults = self.connection.query(
            "SELECT c.name, d.definition FROM sys.default_constraints d JOIN sys.columns c"
            " ON c.object_id = d.parent_object_id AND c.column_id = d.parent_column_id"
            f" WHERE d.parent_object_id = OBJECT_ID({literal(table.name)})"
        )
        loaded = {column.name: column for column in table.columns}
        for name, definition in defaults:
            sequence = NEXT_VALUE.fullmatch(str(definition))
            if sequence and name in loaded:
                self._move(sequence[1], table, loaded[name])

    def _move(self, sequence: str, table: Table, column: Column) -> None:
        literal = self.connection.dialect.quote_literal
        rows = self.connection.query(
            "SELECT CAST(current_value AS bigint), CAST(increment AS bigint) FROM sys.sequences"
            f" WHERE object_id = OBJECT_ID({literal(sequence)})"
        )
        if not rows:
            return
        current, increment = map(int, rows[0])
        extreme = "MAX" if increment > 0 else "MIN"
        last = self.connection.query(f"SELECT CAST({extreme}({column.quoted}) AS bigint) FROM {table.name}")[0][0]
        if last is not None and (int(last) - current) * increment >= 0:
            self.connection.execute(f"ALTER SEQUENCE {sequence} RESTART WITH {int(last) + increment}")

    @contextmanager
    def _rolled_back(self) -> Iterator[None]:
        dialect = self.connection.dialect
        self.connection.try_execute(dialect.rollback)
        self.connection.try_execute(dialect.begin)
        try:
            yield
        finally:
            self.connection.try_execute(dialect.rollback)

    def send(self, table: Table, rows: list[Row]) -> int:
        """Send arrays of parameters with Microsoft's driver; FreeTDS crashes on them."""
        templates = [_conversion(column.type) for column in table.columns]
        if not self._supports_arrays(table):
            for first in range(0, len(rows), INSERT_ROWS):
                self.connection.execute(self._insert_literals(table, templates, rows[first : first + INSERT_ROWS]))
            return len(rows)  # a server with NOCOUNT ON does not count
        placeholders = ", ".join(template.format("?") for template in templates)
        statement = f"INSERT INTO {table.name} ({table.column_list}) VALUES ({placeholders})"
        with self.connection.cursor(statement) as cursor:
            cursor.fast_executemany = len(rows) > 1
            cursor.setinputsizes(
                [
                    _size(values, binary=column.type in self.binary_types)
                    for column, values in zip(table.columns, zip(*rows, strict=True), strict=True)
                ]
            )
            cursor.executemany(statement, rows)
        return len(rows)

    def _supports_arrays(self, table: Table) -> bool:
        """True if to send arrays: other servers of this protocol do not find tables created in the open transaction."""
        if table.name == self.stage_name and self.connection.transactional:
            return False
        with self.connection.cursor("") as cursor:
            if not hasattr(cursor, "fast_executemany"):
                return False
            return MICROSOFT_FILE in driver_file(cursor.connection).lower()

    def _insert_literals(self, table: Table, templates: Sequence[str], rows: Sequence[Row]) -> str:
        """Return one INSERT; a column of NULLs is selected as NULL, for it would be an int in VALUES."""
        names = [f"c{number}" for number in range(len(templates))]
        empty = [all(value is None for value in column) for column in zip(*rows, strict=True)]
        chosen = ", ".join(
            "NULL" if is_empty else template.format(f"v.{name}")
            for template, name, is_empty in zip(templates, names, empty, strict=True)
        )
        written = ",\n".join(f"({', '.join(map(self._literal, row))})" for row in rows)
        derived = f"(VALUES\n{written}\n) v ({', '.join(names)})"
        return f"INSERT INTO {table.name} ({table.column_list}) SELECT {chosen} FROM {derived}"

    def _literal(self, value: str | bytes | None) -> str:
        if value is None:
            return "NULL"
        return to_text(value) if type(value) is bytes else self.connection.dialect.quote_literal(str(value))


def _codec(code_page: str) -> str:
    """Return the name of Python's codec for a code page; empty for Unicode, and for one that Python does not have."""
    try:
        return "" if code_page in {"", "0", "65001"} else codecs.lookup(f"cp{code_page}").name
    except LookupError:
        return ""


def _check_letters(text: str, codec: str) -> None:
    """Raise ValueError for a letter that the column does not have, and the server would store as a question mark."""
    try:
        text.encode(codec)
    except UnicodeEncodeError as error:
        raise ValueError(f"{text[error.start]!r} is not in its code page ({codec}); nvarchar has all letters") from None


def _conversion(column_type: str) -> str:
    return next((template for types, template in CONVERSIONS if types.match(column_type)), "{}")


def _size(values: Sequence[str | bytes | None], *, binary: bool) -> tuple[int, int, int]:
    """Return type and length of the longest value, as setinputsizes takes them; the length is 0 for max."""
    kind = SQL_VARBINARY if binary else SQL_WVARCHAR
    longest = max((len(_sent_bytes(value)) for value in values if value), default=2)
    length = longest if binary else longest // 2
    return kind, length if length <= MAX_LENGTHS[kind] else 0, 0


def _sent_bytes(value: str | bytes) -> bytes:
    return value if isinstance(value, bytes) else value.encode("utf-16-le")
