"""Run SQL tests: files whose queries return rows with a `result` column."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, Any, NamedTuple

from ahjo_tasks.data.values import to_text
from ahjo_tasks.engine.diagnostics import BatchError, locate_error
from ahjo_tasks.errors import DeployError, StatementError
from ahjo_tasks.utils import closest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from ahjo_tasks.database.connection import Connection, ResultSet
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.splitters import Batch

HIDDEN_COLUMNS = frozenset({"start_time", "end_time"})
STANDARD_COLUMNS = ("id", "issue", "test_name", "result")
NAME_COLUMNS = ("test_name", "id", "name")
RESULT_COLUMN = "result"
RESULT_HINT = "A test returns a row for each check, with a column `result` that says ok or something else."


@dataclass(frozen=True)
class ResultRow:
    """A row that a test returned. `passed` is None where the result set has no `result` column."""

    values: dict[str, Any]
    passed: bool | None


@dataclass(frozen=True)
class FileResult:
    """Rows that a test file returned. `error` says why it could not be run, or that it checked nothing."""

    file: SqlFile
    seconds: float
    columns: tuple[str, ...] = ()
    rows: tuple[ResultRow, ...] = ()
    error: DeployError | None = None
    messages: tuple[str, ...] = field(default=(), compare=False)

    @property
    def passed(self) -> int:
        """The number of rows whose result is ok."""
        return sum(row.passed is True for row in self.rows)

    @property
    def failed(self) -> int:
        """The number of rows with another result; a file that could not be run counts as one."""
        return sum(row.passed is False for row in self.rows) + (self.error is not None)


def run_tests(files: Sequence[SqlFile], connection: Connection) -> Iterator[FileResult]:
    """Run the files one after the other; a file that the server refuses fails, and the next one is run.

    Where the error ended the transaction that the action shares, the remaining files fail, too.
    """
    transaction_ended = False
    for file in files:
        result = _skip(file) if transaction_ended else run_test(file, connection)
        yield result
        transaction_ended = transaction_ended or (
            result.error is not None
            and connection.in_shared_transaction
            and not connection.dialect.savepoint_survives_error
        )


def _skip(file: SqlFile) -> FileResult:
    message = "was not run: the file before it ended the transaction of the action"
    return FileResult(file, 0.0, error=DeployError(message, path=file.path))


def run_parallel(
    files: Sequence[SqlFile], connect: Callable[[], AbstractContextManager[Connection]], jobs: int
) -> Iterator[FileResult]:
    """Run the files on up to `jobs` connections of their own; yields the results in the order of the files."""
    with ExitStack() as connections, ThreadPoolExecutor(max_workers=jobs) as pool:
        free: Queue[Connection] = Queue()
        for _ in range(min(jobs, len(files))):
            free.put(connections.enter_context(connect()))

        def run(file: SqlFile) -> FileResult:
            connection = free.get()
            try:
                return run_test(file, connection)
            finally:
                free.put(connection)

        yield from pool.map(run, files)


def run_test(file: SqlFile, connection: Connection) -> FileResult:
    """Run one file; `-- transaction: rollback` in it rolls its changes back."""
    started = time.perf_counter()
    messages: list[str] = []
    connection.on_message = lambda message: messages.append(message.text)
    try:
        with (
            _preserve_session(file, connection),
            connection.transaction(
                transactional=file.transactional,
                sent_in_one_call=file.sent_in_one_call,
                rollback_only=file.rolls_back,
                savepoint=True,
            ),
        ):
            sets = [result_set for batch in file.batches for result_set in _results(connection, file, batch)]
    except StatementError as error:
        failure = DeployError(str(error.server), path=file.path, hint=error.hint, server=error.server)
        return FileResult(file, time.perf_counter() - started, error=failure, messages=tuple(messages))
    except DeployError as error:
        return FileResult(file, time.perf_counter() - started, error=error, messages=tuple(messages))
    columns, rows = _to_rows(sets)
    missing = _missing(file, sets)
    problem = DeployError(missing, path=file.path, hint=RESULT_HINT) if missing else None
    return FileResult(file, time.perf_counter() - started, columns, rows, problem, tuple(messages))


def _missing(file: SqlFile, sets: Sequence[ResultSet]) -> str:
    """Say what the file lacks to be a test; empty where it checked something."""
    if not file.batches:
        return "holds no statement, so nothing was checked"
    if not sets:
        return "returned no rows, so nothing was checked"
    without = [result_set.columns for result_set in sets if not _verdict_positions(result_set)]
    misspelt = next((name for columns in without for name in columns if closest(name.lower(), [RESULT_COLUMN])), "")
    if misspelt or len(without) == len(sets):
        named = ", ".join(without[0])
        return f"returned no column `{RESULT_COLUMN}`, so nothing was checked; it returned {misspelt or named}"
    if not any(result_set.rows for result_set in sets if _verdict_positions(result_set)):
        return "returned no row, so nothing was checked"
    return ""


def _verdict_positions(result_set: ResultSet) -> list[int]:
    return [index for index, column in enumerate(result_set.columns) if column.lower() == RESULT_COLUMN]


@contextmanager
def _preserve_session(file: SqlFile, connection: Connection) -> Iterator[None]:
    """Put back what the file changes in the session, and drop its temporary tables."""
    with connection.preserve_session(file.texts):
        try:
            yield
        except DeployError:
            connection.dialect.drop_temporary_tables(connection, file.texts)
            raise
        connection.dialect.drop_temporary_tables(connection, file.texts)


def shown_columns(columns: Sequence[str]) -> list[str]:
    """Return the columns to show: the four standard ones where all are there, else all but the times."""
    by_name = {column.lower(): column for column in columns}
    if all(name in by_name for name in STANDARD_COLUMNS):
        return [by_name[name] for name in STANDARD_COLUMNS]
    return [column for column in columns if column.lower() not in HIDDEN_COLUMNS]


def shown_value(value: object) -> str:
    """Return a value as reports show it."""
    if value is None:
        return "NULL"
    return to_text(value) if isinstance(value, (bytes, bytearray, memoryview)) else str(value)


def _results(connection: Connection, file: SqlFile, batch: Batch) -> list[ResultSet]:
    try:
        return [result_set for _ in range(batch.count) for result_set in connection.result_sets(batch.text)]
    except StatementError as error:
        raise locate_error(BatchError(error, file, batch), connection) from error


def _to_rows(sets: Sequence[ResultSet]) -> tuple[tuple[str, ...], tuple[ResultRow, ...]]:
    """Return the columns of all result sets, and the rows with their verdicts."""
    columns: dict[str, None] = {}
    rows: list[ResultRow] = []
    for result_set in sets:
        columns |= dict.fromkeys(result_set.columns)
        positions = _verdict_positions(result_set)
        for values in result_set.rows:
            passed = all(_is_ok(values[index]) for index in positions) if positions else None
            rows.append(ResultRow(dict(zip(result_set.columns, values, strict=True)), passed))
    return tuple(columns), tuple(rows)


def _is_ok(value: object) -> bool:
    """Return whether the value is the word ok, in any case; NULL and everything else is a failure."""
    return isinstance(value, str) and value.strip().lower() == "ok"


class Case(NamedTuple):
    """One test case of a report: a row, or a file without rows.

    `failure` is the content of a failed row, `error` why the file could not be run; both are empty when it passed.
    """

    file: str
    name: str
    seconds: float
    failure: str = ""
    error: str = ""
    line: int = 1

    @property
    def passed(self) -> bool:
        """True if there is neither a failure nor an error."""
        return not self.failure and not self.error


def cases(result: FileResult) -> Iterator[Case]:
    """Yield the cases of one file; a file that could not be run or checked nothing is a case of its own."""
    label = result.file.label
    rows = [row for row in result.rows if row.passed is not None]
    seconds = result.seconds / max(len(rows), 1)
    if result.error:
        yield Case(label, result.file.name, result.seconds, error=result.error.message, line=result.error.line or 1)
    for position, row in enumerate(rows, 1):
        failure = "" if row.passed else _describe(row.values)
        yield Case(label, _case_name(row.values, position), seconds, failure=failure)


def _case_name(values: dict[str, Any], position: int) -> str:
    by_column = {column.lower(): value for column, value in values.items()}
    names = (shown_value(by_column[column]) for column in NAME_COLUMNS if by_column.get(column) not in (None, ""))
    return next(names, "") or f"row {position}"


def _describe(values: dict[str, Any]) -> str:
    shown = {column: value for column, value in values.items() if value is not None or column.lower() == RESULT_COLUMN}
    return ", ".join(f"{column}: {shown_value(value)}" for column, value in shown.items())
