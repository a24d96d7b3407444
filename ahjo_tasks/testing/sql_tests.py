"""SQL tests: files whose queries return rows with a `result` column."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from queue import Queue
from typing import TYPE_CHECKING, Any

from ahjo_tasks.engine.diagnostics import BatchError, locate_error
from ahjo_tasks.errors import DeployError, StatementError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from ahjo_tasks.database.connection import Connection, ResultSet
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.splitters import Batch

HIDDEN = frozenset({"start_time", "end_time"})
FIRST = ("id", "issue", "test_name", "result")


@dataclass(frozen=True)
class Check:
    """One row that a test returned. `passed` is None where the result set has no `result` column."""

    row: dict[str, Any]
    passed: bool | None


@dataclass(frozen=True)
class FileResult:
    """What one test file returned. `error` is why it could not be run to its end."""

    file: SqlFile
    seconds: float
    columns: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    error: DeployError | None = None
    messages: tuple[str, ...] = field(default=(), compare=False)

    @property
    def passed(self) -> int:
        """How many rows say ok."""
        return sum(check.passed is True for check in self.checks)

    @property
    def failed(self) -> int:
        """How many rows say anything else; a file that could not be run counts as one."""
        return sum(check.passed is False for check in self.checks) + (self.error is not None)


def run_tests(files: Sequence[SqlFile], connection: Connection) -> Iterator[FileResult]:
    """Run each file to its end. A file that the server refuses is a failure of that file, and the next one is run.

    Where the refusal ended the transaction that the action shares, the next ones fail, too.
    """
    gone = False
    for file in files:
        result = _not_run(file) if gone else run_test(file, connection)
        yield result
        gone = gone or (
            result.error is not None
            and connection.in_shared_transaction
            and not connection.dialect.savepoint_survives_error
        )


def _not_run(file: SqlFile) -> FileResult:
    message = "was not run: the file before it ended the transaction of the action"
    return FileResult(file, 0.0, error=DeployError(message, path=file.path))


def run_parallel(
    files: Sequence[SqlFile], another: Callable[[], AbstractContextManager[Connection]], jobs: int
) -> Iterator[FileResult]:
    """Run the files on up to `jobs` connections of their own; the results come in the order of the files."""
    with ExitStack() as opened, ThreadPoolExecutor(max_workers=jobs) as pool:
        free: Queue[Connection] = Queue()
        for _ in range(min(jobs, len(files))):
            free.put(opened.enter_context(another()))

        def run(file: SqlFile) -> FileResult:
            connection = free.get()
            try:
                return run_test(file, connection)
            finally:
                free.put(connection)

        yield from pool.map(run, files)


def run_test(file: SqlFile, connection: Connection) -> FileResult:
    """Run one file. `-- transaction: rollback` in it takes back what it changed."""
    started = time.perf_counter()
    messages: list[str] = []
    connection.on_message = lambda message: messages.append(message.text)
    try:
        with (
            connection.transaction(
                transactional=file.transactional,
                sent_in_one_call=file.sent_in_one_call,
                rollback_only=file.rolls_back,
                savepoint=True,
            ),
            connection.dialect.preserve_session_settings(connection, file.texts),
        ):
            sets = [found for batch in file.batches for found in _results(connection, file, batch)]
    except DeployError as error:
        return FileResult(file, time.perf_counter() - started, error=error, messages=tuple(messages))
    columns, checks = _judged(sets)
    return FileResult(file, time.perf_counter() - started, columns, checks, messages=tuple(messages))


def shown_columns(columns: Sequence[str]) -> list[str]:
    """The columns to show: the four of a test where all are there, else all but the times."""
    by_name = {column.lower(): column for column in columns}
    if all(name in by_name for name in FIRST):
        return [by_name[name] for name in FIRST]
    return [column for column in columns if column.lower() not in HIDDEN]


def _results(connection: Connection, file: SqlFile, batch: Batch) -> list[ResultSet]:
    try:
        return [found for _ in range(batch.count) for found in connection.result_sets(batch.text)]
    except StatementError as error:
        raise locate_error(BatchError(error, file, batch), connection) from error


def _judged(sets: Sequence[ResultSet]) -> tuple[tuple[str, ...], tuple[Check, ...]]:
    columns: dict[str, None] = {}
    checks: list[Check] = []
    for found in sets:
        columns |= dict.fromkeys(found.columns)
        places = [place for place, column in enumerate(found.columns) if column.lower() == "result"]
        for values in found.rows:
            row = dict(zip(found.columns, values, strict=True))
            checks.append(Check(row, all(_is_ok(values[place]) for place in places) if places else None))
    return tuple(columns), tuple(checks)


def _is_ok(value: object) -> bool:
    """Only the word ok, in any case; NULL and everything else is a failure."""
    return isinstance(value, str) and value.strip().lower() == "ok"
