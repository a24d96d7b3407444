"""The action that writes the result of a query to a file."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ahjo_tasks.errors import UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable

    from ahjo_tasks.database.connection import RowStream
    from ahjo_tasks.engine.query import Query
    from ahjo_tasks.runtime.context import ActionContext

SOURCES = "One of --query, --filepath, or --table with or without --schema."
FORMATS = ("csv", "parquet")


@action(
    affects_database=True,
    auto_shortflags=False,
    help={
        "query": "The query.",
        "filepath": "A SQL file whose last query is written.",
        "table": "A table or view, written whole.",
        "schema": "The schema of --table.",
        "output": "The file; by default query_result_ with date and time, in the working folder.",
        "separator": "Between the fields: one character, or tab; by default a semicolon.",
        "null-text": "What stands for NULL; by default nothing, while an empty text is written in quotes.",
        "format": "csv, or parquet where the extra `parquet` is installed.",
        "overwrite": "Replace a file that exists.",
    },
)
def to_csv(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    query: str = "",
    filepath: str = "",
    table: str = "",
    schema: str = "",
    output: str = "",
    separator: str = ";",
    null_text: str = "",
    format: str = "csv",  # noqa: A002 - the flag's name
    overwrite: bool = False,
) -> None:
    """Write what a query, file or table gives to a file.

    Rows are read and written a few at a time, however many there are. The file
    appears when it is complete.
    """
    from ahjo_tasks.utils import atomic_write, check_target

    asked = _query(ctx, query, filepath, table, schema)
    write = _writer(format, separator, null_text)
    target = Path(output or f"query_result_{datetime.now():%Y%m%d_%H%M%S}.{format}")  # noqa: DTZ005 - the user's clock
    check_target(target, overwrite=overwrite)
    if ctx.dry_run:
        ctx.console.print(f"  Plan: run the query and write {target} (dry run: nothing is run)")
        return
    with atomic_write(target, overwrite=overwrite) as part, asked.open(ctx.database.connection, _progress(ctx)) as rows:
        count = write(rows, part)
    ctx.console.print(f"  Wrote {pluralize(count, 'row')} to {target}")


def _query(ctx: ActionContext, query: str, filepath: str, table: str, schema: str) -> Query:
    """Return the query to run. Raises UsageError unless the flags name exactly one thing."""
    from ahjo_tasks.engine.query import Query
    from ahjo_tasks.project.sql_file import read

    dialect = ctx.project.dialect
    if sum(map(bool, (query, filepath, table))) != 1 or (schema and not table):
        raise UsageError("to-csv needs to know what to write, once.", hint=SOURCES)
    if query:
        return Query.of(query, dialect)
    if table:
        return Query.of(f"SELECT * FROM {dialect.quote(schema, table)}", dialect)
    path = _existing(ctx, filepath)
    file = read(path, "script", dialect, label=filepath, variables=ctx.settings.scripting_variables or None)
    return Query(file.batches, file)


def _existing(ctx: ActionContext, named: str) -> Path:
    """The file, relative to the working folder or the project."""
    for folder in (Path.cwd(), ctx.project.directory):
        if (folder / named).is_file():
            return folder / named
    raise UsageError(f"--filepath: {named} does not exist.")


def _writer(format: str, separator: str, null_text: str) -> Callable[[RowStream, Path], int]:  # noqa: A002 - the flag's name
    """Raise UsageError for a format that there is not, or that is not installed."""
    from ahjo_tasks.data.csv import CsvFormat, write_csv
    from ahjo_tasks.data.parquet import check_installed, write_parquet

    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is none of {', '.join(FORMATS)}.")
    csv_format = CsvFormat(separator, null_text)
    if format == "parquet":
        check_installed()
        return write_parquet
    return lambda rows, path: write_csv(rows, path, csv_format)


def _progress(ctx: ActionContext) -> Callable[[int], None]:
    return lambda count: ctx.console.progress(f"{count} rows")
