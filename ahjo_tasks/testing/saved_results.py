"""The table and the view of test results in the database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import AhjoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select, Table
    from sqlalchemy.engine import Connection

    from ahjo_tasks.config.settings import Settings
    from ahjo_tasks.door import Door
    from ahjo_tasks.testing.sqltests import FileResult

COMPACT_DATE = 8


def default_table(settings: Settings) -> Table:
    """The table as it is created: no key, for a test may say the same thing twice."""
    from sqlalchemy import Column, DateTime, Integer, MetaData, String, Table, func

    return Table(
        settings.test_table_name,
        MetaData(),
        Column("batch_id", Integer),
        Column("start_time", DateTime),
        Column("end_time", DateTime, server_default=func.now()),
        *(Column(name, String(255)) for name in ("test_name", "issue", "result", "test_file")),
        Column("datadate", String(10)),
        schema=settings.test_table_schema,
    )


def create_table(settings: Settings, door: Door) -> bool:
    """Create the table; False when it is there already, which is left as it is."""
    table = default_table(settings)
    with door.transaction() as connection:
        if door.dialect.column_names(connection, table.name, table.schema):
            return False
        table.create(connection)
    return True


def create_view(settings: Settings, door: Door) -> None:
    """Create the view anew: the table's columns, a `datadate` of eight digits shown as yyyy-mm-dd."""
    dialect = door.dialect
    name = dialect.quote(settings.test_view_schema, settings.test_view_name)
    with door.alchemy() as connection:
        compiled = view_query(settings).compile(connection, compile_kwargs={"literal_binds": True})
    with door.unit():
        door.run(f"DROP VIEW IF EXISTS {name}")
        door.run(f"CREATE VIEW {name} AS {compiled}")


def view_query(settings: Settings) -> Select[Any]:
    """What the view selects."""
    from sqlalchemy import case, func, select

    table = default_table(settings)
    day = table.c.datadate
    dashed = func.substring(day, 1, 4) + "-" + func.substring(day, 5, 2) + "-" + func.substring(day, 7, 2)
    shown = case((func.char_length(day) == COMPACT_DATE, dashed), else_=day).label("datadate")
    return select(*(column for column in table.c if column is not day), shown)


def save(results: Sequence[FileResult], settings: Settings, door: Door, started: datetime) -> int:
    """Add the rows of a run under one new batch id; returns how many.

    A column of a row is kept where the table has one of that name, in any case. Raises AhjoError when the table is
    missing and may not be created, or has no column in common with a row.
    """
    if settings.create_test_table_if_not_exists:
        create_table(settings, door)
    with door.transaction() as connection:
        table = _reflected(settings, connection)
        shared = {"batch_id": _next_batch(table, connection), "start_time": started, "end_time": datetime.now()}  # noqa: DTZ005 - the column has no zone
        rows = [_row(table, shared, result, check.row) for result in results for check in result.checks]
        if rows:
            connection.execute(table.insert(), rows)
    return len(rows)


def _reflected(settings: Settings, connection: Connection) -> Table:
    from sqlalchemy import MetaData, Table
    from sqlalchemy.exc import NoSuchTableError

    try:
        return Table(settings.test_table_name, MetaData(), schema=settings.test_table_schema, autoload_with=connection)
    except NoSuchTableError:
        raise AhjoError(
            f"There is no table {settings.test_table_name} for test results.", hint="inv create-test-table"
        ) from None


def _next_batch(table: Table, connection: Connection) -> int:
    from sqlalchemy import func, select

    return int(connection.execute(select(func.coalesce(func.max(table.c.batch_id), 0) + 1)).scalar_one())


def _row(table: Table, shared: dict[str, Any], result: FileResult, row: dict[str, Any]) -> dict[str, Any]:
    found = {column.lower(): value for column, value in row.items()}
    common = [column.name for column in table.columns if column.name.lower() in found]
    if not common:
        raise AhjoError(f"{result.file.label}: its result has no column in common with the table {table.name}.")
    known = {**shared, "test_file": result.file.label, **found}
    return {column.name: known.get(column.name.lower()) for column in table.columns}
