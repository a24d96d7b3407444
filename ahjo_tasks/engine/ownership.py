"""The mark that `init` leaves in a database that it created, so that it may drop it later without further questions."""

from __future__ import annotations

from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from ahjo_tasks.errors import StatementError
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection

MARK = "ahjo_mark"
COLUMNS = ("server", "database_name", "mark_id")
GIT_COLUMNS = frozenset({"repository", "branch"})
COMMIT_COLUMNS = frozenset({"commit", "commit_hash"})
"""Columns of the table of the git version, ours or the predecessor's."""


def write_mark(connection: Connection, directory: Path) -> None:
    """Mark a new database of the project in this folder as made by a run of ours. Raises StatementError."""
    dialect = connection.dialect
    columns = ", ".join(map(dialect.quote, COLUMNS))
    values = ", ".join(map(dialect.literal, (*_identity(connection, directory), uuid4().hex)))
    table = dialect.quote(dialect.default_schema, MARK)
    with connection.one_transaction():
        connection.execute(_table_of_mark(dialect.default_driver, dialect.default_schema))
        connection.execute(f"INSERT INTO {table} ({columns}) VALUES ({values})")


@cache
def _table_of_mark(driver: str, schema: str | None) -> str:
    """Return the statement that creates the table of the mark; `driver` is SQLAlchemy's name of dialect and driver."""
    from sqlalchemy import Column, DateTime, MetaData, Table, Unicode, text
    from sqlalchemy.engine import URL
    from sqlalchemy.schema import CreateTable

    columns = [Column(name, Unicode(255)) for name in COLUMNS]
    created = Column("created", DateTime, server_default=text("CURRENT_TIMESTAMP"))
    table = Table(MARK, MetaData(), *columns, created, schema=schema)
    return str(CreateTable(table).compile(dialect=URL.create(driver).get_dialect()())).strip()


def foreign_content(settings: Settings, connection: Connection, directory: Path) -> str:
    """Return what is in a database that no run of ours made, as in `12 tables, 1 view`; empty where it may be dropped.

    It may be when nothing is in it, or it has our mark, or the table of the git version. A mark that names another
    database came with a copy: such a database is foreign, whatever else is in it. Alembic's table alone proves nothing,
    for other programs write it, too.
    """
    marks = _marked_identities(connection)
    if _identity(connection, directory) in marks:
        return ""
    if marks:
        return f"a copy of {' and '.join(sorted(database for _server, database in marks))}"
    content = _content(connection)
    return "" if content and _has_git_table(settings, connection) else content


def _identity(connection: Connection, directory: Path) -> tuple[str, str]:
    """Return server and database; a file in the project's folder by its path from there, so that both may move."""
    server, name, _release = connection.dialect.database_identity(connection)
    path, folder = Path(name), directory.resolve()
    if connection.dialect.file_based and path.is_relative_to(folder):
        return server, path.relative_to(folder).as_posix()
    return server, name


def _marked_identities(connection: Connection) -> set[tuple[str, str]]:
    quote = connection.dialect.quote
    columns = ", ".join(map(quote, COLUMNS[:2]))
    try:
        rows = connection.query(f"SELECT {columns} FROM {quote(connection.dialect.default_schema, MARK)}")
    except StatementError:  # there is no such table
        return set()
    return {(str(server), str(database)) for server, database in rows}


def _content(connection: Connection) -> str:
    """Count what is in the database by kind; what extensions own and our own mark do not count."""
    rows = connection.query(connection.dialect.content_sql)
    counts = Counter(str(kind) for kind, name in rows if str(name).lower() != MARK)
    return ", ".join(pluralize(count, kind) for kind, count in sorted(counts.items()))


def _has_git_table(settings: Settings, connection: Connection) -> bool:
    dialect = connection.dialect
    table = dialect.quote(settings.git_table_schema or dialect.bookkeeping_schema, settings.git_table)
    try:
        results = connection.result_sets(f"SELECT * FROM {table} WHERE 1 = 0")
    except StatementError:
        return False
    names = {name.lower() for result in results for name in result.columns}
    return names >= GIT_COLUMNS and bool(names & COMMIT_COLUMNS)
