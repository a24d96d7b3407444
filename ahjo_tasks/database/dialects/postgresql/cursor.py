"""Cursors over psycopg: one that counts statements, and one that streams the rows of a script."""

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


class CountingCursor(Cursor[Any]):
    """Count the statements of a script before the one that failed, for errors that come without a position."""

    def _check_results(self, results: list[Any]) -> None:
        try:
            super()._check_results(results)
        except Error as error:
            error.statements_before = len(results) - 1  # type: ignore[attr-defined]
            raise


TEMPORAL = ("date", "time", "timetz", "timestamp", "timestamptz")


def keep_as_text(cursor: Any) -> None:
    """Have the cursor return the server's text for dates and times that Python cannot hold."""
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
    """The part of a DB-API cursor that `Connection` uses, over psycopg's `stream` of the last statement.

    Earlier statements run at once, and their rows are dropped. DECLARE CURSOR would be planned for the first rows only,
    and takes SELECT alone; this takes every statement that returns rows.
    """

    rowcount = -1

    def __init__(self, raw: Any, size: int) -> None:
        from psycopg import ProgrammingError, capabilities
        from psycopg.types.string import TextLoader

        self._raw = raw
        self._refusal = ProgrammingError
        self._size = size if capabilities.has_stream_chunked() else 1
        self._cursor = raw.cursor()
        for name in _AS_WRITTEN:  # a month has no fixed number of days, and JSON keeps its spelling
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
        last = (
            re.sub(r"[^\r\n]", " ", text[:start]) + text[start:]
        )  # so that the server's positions are those of the text
        self._stream = self._cursor.stream(last, size=self._size)
        try:
            first = next(self._stream, None)
        except self._refusal as error:
            if error.sqlstate:
                raise
            return  # not from the server: the statement ran, and returns no rows
        self.description = self._described(last) if first is None else self._cursor.description
        self._rows = chain(() if first is None else [first], self._stream)

    def fetchmany(self, size: int) -> list[tuple[Any, ...]]:
        """Return the next rows, none at the end."""
        return list(islice(self._rows, size))

    def nextset(self) -> None:
        """Return None: the last statement has one result."""

    def close(self) -> None:
        """Close the stream, which cancels the query if rows are left."""
        if self._stream is not None:
            self._stream.close()
        self._cursor.close()

    def _described(self, text: str) -> list[tuple[str]]:
        """Ask the server for the columns of a query that returned no row, without running it again."""
        encoding = self._raw.info.encoding
        self._raw.pgconn.prepare(b"", text.encode(encoding))
        result = self._raw.pgconn.describe_prepared(b"")
        return [(result.fname(number).decode(encoding),) for number in range(result.nfields)]


def last_statement(text: str) -> int:
    """Return the offset of the last statement of a script, after the semicolon of the previous one."""
    from ahjo_tasks.sql.splitters.postgresql import SPLITTER

    source, starts, ends = SourceText(text), [0], []
    while (end := _SCANNER.find_next(source, starts[-1])) < len(text):
        ends.append(end)
        starts.append(end + 1)
    pieces = zip(reversed(starts), [len(text), *reversed(ends)], strict=True)
    return next((start for start, end in pieces if SPLITTER.split(text[start:end])), 0)
