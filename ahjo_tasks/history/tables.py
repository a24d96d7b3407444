"""The tables of the history, in the target database."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import Boolean, Column, DateTime, Float, Integer, MetaData, String, Table, Unicode, UnicodeText

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from sqlalchemy.engine import Connection as SAConnection
    from sqlalchemy.types import TypeEngine

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.dialects.base import Dialect

NAME, LABEL, KEY = Unicode(255), Unicode(1000), String(64)
PROJECT, KIND, STATUS = Unicode(100), Unicode(50), Unicode(20)


def _state_columns() -> list[Column[Any]]:
    """A row for each project in the database: what its last finished deploy left."""
    return [
        Column("project", PROJECT, primary_key=True),
        Column("tables_version", Integer, nullable=False),
        Column("repository", NAME),
        Column("server", NAME),
        Column("database_name", LABEL),
        Column("fingerprint_version", Unicode(100)),
        Column("revisions", LABEL),
        Column("revision_files", KEY),
        Column("files", KEY),
        Column("catalog_version", NAME),
        Column("run_id", KEY),
        Column("schemas", LABEL),
    ]


def _run_columns() -> list[Column[Any]]:
    """A row for each command line that changed the database."""
    return [
        Column("run_id", KEY, primary_key=True),
        Column("project", PROJECT, nullable=False),
        Column("actions", LABEL),
        Column("status", STATUS, nullable=False),
        Column("started", DateTime, nullable=False),
        Column("ended", DateTime),
        Column("tool_version", Unicode(50)),
        Column("git_commit", Unicode(100)),
        Column("git_branch", NAME),
        Column("uncommitted", Boolean),
        Column("os_user", NAME),
        Column("login", NAME),
        Column("host", NAME),
        Column("pid", Integer),
        Column("session", Unicode(50)),
        Column("ci_url", LABEL),
        Column("environment", NAME),
        Column("plan_hash", KEY),
        Column("error", UnicodeText),
    ]


def _step_columns() -> list[Column[Any]]:
    """A row for each step of a run."""
    return [
        Column("run_id", KEY, primary_key=True),
        Column("number", Integer, primary_key=True, autoincrement=False),
        Column("kind", KIND, nullable=False),
        Column("label", LABEL, nullable=False),
        Column("status", STATUS, nullable=False),
        Column("seconds", Float),
        Column("rows_changed", Integer),
        Column("batches", Integer),
        Column("raw_hash", KEY),
        Column("file_hash", KEY),
        Column("text_hash", KEY),
        Column("reason", LABEL),
        Column("error", UnicodeText),
    ]


def _object_columns() -> list[Column[Any]]:
    """A row for each object that a file created, with its fingerprint after that."""
    return [
        Column("object_id", KEY, primary_key=True),
        Column("project", PROJECT, nullable=False),
        Column("file", LABEL, nullable=False),
        Column("file_hash", KEY, nullable=False),
        Column("kind", KIND, nullable=False),
        Column("schema_name", NAME, nullable=False),
        Column("name", NAME, nullable=False),
        Column("table_name", NAME, nullable=False),
        Column("definition", KEY, nullable=False),
        Column("rights", KEY, nullable=False),
        Column("comments", KEY, nullable=False),
        Column("text_hash", KEY),
        Column("run_id", KEY),
    ]


def _data_columns() -> list[Column[Any]]:
    """A row for each data file that was run, with how far it came; flags are 0 or 1."""
    return [
        Column("file_id", KEY, primary_key=True),
        Column("project", PROJECT, nullable=False),
        Column("file", LABEL, nullable=False),
        Column("kind", KIND, nullable=False),
        Column("content", KEY, nullable=False),
        Column("statements", Integer, nullable=False),
        Column("whole", Integer, nullable=False),
        Column("unfinished", Integer, nullable=False),
        Column("uncertain", Integer, nullable=False),
    ]


class HistoryTables:
    """The tables by name; those of several projects in one database are the same."""

    def __init__(self, prefix: str, schema: str | None, long_text: Callable[[], TypeEngine[str]]) -> None:
        self._prefix = prefix
        self._metadata = MetaData(schema=schema)
        self.state = self._table("state", _state_columns())
        self.runs = self._table("runs", _run_columns())
        self.steps = self._table("steps", _step_columns())
        self.objects = self._table("objects", _object_columns())
        self.data = self._table("data", _data_columns())
        text = Column("content", long_text(), nullable=False)
        keys = [Column("project", PROJECT, primary_key=True), Column("text_hash", KEY, primary_key=True)]
        self.texts = self._table("texts", [*keys, text])

    def _table(self, name: str, columns: list[Column[Any]]) -> Table:
        return Table(f"{self._prefix}{name}", self._metadata, *columns)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the tables."""
        return tuple(table.name for table in self._metadata.sorted_tables)

    def create(self, connection: SAConnection, dialect: Dialect, present: Collection[str]) -> None:
        """Create the tables and their schema where they are missing, and the columns that older tables lack.

        `present` are the names of the tables that are there.
        """
        from sqlalchemy import text

        dialect.ensure_schema(connection, self._metadata.schema)
        for statement in self.missing(connection, present):
            connection.execute(text(statement))

    def missing(self, connection: SAConnection, present: Collection[str]) -> Iterator[str]:
        """Yield the statements that create what is missing; a column that is added allows NULL."""
        from sqlalchemy.schema import CreateColumn, CreateTable

        for table, existing in self._columns(connection, present):
            if not existing:
                yield str(CreateTable(table).compile(connection)).strip()
                continue
            name = connection.dialect.identifier_preparer.format_table(table)
            for column in table.to_metadata(MetaData()).columns:
                if column.name not in existing:
                    column.nullable = True
                    yield f"ALTER TABLE {name} ADD {CreateColumn(column).compile(connection)}"

    def _columns(self, connection: SAConnection, present: Collection[str]) -> Iterator[tuple[Table, set[str]]]:
        """Yield each table with the names of its columns in the database; of none for a table that is not there."""
        columns: dict[str, set[str]] = {}
        if present:
            from sqlalchemy import inspect

            # of others, which may have types that SQLAlchemy lacks, nothing is read
            found = inspect(connection).get_multi_columns(schema=self._metadata.schema, filter_names=[*present])
            columns = {name: {column["name"] for column in listed} for (_schema, name), listed in found.items()}
        for table in self._metadata.sorted_tables:
            yield table, columns.get(table.name, set())


def shared_tables(settings: Settings, dialect: Dialect) -> HistoryTables:
    """Return tables that nobody may change: all databases that have them alike get the same ones."""
    return _shared(settings.history_prefix, settings.history_schema or dialect.bookkeeping_schema, dialect.long_text)


_shared = cache(HistoryTables)
