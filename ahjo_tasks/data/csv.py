"""Read and write CSV files in which an unquoted empty field is NULL, and a quoted one an empty text."""

from __future__ import annotations

import csv
import re
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

from ahjo_tasks.data.values import to_text
from ahjo_tasks.database.connection import RowStream
from ahjo_tasks.errors import SourceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK_ROWS = 2000
"""Rows that are in memory at a time."""
MAX_FIELD_LENGTH = 2**31 - 1

Record = list[str | None]


class CsvReader:
    """Read records of which an unquoted field with the `null_text` is None.

    Python's reader does not tell quoted fields from others, so the lines of each record are kept to look for quotes.
    """

    def __init__(self, file: Iterable[str], path: Path, separator: str, null_text: str = "") -> None:
        csv.field_size_limit(MAX_FIELD_LENGTH)
        self._path = path
        self._null = null_text
        self._lines: list[str] = []
        self._reader = csv.reader(self._keep_lines(file), delimiter=separator, strict=True)
        self.records = self._records()
        self._field = re.compile(rf'("(?:[^"]|"")*"|[^{re.escape(separator)}\r\n]*)({re.escape(separator)})?')

    @property
    def line(self) -> int:
        """The last line of the last record."""
        return self._reader.line_num

    def chunks(self, width: int) -> Iterator[list[tuple[str | None, ...]]]:
        """Yield the records in lists. An empty line is a NULL if there is one column, else it is skipped."""
        records = (
            tuple(record) if len(record) == width else self._null_record(record, width)
            for record in self.records
            if record or width == 1
        )
        while chunk := list(islice(records, CHUNK_ROWS)):
            yield chunk

    def _records(self) -> Iterator[Record]:
        first = 1
        try:
            for record in self._reader:
                yield self._with_nulls(record) if self._null in record else record  # type: ignore[misc]
                self._lines.clear()
                first = self._reader.line_num + 1
        except csv.Error as error:
            message = "a quote is not closed" if "unexpected end of data" in str(error) else str(error)
            raise SourceError(message, path=self._path, line=first) from None

    def _keep_lines(self, file: Iterable[str]) -> Iterator[str]:
        for line in file:
            self._lines.append(line)
            yield line

    def _with_nulls(self, record: list[str]) -> Record:
        text = "".join(self._lines)
        if f'"{self._null}"' not in text:
            return [None if field == self._null else field for field in record]
        bare = [match[1] == self._null for match in islice(self._field.finditer(text), len(record))]
        return [None if null else field for field, null in zip(record, bare, strict=True)]

    def _null_record(self, record: Record, width: int) -> tuple[None]:
        """Return the NULL of an empty line. Raises SourceError for a record of another width."""
        if not record:
            return (None,)
        line = self._reader.line_num
        raise SourceError(f"{width} fields were expected, {len(record)} found", path=self._path, line=line)


BYTE_ORDER_MARK = "\ufeff"


def without_mark(file: Iterable[str]) -> Iterator[str]:
    """Yield the lines; a byte order mark before the first is left out, which most encodings take for a letter."""
    for number, line in enumerate(file):
        yield line if number else line.removeprefix(BYTE_ORDER_MARK)


def line_of_bad_byte(path: Path, encoding: str) -> int | None:
    """Return the line of the first byte that is not in an encoding in which ASCII is itself; else None."""
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError:
                return number
    return None


NAMED_SEPARATORS = {"\\t": "\t", "tab": "\t"}


FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""First characters of a text that a spreadsheet may take for a formula (owasp.org, CSV injection)."""


@dataclass(frozen=True)
class CsvFormat:
    """Separator and text for NULL. Raises UsageError for those that a reader could not tell from the data.

    NULL is the unquoted `null_text`, by default empty; an empty text, and one that equals the `null_text`, are quoted.
    With `escape_formulas` a text that a spreadsheet would take for a formula has an apostrophe before it.
    """

    separator: str = ";"
    null_text: str = ""
    escape_formulas: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "separator", NAMED_SEPARATORS.get(self.separator, self.separator))
        if len(self.separator) != 1 or self.separator.isalnum() or self.separator in '"\r\n.-+:':
            raise UsageError(
                f"--separator: {self.separator!r} is not a separator.", hint="One character, such as ; , | or tab."
            )
        if self._special.search(self.null_text):
            raise UsageError("--null-text: no separator, quote or line break may be in it.")

    @cached_property
    def _special(self) -> re.Pattern[str]:
        return re.compile(f'["\r\n{re.escape(self.separator)}]')

    def format_row(self, values: Iterable[Any]) -> str:
        """Return one record with its line end."""
        return self.separator.join([self._field(value) for value in values]) + "\r\n"

    def _field(self, value: Any) -> str:
        if value is None:
            return self.null_text
        if type(value) is int:
            return str(value)
        written = value if type(value) is str else to_text(value)
        if self.escape_formulas and type(value) is str and value.startswith(FORMULAS):
            written = f"'{written}"
        if written == self.null_text or not written or self._special.search(written):
            return '"' + written.replace('"', '""') + '"'
        return written


def write_csv(rows: RowStream, path: Path, csv_format: CsvFormat) -> int:
    """Write a header and the rows; return the number of rows."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_format.format_row(rows.columns))
        for chunk in rows.chunks:
            file.writelines([csv_format.format_row(row) for row in chunk])
            count += len(chunk)
    return count


@contextmanager
def csv_rows(path: Path, separator: str) -> Iterator[RowStream]:
    """Lend the rows of a file in UTF-8. Raises SourceError, also while reading, for malformed rows."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = CsvReader(file, path, separator)
            columns = next(reader.records, None)
            if not columns or None in columns:
                raise SourceError("the first line has to name every column", path=path, line=1)
            yield RowStream(tuple(map(str, columns)), reader.chunks(len(columns)))
    except UnicodeDecodeError as error:
        raise SourceError(
            f"is not UTF-8: {error.reason}",
            path=path,
            line=line_of_bad_byte(path, "utf-8"),
            hint="Save the file as UTF-8.",
        ) from None
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", path=path) from None
