"""Reading CSV as `to-csv` writes it: a bare empty field is NULL, one in quotes an empty text."""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING, TextIO

from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIZE = 2000
"""Rows that are in memory at a time."""
LONGEST_FIELD = 2**31 - 1

Record = list[str | None]


class CsvReader:
    """Python's reader, which tells no bare field from a quoted one, with the lines of each record beside it.

    `records` are the records one by one; a bare field that is the `null_text` is None.
    """

    def __init__(self, file: TextIO, path: Path, separator: str, null_text: str = "") -> None:
        csv.field_size_limit(LONGEST_FIELD)
        self._path = path
        self._null = null_text
        self._lines: list[str] = []
        self._reader = csv.reader(self._noted(file), delimiter=separator, strict=True)
        self.records = self._records()
        self._field = re.compile(rf'("(?:[^"]|"")*"|[^{re.escape(separator)}\r\n]*)({re.escape(separator)})?')

    @property
    def line(self) -> int:
        """The line that the last record ended on."""
        return self._reader.line_num

    def chunks(self, width: int) -> Iterator[list[tuple[str | None, ...]]]:
        """The records in lists. An empty line is a NULL where there is one column, else nothing."""
        records = (
            tuple(record) if len(record) == width else self._misfit(record, width)
            for record in self.records
            if record or width == 1
        )
        while chunk := list(islice(records, SIZE)):
            yield chunk

    def _records(self) -> Iterator[Record]:
        try:
            for record in self._reader:
                yield self._with_nulls(record) if self._null in record else record  # type: ignore[misc]
                self._lines.clear()
        except csv.Error as error:
            raise SourceError(str(error), path=self._path, line=self._reader.line_num) from None

    def _noted(self, file: TextIO) -> Iterator[str]:
        for line in file:
            self._lines.append(line)
            yield line

    def _with_nulls(self, record: list[str]) -> Record:
        text = "".join(self._lines)
        if f'"{self._null}"' not in text:
            return [None if field == self._null else field for field in record]
        bare = [match[1] == self._null for match in islice(self._field.finditer(text), len(record))]
        return [None if null else field for field, null in zip(record, bare, strict=True)]

    def _misfit(self, record: Record, width: int) -> tuple[None]:
        """The NULL of an empty line."""
        if not record:
            return (None,)
        line = self._reader.line_num
        raise SourceError(f"{width} fields were expected, {len(record)} found", path=self._path, line=line)
