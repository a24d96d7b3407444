"""Rows of a CSV file as `to-csv` writes them: a bare empty field is NULL, one in quotes an empty text."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from ahjo_tasks.csv_reader import CsvReader
from ahjo_tasks.door import RowStream
from ahjo_tasks.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def csv_rows(path: Path, separator: str) -> Iterator[RowStream]:
    """Lend the rows of a file in UTF-8. Raises SourceError, also midway, for what is no CSV of that many columns."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = CsvReader(file, path, separator)
            columns = next(reader.records, None)
            if not columns or None in columns:
                raise SourceError("the first line has to name every column", path=path, line=1)
            yield RowStream(tuple(map(str, columns)), reader.chunks(len(columns)))
    except UnicodeDecodeError as error:
        raise SourceError(f"is not UTF-8: {error.reason}", path=path, hint="Save the file as UTF-8.") from None
    except OSError as error:
        raise SourceError(f"cannot be read: {error.strerror}", path=path) from None
