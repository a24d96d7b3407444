"""Rows of PostgreSQL as they are asked for: psycopg's `stream`, which takes a single statement, for any script."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import Any

from ahjo_tasks.project.batches import split
from ahjo_tasks.project.lexis import POSTGRESQL
from ahjo_tasks.project.reader import Reader
from ahjo_tasks.project.source import Source

_READER = Reader(POSTGRESQL, ";", ";", lenient=True)
_AS_WRITTEN = ("json", "jsonb", "interval")


class StreamingCursor:
    """As much of a driver's cursor as `Door` needs.

    Statements before the last one run at once, and their rows are dropped. A declared cursor would be planned for its
    first rows only, and takes nothing but SELECT; this takes all that returns rows.
    """

    rowcount = -1

    def __init__(self, raw: Any, size: int) -> None:
        from psycopg import capabilities
        from psycopg.types.string import TextLoader

        self._raw = raw
        self._size = size if capabilities.has_stream_chunked() else 1
        self._cursor = raw.cursor()
        for name in _AS_WRITTEN:  # a month is no number of days, and JSON stays as it is spelled
            self._cursor.adapters.register_loader(name, TextLoader)
        self._rows: Any = iter(())
        self.description: Any = None

    def execute(self, text: str) -> None:
        """Run the text up to the first row."""
        start = last_statement(text)
        if start:
            self._cursor.execute(text[:start])
        last = re.sub(r"[^\r\n]", " ", text[:start]) + text[start:]  # so that the server's positions fit the text
        rows = self._cursor.stream(last, size=self._size)
        first = next(rows, None)
        self.description = self._described(last) if first is None else self._cursor.description
        self._rows = rows if first is None else _Chained(first, rows)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """The next rows, none at the end."""
        return list(islice(self._rows, size))

    def nextset(self) -> None:
        """The last statement has one result."""

    def close(self) -> None:
        """Stop the server, if it still has rows."""
        if hasattr(self._rows, "close"):
            self._rows.close()
        self._cursor.close()

    def _described(self, text: str) -> list[tuple[str]]:
        """The columns of a query that returned no row: the server is asked for them, and does not run it again."""
        encoding = self._raw.info.encoding
        self._raw.pgconn.prepare(b"", text.encode(encoding))
        result = self._raw.pgconn.describe_prepared(b"")
        return [(result.fname(number).decode(encoding),) for number in range(result.nfields)]


class _Chained:
    """A row that was taken already, then the others."""

    def __init__(self, first: tuple[Any, ...], rows: Any) -> None:
        self._all = chain([first], rows)
        self.close = rows.close

    def __iter__(self) -> Any:
        return self._all


def last_statement(text: str) -> int:
    """Where the last statement of a script begins, behind its semicolon."""
    source, ends, start = Source(text), [], 0
    while (start := _READER.advance(source, start)) < len(text):
        start += 1
        ends.append(start)
    return next((end for end in reversed(ends) if split(text[end:], "whole")), 0)
