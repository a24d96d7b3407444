"""Store test results in a table of the database, and create the table and its view."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.values import to_text
from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Column, Select, Table
    from sqlalchemy.engine import Connection as SAConnection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.testing.sql_tests import FileResult

COMPACT_DATE_LENGTH = 8
STORED_TYPES = frozenset({int, float, bytes, str})
"""Types that SQLite stores."""


def default_table(settings: Settings, dialect: Dialect) -> Table:
    """Return the table as it is created: without a key, because a test may return the same row twice."""
    from sqlalchemy import Column, Integer, MetaData, Table, Unicode

    return Table(
        settings.test_table_name,
        MetaData(),
        Column("batch_id", Integer),
        dialect.time_column("start_time"),
        dialect.time_column("end_time", default_now=True),
        *(Column(name, Unicode(255)) for name in ("test_name", "issue", "result", "test_file")),
        Column("datadate", Unicode(10)),
        schema=settings.test_table_schema,
    )


def create_table(settings: Settings, connection: Connection) -> bool:
    """Create the table. Returns False when it exists already; it is left as it is."""
    table = default_table(settings, connection.dialect)
    with connection.sqlalchemy_transaction() as sa_connection:
        if connection.dialect.column_names(sa_connection, table.name, table.schema):
            return False
        connection.dialect.ensure_schema(sa_connection, table.schema)
        table.create(sa_connection)
    return True


def create_view(settings: Settings, connection: Connection) -> None:
    """Drop and create the view: the table's columns, a `datadate` of eight digits shown as yyyy-mm-dd."""
    dialect = connection.dialect
    name = dialect.quote(settings.test_view_schema, settings.test_view_name)
    with connection.sqlalchemy_connection() as sa_connection:
        compiled = view_query(settings, dialect).compile(sa_connection, compile_kwargs={"literal_binds": True})
    with connection.transaction():
        connection.execute(f"DROP VIEW IF EXISTS {name}")
        connection.execute(f"CREATE VIEW {name} AS {compiled}")


def view_query(settings: Settings, dialect: Dialect) -> Select[Any]:
    """Return the query of the view."""
    from sqlalchemy import case, func, select

    table = default_table(settings, dialect)
    day = table.c.datadate
    dashed = func.substring(day, 1, 4) + "-" + func.substring(day, 5, 2) + "-" + func.substring(day, 7, 2)
    shown = case((func.char_length(day) == COMPACT_DATE_LENGTH, dashed), else_=day).label("datadate")
    return select(*(column for column in table.c if column is not day), shown)


def save(results: Sequence[FileResult], settings: Settings, connection: Connection, started: datetime) -> int:
    """Add the rows of a run under one new batch id; returns their number.

    A column of a row is kept where the table has one of that name, in any case. Raises AhjoError when the table is
    missing and may not be created, or refuses a value, and, after the others were saved, for rows without a column in
    common with it.
    """
    ended = datetime.now()  # noqa: DTZ005 - the column has no zone; saving is no part of the tests
    from sqlalchemy.exc import SQLAlchemyError

    if settings.create_test_table_if_not_exists:
        create_table(settings, connection)
    try:
        with connection.sqlalchemy_transaction() as sa_connection:
            table = _reflected(settings, sa_connection, connection.dialect)
            shared = {"batch_id": _next_batch(table, sa_connection), "start_time": started, "end_time": ended}
            rows, unsaved = _rows(table, shared, results)
            connection.dialect.widen_texts(sa_connection, table, rows)
            if rows:
                sa_connection.execute(table.insert(), rows)
    except SQLAlchemyError as error:
        raise AhjoError(f"The results cannot be saved to {settings.test_table_name}: {error}") from error
    if unsaved:
        raise AhjoError(f"No column of the result is in the table {table.name}: {', '.join(unsaved)}.")
    return len(rows)


def _reflected(settings: Settings, sa_connection: SAConnection, dialect: Dialect) -> Table:
    from sqlalchemy import MetaData, Table
    from sqlalchemy.exc import NoSuchTableError

    try:
        table = Table(
            settings.test_table_name, MetaData(), schema=settings.test_table_schema, autoload_with=sa_connection
        )
    except NoSuchTableError:
        raise AhjoError(
            f"There is no table {settings.test_table_name} for test results.", hint="inv create-test-table"
        ) from None
    for column in table.columns:
        column.type = dialect.sent_type(column.type)
    return table


def _next_batch(table: Table, sa_connection: SAConnection) -> int:
    from sqlalchemy import func, select

    return int(sa_connection.execute(select(func.coalesce(func.max(table.c.batch_id), 0) + 1)).scalar_one())


def _rows(
    table: Table, shared: dict[str, Any], results: Sequence[FileResult]
) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows to insert, and the files with rows that have no column in common with the table."""
    rows: list[dict[str, Any]] = []
    unsaved: dict[str, None] = {}
    names = {column.name.lower() for column in table.columns}
    for result in results:
        for row in result.rows:
            values = {column.lower(): value for column, value in row.values.items()}
            if names.isdisjoint(values):
                unsaved[result.file.label] = None
                continue
            known = {**shared, "test_file": result.file.label, **values}
            rows.append({column.name: _value(column, known.get(column.name.lower())) for column in table.columns})
    return rows, list(unsaved)


def _value(column: Column[Any], value: Any) -> Any:
    """Return the value as the column takes it: the text that is shown, or the time that a text says."""
    from sqlalchemy.types import DateTime, NullType, String

    if value is None or (isinstance(column.type, NullType) and type(value) in STORED_TYPES):
        return value
    if isinstance(column.type, String | NullType):
        return to_text(value)
    if isinstance(column.type, DateTime) and type(value) is str:
        with suppress(ValueError):
            return datetime.fromisoformat(value)
    return value
