"""Splitter of PostgreSQL: the file is one batch, because the server splits it by itself.

Commands of psql, which the server never sees, are rejected: backslash commands, and data after COPY ... FROM STDIN.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ahjo_tasks.sql.lexer import POSTGRESQL
from ahjo_tasks.sql.scanner import Scanner, skip_gap
from ahjo_tasks.sql.splitters.batch import Batch, Span, Splitter, to_batches

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ahjo_tasks.sql.source import SourceText

_GAP = POSTGRESQL.gap()
_LEAD = re.compile(_GAP)
_SCANNER = Scanner(POSTGRESQL, r"[;\\]", ";\\")
_ROUTINE = re.compile(rf"(?ai:CREATE\b{_GAP}(?:OR\b{_GAP}REPLACE\b{_GAP})?(?:FUNCTION|PROCEDURE)\b)")
_MARK_SCANNER = Scanner(POSTGRESQL, "[;()]", ";()")
_WORD_SCANNER = Scanner(POSTGRESQL, r"[;()]|(?ai:\b(?:BEGIN|CASE|END)\b)", ";()bBcCeE")
_NAME = r"(?:\"[^\"]*+\"|[\w$.])(?:\"[^\"]*+\"|[\w$.]|)*+"
_COPY = re.compile(rf"(?ai:COPY\b{_GAP}{_NAME}{_GAP}(?:\([^()]*+\){_GAP}|)?+FROM\b{_GAP}STDIN\b)")


def split(source: SourceText) -> list[Batch]:
    """Give one batch, or none where there is nothing but comments: drivers refuse to send that."""
    empty = True
    for lead in statement_starts(source):
        if _COPY.match(source.text, lead):
            raise source.error(
                lead, "data inside a script needs psql", hint="Insert the rows, or load them from a file."
            )
        empty = False
    return to_batches(source, [(0, len(source.text), 1, "")]) if not empty else []


def statement_starts(source: SourceText) -> Iterator[int]:
    """Yield the offsets of statements; those inside BEGIN ATOMIC count, too. Raises SourceError at what is no SQL."""
    text, start = source.text, 0
    while (lead := skip_gap(_LEAD, source.text, start)) < len(text):
        yield lead
        start = _SCANNER.find_next(source, lead)
        if text.startswith("\\", start):
            raise source.error(start, "a backslash command of psql is no SQL")
        start += 1


def statements(source: SourceText) -> list[Batch]:
    """Split into statements, without their semicolons, for those that the server takes only alone."""
    split(source)  # rejects what is no SQL
    start = 0
    spans: list[Span] = []
    while (lead := skip_gap(_LEAD, source.text, start)) < len(source.text):
        end = _end(source, lead)
        spans.append((lead, end, 1, ""))
        start = end + 1
    return to_batches(source, spans)


def _end(source: SourceText, start: int) -> int:
    """Give the end of the statement: semicolons in parentheses and between BEGIN ATOMIC and END are its own."""
    depth = 0
    routine = _ROUTINE.match(source.text, start)
    scanner = _WORD_SCANNER if routine else _MARK_SCANNER
    while (start := scanner.find_next(source, start)) < len(source.text):
        word = source.text[start : start + 5].upper()
        if word[0] == ";" and depth <= 0:
            return start
        if word[0] == "(" or word.startswith(("BEGIN", "CASE")):
            depth += 1
        elif word[0] == ")" or word.startswith("END"):
            depth -= 1
        start += 1
    return start


SPLITTER = Splitter(POSTGRESQL, split)
STATEMENT_SPLITTER = Splitter(POSTGRESQL, statements)
