"""Functions for a project's own actions: each takes the action's context and works on the database of its config.

In a dry run, those that change files or the database print their plan. All raise AhjoError.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import StatementError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy import Table
    from sqlalchemy.engine import CursorResult
    from sqlalchemy.sql import Executable

    from ahjo_tasks.database.connection import Connection, ResultSet
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.runtime.context import ActionContext
    from ahjo_tasks.sql.splitters import Batch

Row = tuple[Any, ...]
CHUNK = 10_000


def query(
    ctx: ActionContext,
    statement: str | Executable,
    parameters: Mapping[str, Any] | Sequence[Any] | None = None,
    *,
    headers: bool = False,
) -> list[Row]:
    """Run one statement in its own transaction, and return its rows; with `headers` the column names come first.

    Text without parameters reaches the server unchanged. A mapping fills `:name`, a sequence the driver's placeholders.
    """
    connection = ctx.database.connection
    if isinstance(statement, str) and parameters is None:
        with connection.transaction():
            results = connection.result_sets(statement)
        return _rows(list(results[0].columns), results[0].rows, headers=headers) if results else []
    with connection.sqlalchemy_transaction() as sa_connection:
        result = _execute(sa_connection, statement, parameters)
        if not result.returns_rows:
            return []
        return _rows(list(result.keys()), [tuple(row) for row in result], headers=headers)


def _execute(sa_connection: Any, statement: str | Executable, parameters: Any) -> CursorResult[Any]:
    from sqlalchemy import text

    result: CursorResult[Any]
    if isinstance(statement, str) and isinstance(parameters, (list, tuple)):
        result = sa_connection.exec_driver_sql(statement, tuple(parameters))
    else:
        result = sa_connection.execute(text(statement) if isinstance(statement, str) else statement, parameters)
    return result


def _rows(columns: list[str], rows: list[Row], *, headers: bool) -> list[Row]:
    return [tuple(columns), *rows] if headers else rows


def run_file(ctx: ActionContext, path: str, *, variables: Mapping[str, object] | None = None) -> list[ResultSet]:
    """Run a SQL file in a transaction, and return its result sets in order. An error names file, line and column."""
    from ahjo_tasks.engine.diagnostics import locating_errors

    file = ctx.project.files.read_named([path], _variables(ctx, variables))[0]
    if ctx.dry_run:
        ctx.console.print(f"  Plan: run {file.label} (dry run: nothing is run)")
        return []
    connection = ctx.database.connection
    session, transaction = (
        connection.preserve_session(file.texts),
        connection.transaction(transactional=file.transactional),
    )
    with session, transaction, locating_errors(connection):
        return [
            result
            for batch in file.batches
            for repetition in range(batch.count)
            for result in _results_of(connection, file, batch, repetition)
        ]


def _results_of(connection: Connection, file: SqlFile, batch: Batch, repetition: int) -> list[ResultSet]:
    from ahjo_tasks.engine.diagnostics import BatchError

    try:
        return connection.result_sets(batch.text)
    except StatementError as error:
        raise BatchError(error, file, batch, repetition) from error


def deploy_files(
    ctx: ActionContext, paths: str | Sequence[str], *, variables: Mapping[str, object] | None = None
) -> None:
    """Run SQL files and the files in folders: objects in the order of their dependencies, others in the given order.

    Each file is one transaction where the database allows it; a failure stops at that file.
    """
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.sql_file import plan_named

    plan = plan_named(ctx.project.files.read_named(_as_list(paths), _variables(ctx, variables)))
    run_plan(ctx, plan)


def drop_objects(ctx: ActionContext, paths: str | Sequence[str], kind: str) -> None:
    """Drop the objects of this kind (view, procedure, function ...) that these files create, dependents first."""
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.drop import plan_drop

    files = ctx.project.files.read_named(_as_list(paths), ctx.settings.scripting_variables)
    plan = plan_drop(files, [kind.lower()])
    run_plan(ctx, plan)


def migrate(ctx: ActionContext, *, down: bool = False) -> None:
    """Run the Alembic revisions up to the head, or undo all of them."""
    from ahjo_tasks.actions.run_plan import apply_plan, connection_for_plan
    from ahjo_tasks.engine.migrations import plan_downgrade, plan_upgrade

    migrations, files = ctx.project.migrations, ctx.project.object_files
    with connection_for_plan(ctx) as connection:
        plan = plan_downgrade(migrations, connection) if down else plan_upgrade(migrations, connection, files)
        apply_plan(ctx, plan, connection)


def stamp_git_version(ctx: ActionContext) -> None:
    """Record the project's git version in the database."""
    from ahjo_tasks.actions.run_plan import run_plan
    from ahjo_tasks.engine.stamp import plan_stamp

    plan = plan_stamp(ctx.settings, ctx.project.checkout, required=True)
    run_plan(ctx, plan)


def load_file(ctx: ActionContext, path: str, **options: Any) -> int:
    """Load a CSV or Parquet file called `schema.table.csv` into its table, in one transaction. Returns the row count.

    `options` are those of the config's `data_loading`: mode, key, separator, null_text, encoding.
    """
    from ahjo_tasks.data.load import load
    from ahjo_tasks.data.table_file import TableFile, options_for

    place = ctx.project.directory / path
    file = TableFile(place, path, "data", options_for(place, {**ctx.settings.data_loading, **options}))
    file.check()
    if ctx.dry_run:
        ctx.console.print(f"  Plan: load {path} into {file.table} (dry run: nothing is loaded)")
        return 0
    with ctx.database.locked_connection() as connection:
        return load([file], connection)


def insert_rows(ctx: ActionContext, table: Table, rows: Iterable[Mapping[str, Any]], *, chunk: int = CHUNK) -> int:
    """Insert rows, `chunk` at a time, in one transaction. Returns the row count."""
    if ctx.dry_run:
        ctx.console.print(f"  Plan: insert rows into {table.name} (dry run: nothing is inserted)")
        return 0
    connection, count, left = ctx.database.connection, 0, iter(rows)
    with connection.sqlalchemy_transaction() as sa_connection:
        while block := [dict(row) for row in islice(left, chunk)]:
            sa_connection.execute(table.insert(), block)
            count += len(block)
    return count


def run_action(ctx: ActionContext, name: str, **flags: Any) -> Any:
    """Run another action of the project by its name, and return its result; `flags` are written with underscores."""
    if ctx.namespace_info is None:
        raise UsageError(f"There is no namespace() to find the action {name!r} in.")
    return ctx.namespace_info.find(name, required_by=ctx.stack[-1] if ctx.stack else "run_action")(ctx, **flags)


def connection_info(ctx: ActionContext) -> dict[str, Any]:
    """Return the connection's dialect, host, port, server, database, driver, username, password and url.

    `azure_auth`, `sqla_url_query_map` and `sqlalchemy_url` are there, too; the last is None where the config has none.
    It has the password, for other programs: never log it.
    """
    url = ctx.database.url
    return {
        "dialect": url.drivername,
        "host": url.host,
        "port": url.port,
        "server": f"{url.host},{url.port}" if url.port else url.host,
        "database": url.database,
        "driver": url.query.get("driver"),
        "username": url.username,
        "password": url.password,
        "url": url,
        "azure_auth": ctx.settings.azure_authentication,
        "sqla_url_query_map": dict(url.query),
        "sqlalchemy_url": ctx.settings.sqlalchemy_url.reveal() if ctx.settings.sqlalchemy_url else None,
    }


def _variables(ctx: ActionContext, given: Mapping[str, object] | None) -> Mapping[str, object]:
    return ctx.settings.scripting_variables if given is None else given


def _as_list(paths: str | Sequence[str]) -> list[str]:
    return [str(paths)] if isinstance(paths, (str, Path)) else [str(path) for path in paths]
