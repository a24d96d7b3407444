"""What a server says while a batch of a file runs, with its place in the file."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from ahjo_tasks.project.speakers import Speakers

if TYPE_CHECKING:
    from ahjo_tasks.project.batches import Batch
    from ahjo_tasks.project.sqlfiles import SqlFile


class Hearing:
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

    def _line(self, message: str) -> int | None:
        if "\n" not in self._batch.text or self._file.dialect.batch_is_statement:
            return 1
        told = getattr(message, "line", None)
        if told and told <= self._batch.text.count("\n") + 1:
            return int(told)
        return self._speakers.line(message, plain=getattr(message, "plain", True))

    @cached_property
    def _speakers(self) -> Speakers:
        return Speakers(self._batch.text, self._file.dialect.lexis)
