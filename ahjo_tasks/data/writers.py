"""The quick way to write many rows, one for each database."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from ahjo_tasks.data.column_values import shape_for, shaped, strict_number
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.column_values import Shape
    from ahjo_tasks.data.table import Table
    from ahjo_tasks.data.table_file import Chunk, Row, TableFile
    from ahjo_tasks.database.connection import Connection


FOREIGN_KEY = re.compile(r"FOREIGN KEY(?: \(([^)]*)\))?")
"""As MySQL, SQLite and SQL Server name one, at most with its columns: the others that they name are the parent's."""
PARENT_FIRST = "The row that it refers to has to be there before: in the table, in an earlier file, or further up."


class Writer:
    """`executemany` of an INSERT, and row by row where that fails, so that the bad row is named."""

    catalog: ClassVar[str] = (
        "SELECT table_schema, table_name, column_name, data_type, 0 FROM information_schema.columns"
        " WHERE lower(table_name) = lower({table}) AND ({schema} IS NULL OR lower(table_schema) = lower({schema}))"
        " ORDER BY table_schema, table_name, ordinal_position"
    )
    """The query of `find_table`, with places for the literals of table and schema."""
    binary: ClassVar[frozenset[str]] = frozenset({"blob"})
    mark: ClassVar[str] = "?"
    stage_name: ClassVar[str] = "ahjo_stage"
    drop_stage: ClassVar[str] = "DROP TABLE ahjo_stage"
    overriding: ClassVar[str] = ""
    """What an INSERT says so that an identity column takes its value."""
    transaction_survives: ClassVar[bool] = True
    """Whether a failed statement leaves the transaction, so that what failed can be tried again in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def shape(self, kind: str) -> Shape:
        """How a value goes into a column of that type."""
        return shape_for(kind, self.binary)

    def create_stage(self, stage: Table, table: Table, keys: Sequence[str]) -> None:
        """Make an empty table with the types of that one, seen by this connection alone."""
        line = stage.columns[0].quoted
        index = self.index(keys)
        self.connection.execute(
            f"CREATE TEMPORARY TABLE {stage.name}{index} AS"
            f" SELECT 0 AS {line}, {table.listed} FROM {table.name} WHERE 1 = 0"
        )

    def index(self, keys: Sequence[str]) -> str:
        """What makes the stage's keys quick to find, where the database does not see to it."""
        return ""

    def update(self, table: str, stage: str, columns: Sequence[str], same: str) -> str:
        """The UPDATE from the stage `s`, to which a further AND may be added."""
        values = ", ".join(f"{column} = s.{column}" for column in columns)
        return f"UPDATE {table} SET {values} FROM {stage} WHERE {same}"

    @contextmanager
    def session(self) -> Iterator[None]:
        """Set the session up for loading, and back."""
        yield

    @contextmanager
    def into(self, table: Table) -> Iterator[None]:
        """Prepare the table for rows."""
        yield

    def finish(self, table: Table) -> None:
        """Leave the table as if the rows had come from elsewhere."""

    def write(self, file: TableFile, table: Table, chunk: Chunk) -> None:
        """Write a chunk. Raises DeployError that names file and line of the first bad row."""
        fitting = shaped(chunk, file, table, self.shape)
        self.connection.execute("SAVEPOINT ahjo_chunk")
        try:
            self.send(table, fitting.rows)
        except StatementError:
            if self.connection.usable:
                self.connection.execute("ROLLBACK TO SAVEPOINT ahjo_chunk")
                self.one_by_one(file, table, fitting)
            raise
        self.connection.execute("RELEASE SAVEPOINT ahjo_chunk")

    def one_by_one(self, file: TableFile, table: Table, chunk: Chunk) -> None:
        """Write the rows singly until one is refused."""
        for row, line in zip(chunk.rows, chunk.lines, strict=True):
            try:
                self.send(table, [row])
            except StatementError as error:
                hint = PARENT_FIRST if "foreign key" in error.message.lower() else error.hint
                raise DeployError(self.complaint(error, table, row), path=file.path, line=line, hint=hint) from error

    def complaint(self, error: StatementError, table: Table, row: Sequence[object]) -> str:
        """What the server said, with the column that it speaks of where one can be told."""
        message = error.message
        foreign = FOREIGN_KEY.search(message)
        said = foreign[1] or "" if foreign else message
        named = sorted(
            (column.name for column in table.columns if _stands(column.name, said)),
            key=lambda name: re.search(rf"""[`'"(]{re.escape(name)}[`'")]""", said, re.IGNORECASE) is None,
        )
        quoted = [
            column.name
            for column, value in zip(table.columns, row, strict=True)
            if value is not None and (f"'{value}'" in message or f'"{value}"' in message)
        ]
        column = next(iter(named or quoted), "")
        return f"column {column}: {message}" if column else message

    def statement(self, table: Table) -> str:
        """The INSERT with a mark for each column."""
        return f"INSERT INTO {table.name} ({table.listed}) VALUES ({', '.join([self.mark] * len(table.columns))})"

    def send(self, table: Table, rows: list[Row]) -> None:
        """Hand the rows to the driver. Raises StatementError."""
        statement = self.statement(table)
        with self.connection.cursor(statement) as cursor:
            cursor.executemany(statement, rows)


class SQLiteWriter(Writer):
    """Any text would be taken for a number's column, so numbers are looked at here."""

    catalog = (
        "SELECT 'main', m.name, x.name, x.type, x.hidden > 1 FROM sqlite_master m, pragma_table_xinfo(m.name) x"
        " WHERE m.type IN ('table', 'view') AND lower(m.name) = lower({table})"
        " AND lower(COALESCE({schema}, 'main')) = 'main'"
    )

    def shape(self, kind: str) -> Shape:
        """A word in a column of numbers is an error as elsewhere."""
        return strict_number(kind, super().shape(kind))


class PostgreSQLWriter(Writer):
    """COPY."""

    catalog = (
        "SELECT table_schema, table_name, column_name, CASE data_type WHEN 'ARRAY' THEN udt_name ELSE data_type END,"
        " is_generated = 'ALWAYS' FROM information_schema.columns WHERE lower(table_name) = lower({table})"
        " AND (lower(table_schema) = lower({schema})"
        " OR {schema} IS NULL AND table_schema = ANY (current_schemas(false)))"
        " ORDER BY array_position(current_schemas(false), table_schema::name), table_schema, table_name,"
        " ordinal_position"
    )
    binary = frozenset({"bytea", "_bytea"})
    overriding = "OVERRIDING SYSTEM VALUE "

    def send(self, table: Table, rows: list[Row]) -> None:
        """COPY the rows; the server says line and column of a bad value."""
        statement = f"COPY {table.name} ({table.listed}) FROM STDIN"
        with self.connection.cursor(statement) as cursor, cursor.copy(statement) as copy:
            for row in rows:
                copy.write_row(row)

    def complaint(self, error: StatementError, table: Table, row: Sequence[object]) -> str:
        """COPY names the column in the context of the error."""
        column = re.search(r"column ([^:]+):", error.server.procedure)
        return f"column {column[1]}: {error.message}" if column else super().complaint(error, table, row)

    def finish(self, table: Table) -> None:
        """Let a sequence go on behind the numbers that were loaded, as identities do elsewhere."""
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
    {"geometry", "geometrycollection", "geomcollection", *SHAPES, *(f"multi{one}" for one in SHAPES)}
)
"""MySQL's; their bytes are a reference system and well-known binary, as they are read."""


class MySQLWriter(Writer):
    """INSERTs of many rows, which PyMySQL makes of `executemany`."""

    catalog = (
        "SELECT table_schema, table_name, column_name, data_type, COALESCE(generation_expression, '') <> ''"
        " FROM information_schema.columns WHERE lower(table_name) = lower({table})"
        " AND lower(table_schema) = lower(COALESCE({schema}, DATABASE())) ORDER BY table_name, ordinal_position"
    )
    binary = frozenset({"bit", "binary", "varbinary", "blob", "tinyblob", "mediumblob", "longblob"}) | GEOMETRIES
    mark = "%s"
    drop_stage = "DROP TEMPORARY TABLE ahjo_stage"  # without the word it would end the transaction

    def index(self, keys: Sequence[str]) -> str:
        """Without an index, rows are compared each with each."""
        return f" (KEY ({', '.join(keys)}))"

    def update(self, table: str, stage: str, columns: Sequence[str], same: str) -> str:
        """A temporary table may be named but once."""
        values = ", ".join(f"{table}.{column} = s.{column}" for column in columns)
        return f"UPDATE {table} JOIN {stage} ON {same} SET {values} WHERE 1 = 1"

    @contextmanager
    def session(self) -> Iterator[None]:
        """A value that does not fit is an error, however lenient the server is set."""
        before = self.connection.query("SELECT @@SESSION.sql_mode")[0][0]
        self.connection.execute(
            "SET SESSION sql_mode = CONCAT(@@SESSION.sql_mode, ',STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO')"
        )
        try:
            yield
        finally:
            if self.connection.usable:
                self.connection.try_execute(
                    f"SET SESSION sql_mode = {self.connection.dialect.quote_literal(str(before))}"
                )


def _stands(name: str, message: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message, re.IGNORECASE) is not None
