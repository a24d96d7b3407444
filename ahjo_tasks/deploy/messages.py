"""What a server says while a batch of a file runs, with its place in the file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.project.speakers import Speakers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ahjo_tasks.project.batches import Batch
    from ahjo_tasks.project.sqlfiles import SqlFile


def placed_among(files: Sequence[SqlFile], message: str) -> str:
    """The message of a call that files of one batch share; with its place where only one of them can have said it."""
    batches = [BatchMessages(file, file.batches[0]) for file in files]
    found = [one for one in batches if one.of_statement(message)]
    return found[0].placed(message) if len(found) == 1 else message


class BatchMessages:
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
    def _speakers(self) -> Speakers:
        return Speakers(self._batch.text, self._file.dialect.lexis)
