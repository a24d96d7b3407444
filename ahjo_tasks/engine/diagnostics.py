"""Find the position in a file of the errors and messages of a server."""

from __future__ import annotations

import re
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

from ahjo_tasks.console.masker import COVER, uncovered
from ahjo_tasks.console.terminal import display_width
from ahjo_tasks.errors import CALL_KEPT, UNKNOWN_OUTCOME, DeployError, StatementError
from ahjo_tasks.sql.message_sources import MessageSources
from ahjo_tasks.sql.scanner import end_of_match, skip_gap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.database.dialects.base import ServerMessage
    from ahjo_tasks.errors import ServerError
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.lexer import Syntax
    from ahjo_tasks.sql.splitters import Batch

EXCERPT_LINES_AROUND = 1
EXCERPT_WIDTH = 160
NEWLINE = re.compile(r"\r\n?|\n")


def excerpt(text: str, line: int, column: int | None = None) -> tuple[str, ...]:
    """Return the line and its neighbours, numbered, with a caret under the column where it is known.

    A line that is too long is cut to the part around the column. Secrets in the text are covered, if it may have any.
    """
    top = max(1, line - EXCERPT_LINES_AROUND)
    first = max(0, (column or 0) - EXCERPT_WIDTH // 2) if column and column > EXCERPT_WIDTH else 0
    shown = []
    for number, content in enumerate(_lines(text, top, line + EXCERPT_LINES_AROUND), top):
        shown.append(f"{number:>5} | {uncovered(_part(content, first))}".rstrip())
        if number == line and column:
            before = uncovered(_part(content[: column - 1], first))
            shown.append(f"      | {' ' * display_width(before)}^")
    return tuple(shown)


def _lines(text: str, first: int, last: int) -> list[str]:
    """The lines of these numbers, as far as there are any."""
    starts = chain([0], (match.end() for match in NEWLINE.finditer(text)))
    start = next(islice(starts, first - 1, None), None)
    end = next(islice(starts, last - first, None), len(text))
    return [] if start is None else NEWLINE.split(text[start:end])[: last - first + 1]


def _part(text: str, first: int) -> str:
    return "".join(
        char if char.isprintable() or char == COVER else " "
        for char in text[first : first + EXCERPT_WIDTH].expandtabs(4)
    )


UNKNOWN_LINE = "somewhere in the batch that starts at this line: the driver does not report the line of the error"
MAX_RERUN_SECONDS = 30.0
"""Time that a file may have taken if it is to be run again to find the line of its error."""
MAX_RERUN_CHARACTERS = 100_000
"""Length of the batches that are run again, at most, to find the line of an error in a later one."""
MAX_RERUNS = 100
"""Number of times that a batch is run again, at most, to find out where a later one failed."""


class BatchError(StatementError):
    """The server refused a batch of a file, at this repetition (from 0), so many seconds after the file was started."""

    def __init__(
        self, error: StatementError, file: SqlFile, batch: Batch, repetition: int = 0, seconds: float = 0.0
    ) -> None:
        outcome = describe_partial_state(file, batch, error.server)
        known = error.outcome if error.server.lost or error.outcome == CALL_KEPT else ""
        super().__init__(error.server, outcome=outcome or known)
        self.hint = error.hint
        self.file = file
        self.batch = batch
        self.repetition = repetition
        self.seconds = seconds


@contextmanager
def locating_errors(connection: Connection) -> Iterator[None]:
    """Turn a BatchError into a DeployError with its position, before the transaction of the file ends."""
    try:
        yield
    except BatchError as error:
        raise locate_error(error, connection) from error


def locate_error(error: BatchError, connection: Connection) -> DeployError:
    """Return the server's error with file, line, column and excerpt.

    Where the driver does not tell the line, the dialect may run the batches again on the connection to find it.
    """
    server, file, batch = error.server, error.file, error.batch
    if not server.line and not server.lost:
        server = connection.dialect.locate_error(connection, batch.text, server, _batches_before(error))
    line = batch.line + (server.line or first_line(batch.text, file.dialect.syntax)) - 1
    column = server.column + (batch.column - 1 if server.line == 1 else 0) if server.column else None
    place = file.position(line, column)
    severity = f", {server.severity}" if server.severity else ""
    number = f"{server.number}{severity}: " if server.number else ""
    known = server.line or file.dialect.batch_is_statement or "\n" not in batch.text
    unknown = () if known else (UNKNOWN_LINE,)
    procedure = (f"in {server.procedure}",) if server.procedure else ()
    repetition = (f"at repetition {error.repetition + 1} of {batch.count}",) if batch.count > 1 else ()
    return DeployError(
        f"{number}{server.message}",
        path=place.path,
        line=place.line,
        column=place.column,
        hint=error.hint,
        details=(*excerpt(connection.cover(place.text), place.line, place.column), *unknown, *procedure, *repetition),
        outcome=error.outcome,
        server=server,
    )


def first_line(text: str, syntax: Syntax) -> int:
    """Return the number of the first line with code, from 1: above it are comments."""
    skip = skip_gap if syntax.nested_comments else end_of_match
    code = skip(re.compile(syntax.gap()), text, 0)
    return 1 + len(NEWLINE.findall(text, 0, code)) if code < len(text) else 1


def _batches_before(error: BatchError) -> list[str] | None:
    """The batches that the file's transaction held when this one failed; None where they would take too long."""
    if not error.file.transactional:
        return []
    if error.repetition > MAX_RERUNS or error.seconds > MAX_RERUN_SECONDS:
        return None
    texts: list[str] = []
    size = 0
    for batch in error.file.batches:
        if batch == error.batch:
            return [*texts, *[batch.text] * error.repetition]
        texts += [batch.text] * min(batch.count, MAX_RERUNS)
        size += len(batch.text)
        if size > MAX_RERUN_CHARACTERS:
            return None
    return []


def describe_partial_state(file: SqlFile, failed: Batch, error: ServerError) -> str:
    """Say what stays of a file whose batch failed, as a sentence; empty where the file was one transaction."""
    dialect, total = file.dialect, len(file.batches)
    number = next((index for index, batch in enumerate(file.batches) if batch == failed), 0)
    if error.lost and file.transactional and dialect.implicit_transaction_per_call:
        return UNKNOWN_OUTCOME
    if file.transactional and not dialect.batch_is_statement:
        return _committed_before(file, number, error)
    commits = any(dialect.commits_implicitly(batch.text) for batch in islice(file.batches, number + 1))
    if file.transactional and not commits:
        return ""
    if number == 0 and error.lost:
        return UNKNOWN_OUTCOME
    calls = not file.transactional and dialect.may_commit_alone(failed.text)
    if number == 0:
        return f"statement 1 of {total} failed{f'; {CALL_KEPT}' if calls else f': nothing of {file.label} was done.'}"
    undone = dialect.transaction_control(file.text)
    except_for = ", but for what it did not commit" if undone else ""
    before = "the one before it stays" if number == 1 else f"the {number} before it stay"
    unknown = f"; {UNKNOWN_OUTCOME}" if error.lost else f"; {CALL_KEPT}" if calls else "."
    return f"statement {number + 1} of {total} in {file.label} failed; {before}{except_for}{unknown}"


def _committed_before(file: SqlFile, number: int, error: ServerError) -> str:
    """Say what the COMMITs of a file kept before the batch of this number failed; empty where none had been reached."""
    lines: list[int] = []
    for index, batch in enumerate(islice(file.batches, number + 1)):
        end = _offset(batch.text, error) if index == number else len(batch.text)
        offsets = (offset for offset in file.dialect.commit_offsets(batch.text) if offset < end)
        lines += [batch.line + batch.text.count("\n", 0, offset) for offset in offsets]
    return f"what was committed before stays: see COMMIT or ROLLBACK at {file.location(lines[-1])}." if lines else ""


def _offset(text: str, error: ServerError) -> int:
    """The offset of an error; the end of its line or of the text where no more is known."""
    if not error.line:
        return len(text)
    starts = [0, *(match.end() for match in NEWLINE.finditer(text)), len(text)]
    line = min(error.line, len(starts) - 1)
    return starts[line - 1] + error.column - 1 if error.column else starts[line]


def locate_messages(files: Sequence[SqlFile], messages: Sequence[ServerMessage]) -> Iterator[str]:
    """Yield the messages of a call that files share, with the position where only one file can have emitted it."""
    locators = [MessageLocator(file, file.batches[0]) for file in files] if messages else []
    for message in messages:
        emitters = [locator for locator in locators if locator.line_of_source(message)]
        yield emitters[0].locate(message) if len(emitters) == 1 else message.text


class MessageLocator:
    """Add to messages of a batch the position of the statement that emitted them, or else of the batch."""

    def __init__(self, file: SqlFile, batch: Batch) -> None:
        self._file = file
        self._batch = batch

    def before(self, listener: Callable[[ServerMessage], None]) -> Callable[[ServerMessage], None]:
        """Return a listener that locates each message and passes it on to `listener`."""
        return lambda message: listener(replace(message, text=self.locate(message)))

    def locate(self, message: ServerMessage) -> str:
        """`database/data/a.sql:7: text`, or `database/data/a.sql:3 (batch): text`."""
        line = self._line(message)
        position = self._file.location(self._batch.line + (line or 1) - 1)
        scope = message.procedure or ("" if line else "batch")
        return f"{position}{f' ({scope})' if scope else ''}: {message.text}"

    def line_of_source(self, message: ServerMessage) -> int | None:
        """The line, from 1, of the only statement of the batch that can have emitted the message."""
        return self._sources.line(message.text, plain=message.from_script)

    def _line(self, message: ServerMessage) -> int | None:
        if "\n" not in self._batch.text or self._file.dialect.batch_is_statement:
            return first_line(self._batch.text, self._file.dialect.syntax)
        if message.line and message.line <= self._batch.text.count("\n") + 1:
            return message.line
        return self.line_of_source(message)

    @cached_property
    def _sources(self) -> MessageSources:
        return MessageSources(self._batch.text, self._file.dialect.syntax)
