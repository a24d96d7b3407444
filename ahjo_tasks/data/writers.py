"""Write many rows fast: one class for each database."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, ClassVar

from ahjo_tasks.data.column_values import convert_chunk, converter_for
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.column_values import Converter
    from ahjo_tasks.data.table import Column, Table
    from ahjo_tasks.data.table_file import Row, RowChunk, TableFile
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import ServerMessage


FOREIGN_KEY = re.compile(r"FOREIGN KEY(?: \(([^)]*)\))?")
"""A foreign key in messages of MySQL, SQLite and SQL Server; columns that they name elsewhere are the parent's."""
PARENT_FIRST = "The row that it references must exist before: in the table, in an earlier file, or in an earlier row."


IS_STRICT = "upper(substr(m.sql, length(rtrim(m.sql, replace(m.sql, ')', ''))) + 1)) LIKE '%STRICT%'"
"""Condition of SQLite that STRICT stands behind the last parenthesis: there a column ANY keeps a text as it is."""


class Writer:
    """Writes by `executemany` of an INSERT, and row by row after a failure, to name the bad row."""

    catalog: ClassVar[str] = (
        "SELECT table_schema, table_name, column_name, data_type, 0 FROM information_schema.columns"
        " WHERE lower(table_name) = lower({table}) AND ({schema} IS NULL OR lower(table_schema) = lower({schema}))"
        " ORDER BY table_schema, table_name, ordinal_position"
    )
    """The query of `find_table`, with placeholders for the literals of table and schema."""
    acting_keys: ClassVar[str] = ""
    """The query of the foreign keys through which a DELETE changes rows of other tables: schema and name of such a
    table, name of the key, ON DELETE rule, and one of its columns; with the placeholders of `catalog`."""
    binary_types: ClassVar[frozenset[str]] = frozenset({"blob"})
    placeholder: ClassVar[str] = "?"
    stage_name: ClassVar[str] = "ahjo_stage"
    drop_stage: ClassVar[str] = "DROP TABLE ahjo_stage"
    overriding: ClassVar[str] = ""
    """The clause of an INSERT that gives values to an identity column."""
    transaction_survives: ClassVar[bool] = True
    """True if the transaction goes on after a failed statement, so that the rows can be tried again in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def converter(self, column: Column) -> Converter:
        """Return the converter for values of that column."""
        return converter_for(column.type, self.binary_types)

    def check(self, file: TableFile, table: Table) -> None:
        """Raise DeployError for a table into which the file cannot be loaded in its mode without losing rows."""

    def keys_that_act(self, table: Table) -> dict[tuple[str, ...], list[str]]:
        """Return the quoted columns of each foreign key by which a DELETE acts on another table.

        A key is that table's schema and name, its own name, and its ON DELETE rule.
        """
        found: dict[tuple[str, ...], list[str]] = {}
        quote, literal = self.connection.dialect.quote, self.connection.dialect.quote_literal
        query = self.acting_keys.format(schema=literal(table.schema), table=literal(table.path[-1]))
        for *key, column in self.connection.query(query) if query else ():
            found.setdefault(tuple(map(str, key)), []).append(quote(str(column)))
        return found

    def can_undo(self, table: Table) -> bool:
        """Return whether a rollback takes back what was done in the table, so that its rows can be tried one by one."""
        return True

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

    @contextmanager
    def rows_sent_to(self, table: Table) -> Iterator[None]:
        """Choose how the rows of a whole file get into the table, and undo that afterwards."""
        yield

    def finalize(self, table: Table) -> None:
        """Adjust what depends on the rows after they were loaded."""

    def write(self, file: TableFile, table: Table, chunk: RowChunk) -> int:
        """Write a chunk; return how many rows the server counted.

        Raises DeployError that names file and line of the first bad row, StatementError when no row is to blame.
        """
        converted = convert_chunk(chunk, file, table, self.converter)
        self.connection.execute("SAVEPOINT ahjo_chunk")
        try:
            count = self.send(table, converted.rows)
        except StatementError as error:
            if self.connection.usable:
                self.connection.execute("ROLLBACK TO SAVEPOINT ahjo_chunk")
                refused = self.refuses_statement(table, error)
                self.connection.execute("ROLLBACK TO SAVEPOINT ahjo_chunk")
                if not refused and self.can_undo(table):
                    self.write_one_by_one(file, table, converted)
            raise
        self.connection.execute("RELEASE SAVEPOINT ahjo_chunk")
        return count

    def refuses_statement(self, table: Table, error: StatementError) -> bool:
        """True if the server refuses an INSERT of no row for the same reason, so that no row is to blame."""
        statement = (
            f"INSERT INTO {table.name} ({table.column_list}) {self.overriding}"
            f"SELECT {table.column_list} FROM {table.name} WHERE 1 = 0"
        )
        return self.connection.try_execute(statement) == error.message

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
        """Return the server's message, with the column that it is about if that is known."""
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
        into = f"{table.name} ({table.column_list})"
        if "%" in self.placeholder:  # in a name it is a letter
            into = into.replace("%", "%%")
        return f"INSERT INTO {into} VALUES ({values})"

    def send(self, table: Table, rows: list[Row]) -> int:
        """Send the rows by the driver; return how many the server counted. Raises StatementError."""
        statement = self.statement(table)
        with self.connection.cursor(statement) as cursor:
            cursor.executemany(statement, rows)
            return int(cursor.rowcount)


class SQLiteWriter(Writer):
    """Checks values itself: SQLite stores any value in any column."""

    catalog = (
        "SELECT 'main', m.name, x.name,"
        f" CASE WHEN upper(x.type) = 'ANY' AND {IS_STRICT} THEN 'TEXT' ELSE x.type END, x.hidden > 1"
        " FROM sqlite_master m, pragma_table_xinfo(m.name) x"
        " WHERE m.type IN ('table', 'view') AND lower(m.name) = lower({table})"
        " AND lower(COALESCE({schema}, 'main')) = 'main'"
    )
    acting_keys = (
        """SELECT 'main', m.name, f.id, f.on_delete, f."from" FROM sqlite_master m, pragma_foreign_key_list(m.name) f"""
        """ WHERE m.type = 'table' AND lower(f."table") = lower({table})"""
        " AND f.on_delete IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
    )

    def converter(self, column: Column) -> Converter:
        """Return the converter for the declared type."""
        from ahjo_tasks.data.column_values_sqlite import converter_of

        return converter_of(column.type)


MAX_WARNINGS = 10
"""Number of the server's warnings about the rows of a file that are shown."""
NEXTVAL = re.compile(r"nextval\((.+)\)", re.IGNORECASE)
"""A column's default in MariaDB's catalog that is the next value of a sequence."""


class MySQLWriter(Writer):
    """Writes by INSERTs of many rows, which PyMySQL makes of `executemany`."""

    catalog = (
        "SELECT table_schema, table_name, column_name, data_type,"
        " COALESCE(generation_expression, '') <> '', column_type FROM information_schema.columns"
        " WHERE lower(table_name) = lower({table})"
        " AND lower(table_schema) = lower(COALESCE({schema}, DATABASE())) ORDER BY table_name, ordinal_position"
    )
    acting_keys = (
        "SELECT k.table_schema, k.table_name, k.constraint_name, r.delete_rule, k.column_name"
        " FROM information_schema.referential_constraints r JOIN information_schema.key_column_usage k"
        " ON k.constraint_schema = r.constraint_schema AND k.table_name = r.table_name"
        " AND k.constraint_name = r.constraint_name WHERE r.constraint_schema = {schema}"
        " AND r.unique_constraint_schema = {schema} AND r.referenced_table_name = {table}"
        " AND r.delete_rule IN ('CASCADE', 'SET NULL', 'SET DEFAULT')"
    )
    binary_types = frozenset({"bit", "binary", "varbinary", "blob", "tinyblob", "mediumblob", "longblob"})
    placeholder = "%s"
    drop_stage = "DROP TEMPORARY TABLE ahjo_stage"  # without TEMPORARY it would commit the transaction

    def converter(self, column: Column) -> Converter:
        """Return the converter for the type, which for some of them depends on the declaration."""
        from ahjo_tasks.data.column_values_mysql import converter_of

        return converter_of(column) or super().converter(column)

    def can_undo(self, table: Table) -> bool:
        """Ask for the engine: MyISAM and others have no transactions. Temporary tables and views are not listed."""
        literal, (*schema, name) = self.connection.dialect.quote_literal, table.path or ("",)
        rows = self.connection.query(
            "SELECT e.transactions FROM information_schema.tables t JOIN information_schema.engines e"
            f" ON e.engine = t.engine WHERE t.table_schema = {literal(schema[0]) if schema else 'DATABASE()'}"
            f" AND t.table_name = {literal(name)} AND t.table_type = 'BASE TABLE'"
        )
        return all(transactions == "YES" for (transactions,) in rows)

    def stage_index(self, keys: Sequence[str]) -> str:
        """Return a KEY: without it, each row is compared with each."""
        return f" (KEY ({', '.join(keys)}))"

    def update(self, table: str, stage: str, columns: Sequence[str], same: str) -> str:
        """Return UPDATE ... JOIN: a query can name a temporary table only once."""
        values = ", ".join(f"{table}.{column} = s.{column}" for column in columns)
        return f"UPDATE {table} JOIN {stage} ON {same} SET {values} WHERE 1 = 1"

    @contextmanager
    def rows_sent_to(self, table: Table) -> Iterator[None]:
        """Show the first warnings about the rows of a file, and count the others."""
        shown, left = self.connection.on_message, MAX_WARNINGS
        more = 0

        def listen(message: ServerMessage) -> None:
            nonlocal left, more
            if left:
                shown(message)
            left, more = max(left - 1, 0), more + (not left)

        with self.connection.messages_to(listen):
            yield
        if more:
            self.connection.report(f"and {more} more warnings of {table.name}")

    def send(self, table: Table, rows: list[Row]) -> int:
        """Send the rows, and pass on the warnings of each INSERT that PyMySQL makes of them. Raises StatementError."""
        statement = self.statement(table)
        with self.connection.cursor(statement) as cursor:
            execute = cursor.execute

            def execute_and_report(*arguments: object) -> int:
                count: int = execute(*arguments)
                self.connection.forward_messages(cursor)
                return count

            cursor.execute = execute_and_report
            cursor.executemany(statement, rows)
            return int(cursor.rowcount)

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

    def finalize(self, table: Table) -> None:
        """Move MariaDB's sequences that are defaults of columns past the loaded numbers; SETVAL never moves back."""
        for column in table.columns:
            sequence = NEXTVAL.fullmatch(self._default(table, column))
            if sequence is None:
                continue
            highest = self.connection.query(f"SELECT MAX({column.quoted}) FROM {table.name}")[0][0]
            if highest is not None:
                self.connection.execute(f"SELECT SETVAL({sequence[1]}, {int(highest)})")

    def _default(self, table: Table, column: Column) -> str:
        literal, (*schema, name) = self.connection.dialect.quote_literal, table.path
        rows = self.connection.query(
            "SELECT column_default FROM information_schema.columns"
            f" WHERE table_schema = {literal(schema[0]) if schema else 'DATABASE()'}"
            f" AND table_name = {literal(name)} AND column_name = {literal(column.name)}"
        )
        return str(rows[0][0] or "") if rows else ""


def _contains_word(message: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", message, re.IGNORECASE) is not None
