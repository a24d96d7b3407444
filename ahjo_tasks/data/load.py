"""Load files into tables: directly, or through a staging table if rows are updated."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.data.table import Column, Table, find_table
from ahjo_tasks.data.table_file import RowChunk
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.utils import load_object, pluralize

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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
        emptied = [(file, table) for file, table in reversed(pairs) if file.options.mode == "replace"]
        for file, table in emptied:
            with _errors_of_file(file):
                _refuse_to_change_others(file, table, [other for _file, other in emptied], writer)
        for file, table in emptied:
            with _errors_of_file(file):
                _empty(file, table, connection)
        return sum(_load(file, table, writer) for file, table in pairs)


def _load(file: TableFile, table: Table, writer: Writer) -> int:
    with _errors_of_file(file):
        count = Upsert(file, table, writer).run() if file.options.mode == "upsert" else _write(file, table, writer)
        writer.finalize(table)
    return count


def _refuse_to_change_others(file: TableFile, table: Table, emptied: Sequence[Table], writer: Writer) -> None:
    """Raise DeployError when a DELETE would change or delete rows of a table that is not emptied, too."""
    connection, too = writer.connection, {(other.schema, other.path[-1]) for other in emptied}
    for (schema, name, _key, rule), columns in writer.keys_that_act(table).items():
        refers = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        rows = f"SELECT COUNT(*) FROM {connection.dialect.quote(schema, name)} WHERE {refers}"
        count = 0 if (schema, name) in too else connection.query(rows)[0][0]
        if count:
            shown = f"{name} refer{'s' if count == 1 else ''} to {table.path[-1]} with ON DELETE {rule}"
            raise DeployError(
                f"{pluralize(count, 'row')} of {shown}: to replace its rows would change {name}, too",
                path=file.path,
                hint=f"Load {name} with mode replace, too, or this file with mode upsert.",
            )


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
        raise DeployError(str(error.server), path=file.path, hint=error.hint, outcome=error.outcome) from error


def _writer_for(connection: Connection) -> Writer:
    """Create the writer that the connection's dialect names; those of other databases are not loaded."""
    writer: Writer = load_object(connection.dialect.writer)(connection)
    return writer


LINE_COLUMN = "ahjo_line"


class Upsert:
    """The upsert of one file. `stage` is the staging table: the columns of the file and its line number."""

    def __init__(self, file: TableFile, table: Table, writer: Writer) -> None:
        self.file = file
        self.table = table
        self.writer = writer
        self.connection = writer.connection
        line = Column(LINE_COLUMN, self.connection.dialect.quote(LINE_COLUMN), "integer")
        self.stage = Table(writer.stage_name, (line, *table.columns))
        self.keys = table.keys(file.options.key)

    def run(self) -> int:
        """Load the file; return its number of rows. Raises DeployError or StatementError; then the table is as before.

        The stage is filled before the transaction begins, so that this is short, and outlives its failure.
        """
        try:
            self.writer.create_stage(self.stage, self.table, self.keys)
            with self.connection.transaction(transactional=self.writer.transaction_survives):
                count = self._fill()
            self._check_keys()
            self._check_identities()
            self._merge()
        finally:
            if self.connection.usable:
                self.connection.try_execute(self.writer.drop_stage)
        return count

    def statements(self, last: int | None = None) -> list[str]:
        """Return UPDATE for existing keys and INSERT for the others, up to the line `last` of the file if given."""
        line = self.stage.columns[0].quoted
        until = f" AND s.{line} <= {last}" if last is not None else ""
        others = [column.quoted for column in self._others if not column.identity]
        update = self.writer.update(self.table.name, f"{self.stage.name} s", others, self._same) + until
        chosen = ", ".join(f"s.{column.quoted}" for column in self.table.columns)
        insert = (
            f"INSERT INTO {self.table.name} ({self.table.column_list}) {self.writer.overriding}"
            f"SELECT {chosen} FROM {self.stage.name} s"
            f" WHERE NOT EXISTS (SELECT 1 FROM {self.table.name} WHERE {self._same}){until}"
        )
        return [update, insert] if others else [insert]

    @property
    def _same(self) -> str:
        """The condition that a row of the table has the keys of a row of the stage.

        SQLite compares by the collation of the column on the left, and that of the stage has none.
        """
        return " AND ".join(f"{self.table.name}.{key} = s.{key}" for key in self.keys)

    @property
    def _others(self) -> list[Column]:
        return [column for column in self.table.columns if column.quoted not in self.keys]

    def _fill(self) -> int:
        count = 0
        for chunk in self.file.chunks():
            numbered = RowChunk([(line, *row) for row, line in zip(chunk.rows, chunk.lines, strict=True)], chunk.lines)
            self.writer.write(self.file, self.stage, numbered)
            count += len(chunk.rows)
        return count

    def _check_keys(self) -> None:
        """Raise DeployError for NULL keys, which match no row, and duplicate keys, of which one row would be lost."""
        line, listed = self.stage.columns[0].quoted, ", ".join(self.keys)
        null = " OR ".join(f"{key} IS NULL" for key in self.keys)
        empty = self.connection.query(f"SELECT MIN({line}) FROM {self.stage.name} WHERE {null}")[0][0]
        if empty is not None:
            named = ", ".join(self.file.options.key)
            raise DeployError(f"the key {named} is NULL", path=self.file.path, line=int(empty))
        groups = f"FROM {self.stage.name} GROUP BY {listed} HAVING COUNT(*) > 1"
        count, last = self.connection.query(f"SELECT COUNT(*), MIN(d.n) FROM (SELECT MAX({line}) AS n {groups}) d")[0]
        if not count:
            return
        first, *key = self.connection.query(f"SELECT MIN({line}), {listed} {groups} AND MAX({line}) = {last}")[0]
        shown = ", ".join(str(value) for value in key)
        keys = "1 key stands" if count == 1 else f"{count} keys stand"
        message = f"{keys} more than once in the file, the first one, {shown}, in lines {first} and {last}"
        raise DeployError(message, path=self.file.path, line=int(last))

    def _check_identities(self) -> None:
        """Raise DeployError for a row that would change the number of an identity column, which an UPDATE cannot."""
        line = self.stage.columns[0].quoted
        for column in self._others:
            if not column.identity:
                continue
            first = self.connection.query(
                f"SELECT MIN(s.{line}) FROM {self.stage.name} s, {self.table.name}"
                f" WHERE {self._same} AND s.{column.quoted} <> {self.table.name}.{column.quoted}"
            )[0][0]
            if first is not None:
                message = f"column {column.name}: it is an identity, and the row with this key has another number"
                raise DeployError(message, path=self.file.path, line=int(first))

    def _merge(self) -> None:
        try:
            self._run(self.statements())
        except StatementError as error:
            shared = self.connection.in_shared_transaction and not self.writer.transaction_survives
            if not self.connection.usable or shared or not self.writer.can_undo(self.table):
                raise
            bad_row = self._first_bad_row()
            if bad_row is None:
                raise
            row, line, cause = bad_row
            message = self.writer.error_message(cause, self.table, row)
            raise DeployError(message, path=self.file.path, line=line, outcome=error.outcome) from error

    def _run(self, statements: Sequence[str], *, rollback_only: bool = False) -> None:
        with (
            self.connection.transaction(rollback_only=rollback_only, savepoint=True),
            self.writer.prepare_table(self.table),
        ):
            for statement in statements:
                self.connection.execute(statement)

    def _error_up_to(self, line: int) -> StatementError | None:
        """Try the statements with the rows up to a line of the file, and roll back; return the error, if any."""
        try:
            self._run(self.statements(line), rollback_only=True)
        except StatementError as error:
            return error
        return None

    def _first_bad_row(self) -> tuple[tuple[object, ...], int, StatementError] | None:
        """Find by bisection the first line with which the statements fail; return row, line and error.

        None where no row is to blame: the server refuses the statement itself, or only the commit.
        """
        line = self.stage.columns[0].quoted
        good, bad = 0, int(self.connection.query(f"SELECT COALESCE(MAX({line}), 0) FROM {self.stage.name}")[0][0])
        error = self._error_up_to(bad)
        if error is None or self._error_up_to(good):
            return None
        while bad - good > 1:
            middle = (good + bad) // 2
            cause = self._error_up_to(middle)
            good, bad, error = (middle, bad, error) if cause is None else (good, middle, cause)
        row = self.connection.query(f"SELECT {self.table.column_list} FROM {self.stage.name} WHERE {line} = {bad}")[0]
        return row, bad, error
