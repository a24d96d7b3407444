"""Actions that write the result of a query to a file, and compare the rows of files and queries."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ahjo_tasks.errors import DifferenceError, UsageError
from ahjo_tasks.runtime.action import action
from ahjo_tasks.utils import pluralize

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from ahjo_tasks.data.compare import ComparisonResult, Difference
    from ahjo_tasks.data.compare_options import Comparison, Source
    from ahjo_tasks.data.csv import CsvFormat
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
        "separator": "Field separator: one character, or tab; by default a semicolon.",
        "null-text": "Text for NULL; by default an empty field, while an empty string is written in quotes.",
        "escape-formulas": "Write a ' before texts that a spreadsheet would take for a formula.",
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
    escape_formulas: bool = False,
    format: str = "csv",  # noqa: A002 - the flag's name
    overwrite: bool = False,
) -> None:
    """Write what a query, file or table gives to a file.

    Rows are read and written a few at a time, however many there are. The file
    appears when it is complete.
    """
    from ahjo_tasks.data.csv import CsvFormat
    from ahjo_tasks.utils import atomic_write, check_target

    asked = _query(ctx, query, filepath, table, schema)
    write = _writer(format, CsvFormat(separator, null_text, escape_formulas=escape_formulas))
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
    """Return the path of --filepath. Raises UsageError where there is no such file."""
    path = _find(ctx, named)
    if path is None:
        raise UsageError(f"--filepath: {named} does not exist.")
    return path


def _find(ctx: ActionContext, named: str) -> Path | None:
    """Find a file, whose path is relative to the working folder or the project."""
    paths = (folder / named for folder in (Path.cwd(), ctx.project.directory))
    return next((path for path in paths if path.is_file()), None)


def _writer(format: str, csv_format: CsvFormat) -> Callable[[RowStream, Path], int]:  # noqa: A002 - the flag's name
    """Raise UsageError for a format that there is not, or that is not installed."""
    from ahjo_tasks.data.csv import write_csv
    from ahjo_tasks.data.parquet import check_installed, write_parquet

    if format not in FORMATS:
        raise UsageError(f"--format: {format!r} is not one of {', '.join(FORMATS)}.")
    if format == "parquet":
        check_installed()
        return write_parquet
    return lambda rows, path: write_csv(rows, path, csv_format)


def _progress(ctx: ActionContext) -> Callable[[int], None]:
    return lambda count: ctx.console.progress(f"{count} rows")


SHOWN = 50
"""Rows; of more differences the file is the only output."""


@action(
    auto_shortflags=False,
    iterable=["keys", "columns"],
    help={
        "file-a": "CSV file of side A.",
        "file-b": "CSV file of side B.",
        "query-a": "Query of side A.",
        "query-b": "Query of side B.",
        "keys": "A key column; repeat for more, or use commas. Without one, rows are numbered.",
        "columns": "A column to compare; by default all that both sides have.",
        "filter-column": "Compare only rows that have --filter-value in this column.",
        "filter-value": "The text in --filter-column.",
        "separator": "Field separator of the files and the output; by default a semicolon.",
        "output": "File of the rows that differ; by default differences.csv. It is replaced.",
        "name": "Only this one of the comparisons that the config names.",
    },
)
def compare(  # noqa: PLR0913, PLR0917 - one parameter for each flag
    ctx: ActionContext,
    file_a: str = "",
    file_b: str = "",
    query_a: str = "",
    query_b: str = "",
    keys: list[str] | None = None,
    columns: list[str] | None = None,
    filter_column: str = "",
    filter_value: str = "",
    separator: str = "",
    output: str = "",
    name: str = "",
) -> None:
    """Compare two files or queries; exit 5 on differences.

    The config's block `compare` holds one comparison, which flags override, or
    several by name, which take no flag but --name. Files need no connection.
    """
    given = {
        "file_a": file_a,
        "file_b": file_b,
        "query_a": query_a,
        "query_b": query_b,
        "key_cols": keys,
        "compare_cols": columns,
        "filter_column": filter_column,
        "filter_value": filter_value,
        "separator": separator,
        "output_file": output,
    }
    differing = [asked for asked in _comparisons(ctx, given, name) if not _compare(ctx, asked)]
    if differing:
        named = ", ".join(asked.name for asked in differing if asked.name)
        raise DifferenceError(f"The two sides differ{f': {named}' if named else ''}.")


def _comparisons(ctx: ActionContext, given: Mapping[str, Any], name: str) -> list[Comparison]:
    from ahjo_tasks.data.compare_options import comparisons

    block = ctx.settings.compare if ctx.project.has_config else {}
    flags = {key: value for key, value in given.items() if value}
    if flags and any(isinstance(value, dict) for value in block.values()):
        ctx.console.warning("The config names its comparisons, so flags other than --name are ignored.")
    return comparisons(block, flags, name)


def _compare(ctx: ActionContext, asked: Comparison) -> bool:
    """Compare and report; returns whether the two sides are the same."""
    from ahjo_tasks.data.compare import compare as compare_rows
    from ahjo_tasks.data.compare import write_differences
    from ahjo_tasks.data.csv import CsvFormat
    from ahjo_tasks.utils import atomic_write, check_target

    csv_format, target = CsvFormat(asked.separator), Path(asked.output)
    check_target(target, overwrite=True)
    if ctx.dry_run:
        ctx.console.print(f"  Plan: compare {' and '.join(asked.labels)}, write {target} (dry run: nothing is read)")
        return True
    first: list[Difference] = []

    def keep(difference: Difference) -> None:
        if len(first) < SHOWN:
            first.append(difference)

    def opened(source: Source) -> AbstractContextManager[RowStream]:
        return _opened(ctx, source, csv_format.separator)

    with compare_rows(asked, lambda: opened(asked.a), lambda: opened(asked.b)) as result:
        with atomic_write(target, overwrite=True) as part:
            write_differences(result, part, asked.labels, csv_format, keep)
        _print_result(ctx, asked, result, first)
    return not result.summary.total


def _opened(ctx: ActionContext, source: Source, separator: str) -> AbstractContextManager[RowStream]:
    from ahjo_tasks.data.csv import csv_rows
    from ahjo_tasks.engine.query import Query

    if source.file:
        return csv_rows(_find(ctx, source.file) or Path(source.file), separator)
    ctx.print_heading()
    return Query.of(source.query, ctx.project.dialect).open(ctx.database.connection)


def _print_result(ctx: ActionContext, asked: Comparison, result: ComparisonResult, first: list[Difference]) -> None:
    """Print the counts, and each difference where they are few."""
    console, summary, (a, b) = ctx.console, result.summary, asked.labels
    console.print(f"{asked.name or 'Comparison'}: {a} (A) and {b} (B)", "head")
    for note in result.notes:
        console.warning(note)
    for side, duplicates in zip(asked.labels, summary.duplicates, strict=True):
        if duplicates.count:
            shown = "; ".join(_key(key) for key in duplicates.examples)
            console.warning(f"{side}: {pluralize(duplicates.count, 'key')} more than once: {shown}")
    console.table(
        ["Found", "Count"],
        [
            ("rows in A", summary.rows[0]),
            ("rows in B", summary.rows[1]),
            ("rows only in A", summary.only_a),
            ("rows only in B", summary.only_b),
            ("rows with differences", summary.different),
            ("cells that differ", summary.cells),
        ],
    )
    for difference in first if summary.total < SHOWN else ():
        _print_difference(ctx, result, difference)
    console.print(f"  Wrote {pluralize(summary.total, 'row')} to {asked.output}")


def _print_difference(ctx: ActionContext, result: ComparisonResult, difference: Difference) -> None:
    key = ", ".join(f"{name} {_key((part,))}" for name, part in zip(result.keys, difference.key, strict=True))
    if difference.source != "both":
        ctx.console.print(f"  {key}: only in {difference.source[0]}")
        return
    for name, cell in zip(result.columns, difference.cells, strict=True):
        if cell.verdict != "OK":
            ctx.console.print(f"  {key}: {name}: {_value(cell.a)} in A, {_value(cell.b)} in B")


def _key(key: tuple[Any, ...]) -> str:
    from ahjo_tasks.data.row_matcher import format_key

    return format_key(key)


def _value(value: Any) -> str:
    from ahjo_tasks.data.values import to_text

    return "NULL" if value is None else repr(to_text(value)) if isinstance(value, str) else to_text(value)
