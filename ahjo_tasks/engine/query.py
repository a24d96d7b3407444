"""Run a script and stream the rows of its last query."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ahjo_tasks.database.connection import RowStream
from ahjo_tasks.engine.diagnostics import BatchError, locate_error
from ahjo_tasks.errors import AhjoError, StatementError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import Dialect
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.splitters import Batch

CHUNK_ROWS = 2000
"""Rows that are in memory at a time."""


@dataclass(frozen=True)
class Query:
    """Batches to run in order; the last one returns the rows. `file` is the file that they are from, if any."""

    batches: Sequence[Batch]
    file: SqlFile | None = None

    def __post_init__(self) -> None:
        if not self.batches:
            raise UsageError(f"{self.file.label if self.file else 'The query'} holds no statement.")

    @classmethod
    def of(cls, text: str, dialect: Dialect) -> Query:
        """Split the text of a script. Raises UsageError if it has no statement."""
        return cls(dialect.splitter.split(text))

    @contextmanager
    def open(self, connection: Connection, on_rows: Callable[[int], None] = lambda _count: None) -> Iterator[RowStream]:
        """Lend the rows, which have to be read to their end; `on_rows` gets the number of those that have been.

        Several statements run in one transaction, which is rolled back when anything fails.
        Raises StatementError or, for a file, DeployError; AhjoError unless there is exactly one result set.
        """
        *before, last = (batch for batch in self.batches for _ in range(batch.count))
        running = last
        try:
            # A script that is one call, and so all or nothing, is split where its rows are streamed.
            with connection.transaction(transactional=bool(before) or connection.dialect.implicit_transaction_per_call):
                for running in before:
                    connection.execute(running.text)
                running = last
                with closing(connection.stream(last.text, CHUNK_ROWS)) as results:
                    yield from _single_result(results, on_rows)
        except StatementError as error:
            if self.file is None:
                raise
            raise locate_error(BatchError(error, self.file, running), connection) from error


def _single_result(results: Iterator[RowStream], on_rows: Callable[[int], None]) -> Iterator[RowStream]:
    """Yield the only result set. Raises AhjoError for none and for several."""
    rows = next(results, None)
    if rows is None:
        raise AhjoError("The query ran, and returns no rows: there is nothing to write.")
    yield RowStream(rows.columns, _report_rows(rows.chunks, on_rows))
    if next(results, None) is not None:
        raise AhjoError("The query returns several result sets.", hint="Ask for one of them at a time.")


def _report_rows(
    chunks: Iterator[list[tuple[object, ...]]], on_rows: Callable[[int], None]
) -> Iterator[list[tuple[object, ...]]]:
    count = 0
    for chunk in chunks:
        yield chunk
        count += len(chunk)
        on_rows(count)
