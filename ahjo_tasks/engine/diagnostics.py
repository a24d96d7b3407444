"""What a server says while a batch of a file runs, with its place in the file."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ahjo_tasks.errors import DeployError
from ahjo_tasks.sql.message_sources import MessageSources

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.database.connection import Connection
    from ahjo_tasks.errors import StatementError
    from ahjo_tasks.project.sql_file import SqlFile
    from ahjo_tasks.sql.splitters import Batch

AROUND = 1
LONGEST = 160
LINE = re.compile(r"\r\n?|\n")


def excerpt(text: str, line: int, column: int | None = None) -> tuple[str, ...]:
    """The line and its neighbours, numbered, and a caret under the column where it is known.

    Of lines that are too long the part around the column is shown.
    """
    lines = LINE.split(text)
    first = max(0, (column or 0) - LONGEST // 2) if column and column > LONGEST else 0
    shown = []
    for number in range(max(1, line - AROUND), min(len(lines), line + AROUND) + 1):
        shown.append(f"{number:>5} | {_part(lines[number - 1], first)}".rstrip())
        if number == line and column:
            before = _part(lines[number - 1][: column - 1], first)
            shown.append(f"      | {' ' * len(before)}^")
    return tuple(shown)


def _part(text: str, first: int) -> str:
    return "".join(char if char.isprintable() else " " for char in text[first : first + LONGEST].expandtabs(4))


VAGUE = "somewhere in the batch that begins there; the driver does not say where"
PATIENCE = 30.0
"""Seconds that a file may have taken to be run again for the line of its error."""
MOST_REPEATED = 100
"""How often a batch is run again, at most, to find out where a later one failed."""


class Attempt(NamedTuple):
    """How far a file had come: how often its batch had run, and the seconds that all of it took."""

    times: int = 0
    seconds: float = 0.0


FIRST = Attempt()


def failure(
    error: StatementError, file: SqlFile, batch: Batch, connection: Connection | None = None, attempt: Attempt = FIRST
) -> DeployError:
    """The server's refusal, said of the file: path, line, column and excerpt.

    `connection` serves to ask where it was.
    """
    server = error.server
    if connection is not None and not server.line and not server.lost:
        server = connection.dialect.locate_error(connection, batch.text, server, _ran_before(file, batch, attempt))
    line = batch.line + (server.line or 1) - 1
    column = server.column + (batch.column - 1 if server.line == 1 else 0) if server.column else None
    place = file.place(line, column)
    severity = f", {server.severity}" if server.severity else ""
    number = f"{server.number}{severity}: " if server.number else ""
    known = server.line or file.dialect.batch_is_statement or "\n" not in batch.text
    vague = () if known else (VAGUE,)
    where = (f"in {server.procedure}",) if server.procedure else ()
    often = (f"at repetition {attempt.times + 1} of {batch.count}",) if batch.count > 1 else ()
    return DeployError(
        f"{number}{server.message}",
        path=place.path,
        line=place.line,
        column=place.column,
        hint=error.hint,
        details=(*excerpt(place.text, place.line, place.column), *vague, *where, *often),
    )


def _ran_before(file: SqlFile, batch: Batch, attempt: Attempt) -> list[str] | None:
    """The batches that the file's transaction held when this one failed; None where they would take too long."""
    if not file.transactional:
        return []
    if attempt.times > MOST_REPEATED or attempt.seconds > PATIENCE:
        return None
    found: list[str] = []
    for other in file.batches:
        if other is batch:
            return [*found, *[batch.text] * attempt.times]
        found += [other.text] * min(other.count, MOST_REPEATED)
    return []


def describe_partial_state(file: SqlFile, number: int) -> str:
    """What became of the file's statements, of which the one at `number` failed, as a sentence.

    Empty where the file was one transaction, all of which is gone.
    """
    dialect, total = file.dialect, len(file.batches)
    commits = any(dialect.implicit_commit_statement.match(batch.text) for batch in file.batches[: number + 1])
    if file.transactional and not commits:
        return ""
    if number == 0:
        return f"statement 1 of {total} failed: nothing of {file.label} was done."
    before = "the one before it stays" if number == 1 else f"the {number} before it stay"
    return f"statement {number + 1} of {total} in {file.label} failed; {before}."


def placed_among(files: Sequence[SqlFile], message: str) -> str:
    """The message of a call that files of one batch share; with its place where only one of them can have said it."""
    batches = [MessageLocator(file, file.batches[0]) for file in files]
    found = [one for one in batches if one.of_statement(message)]
    return found[0].placed(message) if len(found) == 1 else message


class MessageLocator:
    """Gives messages of a batch their place: the statement's line, or else the batch's, which is said."""

    def __init__(self, file: SqlFile, batch: Batch) -> None:
        self._file = file
        self._batch = batch

    def placed(self, message: str) -> str:
        """`database/data/a.sql:7: words`, or `database/data/a.sql:3 (batch): words`."""
        line, procedure = self._line(message), getattr(message, "procedure", "")
        where = self._file.where(self._batch.line + (line or 1) - 1)
        how = procedure or ("" if line else "batch")
        return f"{where}{f' ({how})' if how else ''}: {message}"

    def of_statement(self, message: str) -> int | None:
        """The line of the one statement of the batch that can have said it, from 1."""
        return self._speakers.line(message, plain=getattr(message, "plain", True))

    def _line(self, message: str) -> int | None:
        if "\n" not in self._batch.text or self._file.dialect.batch_is_statement:
            return 1
        told = getattr(message, "line", None)
        if told and told <= self._batch.text.count("\n") + 1:
            return int(told)
        return self.of_statement(message)

    @cached_property
    def _speakers(self) -> MessageSources:
        return MessageSources(self._batch.text, self._file.dialect.syntax)
