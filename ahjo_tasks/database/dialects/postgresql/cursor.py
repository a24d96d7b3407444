"""Rows of PostgreSQL as they are asked for: psycopg's `stream`, which takes a single statement, for any script."""

from __future__ import annotations

import re
from itertools import chain, islice
from typing import Any

from psycopg import Cursor, DataError, Error
from psycopg.adapt import Loader
from psycopg.postgres import types
from psycopg.pq import Format

from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.scanner import Scanner
from ahjo_tasks.sql.source import SourceText
from ahjo_tasks.sql.splitters.postgresql import SPLITTER


class CountingCursor(Cursor[Any]):
    """The server takes a script whole, and says of most errors where in it they are, but not of all."""

    def _check_results(self, results: list[Any]) -> None:
        try:
            super()._check_results(results)
        except Error as error:
            error.statements_before = len(results) - 1  # type: ignore[attr-defined]
            raise


TEMPORAL = ("date", "time", "timetz", "timestamp", "timestamptz")


def keep_as_text(cursor: Any) -> None:
    """Have the cursor give them as the server writes them, and all others as before."""
    for name in TEMPORAL:
        cursor.adapters.register_loader(name, _lenient(cursor.adapters.get_loader(types[name].oid, Format.TEXT)))


def _lenient(strict: Any) -> type[Loader]:
    class Lenient(Loader):
        def __init__(self, oid: int, context: Any = None) -> None:
            super().__init__(oid, context)
            self._strict = strict(oid, context)

        def load(self, data: Any) -> Any:
            try:
                return self._strict.load(data)
            except DataError:
                return bytes(data).decode()

    return Lenient


_SCANNER = Scanner(POSTGRESQL, ";", ";", lenient=True)
_AS_WRITTEN = ("json", "jsonb", "interval")


class StreamingCursor:
    """As much of a driver's cursor as `Connection` needs.

    Statements before the last one run at once, and their rows are dropped. A declared cursor would be planned for its
    first rows only, and takes nothing but SELECT; this takes all that returns rows.
    """

    rowcount = -1

    def __init__(self, raw: Any, size: int) -> None:
        from psycopg import ProgrammingError, capabilities
        from psycopg.types.string import TextLoader

        self._raw = raw
        self._refusal = ProgrammingError
        self._size = size if capabilities.has_stream_chunked() else 1
        self._cursor = raw.cursor()
        for name in _AS_WRITTEN:  # a month is no number of days, and JSON stays as it is spelled
            self._cursor.adapters.register_loader(name, TextLoader)
        keep_as_text(self._cursor)
        self._stream: Any = None
        self._rows: Any = iter(())
        self.description: Any = None

    def execute(self, text: str) -> None:
        """Run the text up to the first row."""
        start = last_statement(text)
        if start:
            self._cursor.execute(text[:start])
        last = re.sub(r"[^\r\n]", " ", text[:start]) + text[start:]  # so that the server's positions fit the text
        self._stream = self._cursor.stream(last, size=self._size)
        try:
            first = next(self._stream, None)
        except self._refusal as error:
            if error.sqlstate:
                raise
            return  # no word of the server: the statement ran, and is none that returns rows
        self.description = self._described(last) if first is None else self._cursor.description
        self._rows = chain(() if first is None else [first], self._stream)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """The next rows, none at the end."""
        return list(islice(self._rows, size))

    def nextset(self) -> None:
        """The last statement has one result."""

    def close(self) -> None:
        """Stop the server, if it still has rows."""
        if self._stream is not None:
            self._stream.close()
        self._cursor.close()

    def _described(self, text: str) -> list[tuple[str]]:
        """The columns of a query that returned no row: the server is asked for them, and does not run it again."""
        encoding = self._raw.info.encoding
        self._raw.pgconn.prepare(b"", text.encode(encoding))
        result = self._raw.pgconn.describe_prepared(b"")
        return [(result.fname(number).decode(encoding),) for number in range(result.nfields)]


def last_statement(text: str) -> int:
    """Where the last statement of a script begins, behind the semicolon of the one before."""
    source, starts, ends = SourceText(text), [0], []
    while (end := _SCANNER.find_next(source, starts[-1])) < len(text):
        ends.append(end)
        starts.append(end + 1)
    pieces = zip(reversed(starts), [len(text), *reversed(ends)], strict=True)
    return next((start for start, end in pieces if SPLITTER.split(text[start:end])), 0)
