"""Write many rows fast: one class for each database."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from ahjo_tasks.data.column_values import convert_chunk, converter_for, strict_number
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.column_values import Converter
    from ahjo_tasks.data.table import Table
    from ahjo_tasks.data.table_file import Row, RowChunk, TableFile
    from ahjo_tasks.database.connection import Connection


FOREIGN_KEY = re.compile(r"FOREIGN KEY(?: \(([^)]*)\))?")
"""A foreign key in messages of MySQL, SQLite and SQL Server; columns that they name elsewhere are the parent's."""
PARENT_FIRST = "The row that it references must exist before: in the table, in an earlier file, or further up."


class Writer:
    """Writes by `executemany` of an INSERT, and row by row after a failure, to name the bad row."""

    catalog: ClassVar[str] = (
        "SELECT table_schema, table_name, column_name, data_type, 0 FROM information_schema.columns"
        " WHERE lower(table_name) = lower({table}) AND ({schema} IS NULL OR lower(table_schema) = lower({schema}))"
        " ORDER BY table_schema, table_name, ordinal_position"
    )
    """The query of `find_table`, with placeholders for the literals of table and schema."""
    binary_types: ClassVar[frozenset[str]] = frozenset({"blob"})
    placeholder: ClassVar[str] = "?"
    stage_name: ClassVar[str] = "ahjo_stage"
    drop_stage: ClassVar[str] = "DROP TABLE ahjo_stage"
    overriding: ClassVar[str] = ""
    """The clause of an INSERT that gives values to an identity column."""
    transaction_survives: ClassVar[bool] = True
    """Whether the transaction goes on after a failed statement, so that the rows can be tried again in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def converter(self, column_type: str) -> Converter:
        """Return the converter for values of a column of that type."""
        return converter_for(column_type, self.binary_types)

    def create_stage(self, stage: Table, table: Table, keys: Sequence[str]) -> None:
        """Create an empty temporary table with the types of that one."""
        line = stage.columns[0].quoted
        index = self.stage_index(keys)
        self.connection.execute(
            f"CREATE TEMPORARY TABLE {stage.name}{index} AS"
            f" SELECT 0 AS {line}, {table.column_list} FROM {table.name} WHERE 1 = 0"
        )

    def stage_index(self, keys: Sequence[str]) -> str:
        """Return the definition of an index on the keys, for databases that join slowly without."""
        return ""

    def update(self, table: str, stage: str, columns: Sequence[str], same: str) -> str:
        """Return the UPDATE from the stage `s`, to which a further AND can be appended."""
        values = ", ".join(f"{column} = s.{column}" for column in columns)
        return f"UPDATE {table} SET {values} FROM {stage} WHERE {same}"

    @contextmanager
    def session_settings(self) -> Iterator[None]:
        """Change settings of the session for loading, and restore them."""
        yield

    @contextmanager
    def prepare_table(self, table: Table) -> Iterator[None]:
        """Prepare the table for rows, and undo that afterwards."""
        yield

    def finalize(self, table: Table) -> None:
        """Adjust what depends on the rows after they were loaded."""

    def write(self, file: TableFile, table: Table, chunk: RowChunk) -> None:
        """Write a chunk. Raises DeployError that names file and line of the first bad row."""
        converted = convert_chunk(chunk, file, table, self.converter)
        self.connection.execute("SAVEPOINT ahjo_chunk")
        try:
            self.send(table, converted.rows)
        except StatementError:
            if self.connection.usable:
                self.connection.execute("ROLLBACK TO SAVEPOINT ahjo_chunk")
                self.write_one_by_one(file, table, converted)
            raise
        self.connection.execute("RELEASE SAVEPOINT ahjo_chunk")

    def write_one_by_one(self, file: TableFile, table: Table, chunk: RowChunk) -> None:
        """Write the rows one by one. Raises DeployError for the first that the server refuses."""
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            try:
                self.send(table, [row])
            except StatementError as error:
                hint = PARENT_FIRST if "foreign key" in error.message.lower() else error.hint
                raise DeployError(
                    self.error_message(error, table, row), path=file.path, line=line, hint=hint
                ) from error

    def error_message(self, error: StatementError, table: Table, row: Sequence[object]) -> str:
        """Return the server's message, with the column that it is about if that can be told."""
        message = error.message
        foreign = FOREIGN_KEY.search(message)
        searched = foreign[1] or "" if foreign else message
        named = sorted(
            (column.name for column in table.columns if _contains_word(searched, column.name)),
            key=lambda name: re.search(rf"""[`'"(]{re.escape(name)}[`'")]""", searched, re.IGNORECASE) is None,
        )
        quoted = [
            column.name
            for column, value in zip(table.columns, row, strict=True)
            if value is not None and (f"'{value}'" in message or f'"{value}"' in message)
        ]
        column = next(iter(named or quoted), "")
        return f"column {column}: {message}" if column else message

    def statement(self, table: Table) -> str:
        """Return the INSERT with a placeholder for each column."""
        values = ", ".join([self.placeholder] * len(table.columns))
        return f"INSERT INTO {table.name} ({table.column_list}) VALUES ({values})"

    def send(self, table: Table, rows: list[Row]) -> None:
        """Send the rows by the driver. Raises StatementError."""
        statement = self.statement(table)
        with self.connection.cursor(statement) as cursor:
            cursor.executemany(statement, rows)


class SQLiteWriter(Writer):
    """Checks numbers itself: SQLite stores any text in a column of numbers."""

    catalog = (
        "SELECT 'main', m.name, x.name, x.type, x.hidden > 1 FROM sqlite_master m, pragma_table_xinfo(m.name) x"
        " WHERE m.type IN ('table', 'view') AND lower(m.name) = lower({table})"
        " AND lower(COALESCE({schema}, 'main')) = 'main'"
    )

    def converter(self, column_type: str) -> Converter:
        """Return a converter that refuses text in a column of numbers, as other databases do."""
        return strict_number(column_type, super().converter(column_type))


class PostgreSQLWriter(Writer):
    """Writes by COPY."""

    catalog = (
        "SELECT table_schema, table_name, column_name, CASE data_type WHEN 'ARRAY' THEN udt_name ELSE data_type END,"
        " is_generated = 'ALWAYS' FROM information_schema.columns WHERE lower(table_name) = lower({table})"
        " AND (lower(table_schema) = lower({schema})"
        " OR {schema} IS NULL AND table_schema = ANY (current_schemas(false)))"
        " ORDER BY array_position(current_schemas(false), table_schema::name), table_schema, table_name,"
        " ordinal_position"
    )
    binary_types = frozenset({"bytea", "_bytea"})
    overriding = "OVERRIDING SYSTEM VALUE "

    def send(self, table: Table, rows: list[Row]) -> None:
        """COPY the rows; the server names line and column of a bad value."""
        statement = f"COPY {table.name} ({table.column_list}) FROM STDIN"
        with self.connection.cursor(statement) as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def error_message(self, error: StatementError, table: Table, row: Sequence[object]) -> str:
        """Return the message with the column from the context of the error."""
        column = re.search(r"column ([^:]+):", error.server.procedure)
        return f"column {column[1]}: {error.message}" if column else super().error_message(error, table, row)

    def finalize(self, table: Table) -> None:
        """Advance the sequences of the table past the loaded numbers, as other databases do for identities."""
        literal = self.connection.dialect.quote_literal
        for column in table.columns:
            if not column.type.endswith(("integer", "bigint", "smallint")):
                continue
            sequence = f"pg_get_serial_sequence({literal(table.name)}, {literal(column.name)})"
            if self.connection.query(f"SELECT has_sequence_privilege({sequence}, 'UPDATE')")[0][0]:
                self.connection.execute(
                    f"SELECT setval({sequence}, m) FROM (SELECT MAX({column.quoted}) AS m FROM {table.name}) t"
                    f" WHERE m > COALESCE(pg_sequence_last_value({sequence}::regclass), 0)"
                )


SHAPES = ("point", "linestring", "polygon")
GEOMETRIES = frozenset(
    {"geometry", "geometrycollection", "geomcollection", *SHAPES, *(f"multi{shape}" for shape in SHAPES)}
)
"""Geometry types of MySQL, whose bytes are a reference system and well-known binary, as they are read."""


class MySQLWriter(Writer):
    """Writes by INSERTs of many rows, which PyMySQL makes of `executemany`."""

    catalog = (
        "SELECT table_schema, table_name, column_name, data_type, COALESCE(generation_expression, '') <> ''"
        " FROM information_schema.columns WHERE lower(table_name) = lower({table})"
        " AND lower(table_schema) = lower(COALESCE({schema}, DATABASE())) ORDER BY table_name, ordinal_position"
    )
    binary_types = frozenset({"bit", "binary", "varbinary", "blob", "tinyblob", "mediumblob", "longblob"}) | GEOMETRIES
    placeholder = "%s"
    drop_stage = "DROP TEMPORARY TABLE ahjo_stage"  # without TEMPORARY it would commit the transaction

    def stage_index(self, keys: Sequence[str]) -> str:
        """Return a KEY: without it, each row is compared with each."""
        return f" (KEY ({', '.join(keys)}))"

    def update(self, table: str, stage: str, columns: Sequence[str], same: str) -> str:
        """Return UPDATE ... JOIN: a query can name a temporary table only once."""
        values = ", ".join(f"{table}.{column} = s.{column}" for column in columns)
        return f"UPDATE {table} JOIN {stage} ON {same} SET {values} WHERE 1 = 1"

    @contextmanager
    def session_settings(self) -> Iterator[None]:
        """Set a strict sql_mode, so that a value that does not fit is an error."""
        sql_mode = self.connection.query("SELECT @@SESSION.sql_mode")[0][0]
        self.connection.execute(
            "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO')"
        )
        try:
            yield
        finally:
            if self.connection.usable:
                self.connection.try_execute(
                    f"SET SESSION sql_mode = {self.connection.dialect.quote_literal(str(sql_mode))}"
                )


def _contains_word(message: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message, re.IGNORECASE) is not None
