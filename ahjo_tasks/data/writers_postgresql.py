"""Write many rows to PostgreSQL: by COPY, or through a temporary table where COPY would pass over rules or policies."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.data.writers import Writer
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ahjo_tasks.data.table import Column, Table
    from ahjo_tasks.data.table_file import Row, TableFile
    from ahjo_tasks.database.connection import Connection

ROWS = "ahjo_rows"
"""The temporary table from which rows are inserted."""
NEXTVAL = re.compile(r"\(*nextval\(+'((?:[^']|'')+)'(?:::\w+|\))*")
"""A default that is the next number of a sequence, as pg_get_expr writes it, and nothing else."""


class PostgreSQLWriter(Writer):
    """Writes by COPY, but by INSERT to views, and where COPY would pass over rules or be refused for a policy."""

    catalog = (
        "SELECT n.nspname, c.relname, a.attname,"
        " CASE t.typcategory WHEN 'A' THEN t.typname ELSE format_type(t.oid, NULL) END,"
        " COALESCE(to_jsonb(a) ->> 'attgenerated', '') <> '', NULL, a.attidentity = 'a'"
        " FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_type d ON d.oid = a.atttypid JOIN pg_type t ON t.oid = COALESCE(NULLIF(d.typbasetype, 0), d.oid)"
        " WHERE c.relkind IN ('r', 'p', 'v', 'f', 'm') AND a.attnum > 0 AND NOT a.attisdropped"
        " AND lower(c.relname) = lower({table}) AND (lower(n.nspname) = lower({schema})"
        " OR {schema} IS NULL AND n.nspname = ANY (current_schemas(false)))"
        " ORDER BY array_position(current_schemas(false), n.nspname), n.nspname, c.relname, a.attnum"
    )
    acting_keys = (
        "SELECT n.nspname, c.relname, k.conname, CASE k.confdeltype WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL'"
        " ELSE 'SET DEFAULT' END, a.attname FROM pg_constraint k"
        " JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace m ON m.oid = p.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)"
        " WHERE k.contype = 'f' AND k.confdeltype IN ('c', 'n', 'd') AND NOT c.relispartition"
        " AND m.nspname = {schema} AND p.relname = {table}"
    )
    binary_types = frozenset({"bytea", "_bytea"})
    overriding = "OVERRIDING SYSTEM VALUE "

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._inserted: Table | None = None
        """The table whose rows are inserted from the temporary one."""

    def check(self, file: TableFile, table: Table) -> None:
        """Refuse to replace or update rows where a policy may hide some of them from this login."""
        if file.options.mode == "insert" or not self._facts(table, "row_security_active(c.oid)"):
            return
        raise DeployError(
            f"row-level security of {table.name} applies to this login, so that mode {file.options.mode}"
            " would pass over rows that it does not see",
            path=file.path,
            hint="Load it as a role with BYPASSRLS, or as the owner of the table; mode insert works with policies.",
        )

    @contextmanager
    def rows_sent_to(self, table: Table) -> Iterator[None]:
        """Create the temporary table where COPY does not do what an INSERT does."""
        direct = (
            "c.relkind IN ('r', 'p', 'f') AND NOT row_security_active(c.oid)"
            " AND NOT EXISTS (SELECT 1 FROM pg_rewrite r WHERE r.ev_class = c.oid AND r.ev_type = '3')"
        )
        if self._facts(table, direct):
            yield
            return
        self.connection.execute(
            f"CREATE TEMPORARY TABLE {ROWS} AS SELECT {table.column_list} FROM {table.name} WHERE false"
        )
        self._inserted = table
        yield
        self._inserted = None
        self.connection.execute(f"DROP TABLE {ROWS}")

    def send(self, table: Table, rows: list[Row]) -> int:
        """Send the rows; the server names line and column of a bad value."""
        if table is not self._inserted:
            return self._copy(table.name, table, rows)
        self._copy(ROWS, table, rows)
        count = self.connection.execute(
            f"INSERT INTO {table.name} ({table.column_list}) {self.overriding}SELECT {table.column_list} FROM {ROWS}"
        )
        self.connection.execute(f"TRUNCATE {ROWS}")
        return count

    def _copy(self, target: str, table: Table, rows: list[Row]) -> int:
        statement = f"COPY {target} ({table.column_list}) FROM STDIN"
        with self.connection.cursor(statement) as cursor:
            with cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row(row)
            return int(cursor.rowcount)

    def error_message(self, error: StatementError, table: Table, row: Sequence[object]) -> str:
        """Return the message with the column from the context of the error."""
        column = re.search(r"column ([^:]+):", error.server.procedure)
        return f"column {column[1]}: {error.message}" if column else super().error_message(error, table, row)

    def finalize(self, table: Table) -> None:
        """Move the sequences that number the table past the loaded numbers, as other databases do for identities."""
        for column in table.columns:
            sequence = self._sequence_of(table, column)
            if sequence:
                self._move(sequence, table, column)

    def _facts(self, table: Table, condition: str) -> bool:
        name = self.connection.dialect.quote_literal(table.name)
        return bool(self.connection.query(f"SELECT {condition} FROM pg_class c WHERE c.oid = {name}::regclass")[0][0])

    def _sequence_of(self, table: Table, column: Column) -> str:
        """Return the sequence of an identity, or of a default nextval(...), whoever owns it; empty for none."""
        literal = self.connection.dialect.quote_literal
        rows = self.connection.query(
            f"SELECT a.attidentity <> '', pg_get_serial_sequence({literal(table.name)}, {literal(column.name)}),"
            " pg_get_expr(d.adbin, d.adrelid) FROM pg_attribute a"
            " LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum"
            f" WHERE a.attrelid = {literal(table.name)}::regclass AND a.attname = {literal(column.name)}"
        )
        identity, owned, default = rows[0]
        match = NEXTVAL.fullmatch(default or "")
        return owned if identity else match[1].replace("''", "'") if match else ""

    def _move(self, sequence: str, table: Table, column: Column) -> None:
        literal = self.connection.dialect.quote_literal(sequence)
        may, increment, name = self.connection.query(
            f"SELECT has_sequence_privilege(s.seqrelid, 'UPDATE') AND has_sequence_privilege(s.seqrelid, 'SELECT'),"
            f" s.seqincrement, s.seqrelid::regclass FROM pg_sequence s WHERE s.seqrelid = {literal}::regclass"
        )[0]
        if not may:
            self.connection.report(
                f"The sequence {name} was not moved on, because the login may not; it numbers {table.name}."
            )
            return
        extreme, beyond = ("MAX", ">") if increment > 0 else ("MIN", "<")
        self.connection.execute(
            f"SELECT setval({literal}::regclass, t.n) FROM {name} s,"
            f" (SELECT {extreme}({column.quoted})::bigint AS n FROM {table.name}) t"
            f" WHERE t.n {beyond} s.last_value OR t.n = s.last_value AND NOT s.is_called"
        )
